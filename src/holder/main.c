/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn-holder: freezes a VM and stands by while its recovery checkpoint lasts.
 *
 * It ends when the store has no such checkpoint any more (it was converted or destroyed), and
 * destroys it when its lease is over, the process it is for has ended, or it is asked to end. What
 * it dies of otherwise, recovery sees that its lock is free. standby-talk.h has its arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "refpoint/hold.h"
#include "refpoint/snapshots.h"
#include "refpoint/standby-talk.h"

/* Who ends a checkpoint sends SIGTERM too, if it may: this is for who may not. */
#define LOOK_EVERY_MS 1000

/* A view that is missed so many times running is gone: a libvirtd that restarts may miss it once.
 */
#define MISSED_MAX 3u

#define GONE       (-2) /* instead of a descriptor of the process that it is for */

/* Nothing of our starter's stays open through us, and what ends it by a signal to its group,
 * session or service doesn't end us. */
static void
detach (void)
{
  int null_fd;

  setsid ();
  close_range (CAIRN_HOLDER_FD + 1, ~0U, 0);
  null_fd = open ("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
    dup2 (null_fd, fd);
  if (null_fd > CAIRN_HOLDER_FD)
    close (null_fd);
}

/* A descriptor that tells of what asks us to end. Before any thread begins, so that all have it
 * blocked. */
static int
take_signals (void)
{
  sigset_t wanted;

  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  signal (SIGCHLD, SIG_DFL);
  sigemptyset (&wanted);
  sigaddset (&wanted, SIGTERM);
  sigaddset (&wanted, SIGINT);
  sigprocmask (SIG_SETMASK, &wanted, NULL);
  return signalfd (-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static gboolean
answer (int code, const char *words)
{
  g_autofree char *line = g_strdup_printf ("%d %s\n", code, words);
  size_t length = strlen (line);

  return send (CAIRN_HOLDER_FD, line, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static const char *
uri_of (const char *argument)
{
  return strcmp (argument, CAIRN_HOLDER_DEFAULT) == 0 ? NULL : argument;
}

static CairnHold *
freeze (CairnService *service, char **argv, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  const CairnFreezeOptions options
      = { .consistency = (CairnConsistency)atoi (argv[CAIRN_HOLDER_CONSISTENCY]),
          .owner = argv[CAIRN_HOLDER_OWNER],
          .label = argv[CAIRN_HOLDER_LABEL],
          .lease_ms = g_ascii_strtoll (argv[CAIRN_HOLDER_LEASE_MS], NULL, 10) };
  g_autoptr (CairnOperation) operation
      = cairn_operation_begin (service, argv[CAIRN_HOLDER_VM], deadline, error);

  if (!operation)
    return NULL;
  cairn_hold_leave_out_media (operation);
  return cairn_hold_begin (operation, &options, CAIRN_POINT_TYPE_RCT, NULL, NULL, error);
}

/* -1: it is for no process. */
static int
watch_process (const char *number)
{
  pid_t pid = (pid_t)atoi (number);
  int fd;

  if (pid == 0)
    return -1;
  fd = (int)syscall (SYS_pidfd_open, pid, 0);
  return fd >= 0 ? fd : GONE;
}

/* Without its store nobody could end the checkpoint, or find it. */
static gboolean
is_store_there (const char *argument)
{
  const char *uri = uri_of (argument) ? argument : g_getenv ("CAIRN_STORE");
  const char *path = uri ? strchr (uri, ':') : NULL;

  return !path || access (path + 1, F_OK) == 0;
}

/* Counts how often running the view wasn't there. */
static void
look_at_view (const CairnHold *hold, guint *n_missed)
{
  CairnFrozen *frozen = hold->frozen;

  *n_missed = frozen->lasts && !frozen->lasts (frozen) ? *n_missed + 1 : 0;
}

/* Waits until the checkpoint is to end, or is gone from the store, or its view is gone. */
static void
stand_by (const CairnHold *hold, char **argv, int signal_fd, int process_fd)
{
  guint n_missed = 0;

  for (;;)
    {
      struct pollfd both[]
          = { { .fd = signal_fd, .events = POLLIN }, { .fd = process_fd, .events = POLLIN } };
      int64_t left_ms = hold->snapshot->expires_ms - g_get_real_time () / 1000;

      if (left_ms <= 0 || process_fd == GONE
          || !cairn_snapshot_is_there (hold->service, hold->snapshot))
        return;
      look_at_view (hold, &n_missed);
      if (n_missed >= MISSED_MAX || !is_store_there (argv[CAIRN_HOLDER_STORE])
          || (hold->frozen->may_last && !hold->frozen->may_last (hold->frozen, NULL)))
        return;
      if (poll (both, 2, (int)MIN (left_ms, LOOK_EVERY_MS)) > 0)
        return;
    }
}

static void
refuse_process (const char *number)
{
  g_autofree char *words = g_strdup_printf (
      "process %s, for which the recovery checkpoint is, isn't there; name one that runs", number);

  answer (CAIRN_ERROR_INVALID_PARAMETER, words);
}

static void
hold_on (CairnHold *hold, char **argv, int signal_fd)
{
  int process_fd = watch_process (argv[CAIRN_HOLDER_WHILE_PID]);

  if (process_fd != GONE && answer (0, hold->snapshot->instance_id))
    {
      close (CAIRN_HOLDER_FD);
      stand_by (hold, argv, signal_fd, process_fd);
    }
  else if (process_fd == GONE)
    refuse_process (argv[CAIRN_HOLDER_WHILE_PID]);
  if (is_store_there (argv[CAIRN_HOLDER_STORE]))
    cairn_hold_give_up (hold);
  else
    cairn_hold_end (hold);
}

static int
run (char **argv, int signal_fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnService) service = cairn_service_open (
      uri_of (argv[CAIRN_HOLDER_STORE]), uri_of (argv[CAIRN_HOLDER_CONNECT]), &error);
  /* What our starter named by a relative path is open now. */
  gboolean is_away = service && chdir ("/") == 0;
  CairnHold *hold = is_away ? freeze (service, argv, &error) : NULL;

  if (!is_away && !error)
    g_set_error (&error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "directory '/' can't be gone to (%s); try again", g_strerror (errno));
  if (hold)
    hold_on (hold, argv, signal_fd);
  else
    answer (error->code, error->message);
  return hold ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  pid_t child;

  if (argc != CAIRN_HOLDER_N_ARGUMENTS)
    return 2;
  child = fork ();
  if (child != 0)
    return child < 0;
  detach ();
  return run (argv, take_signals ());
}
