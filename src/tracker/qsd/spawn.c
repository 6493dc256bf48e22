/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spawns a child that dies cleanly with its parent. Between fork and exec only async-signal-safe
 * calls are made: the parent may have threads, and run under a sanitizer. */
#include "tracker/qsd/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/error.h>

extern char **environ;

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* Where close_range is unknown (before Linux 5.11), descriptors up to this number are marked one
 * by one; it is the usual soft limit. */
#define MAX_MARKED_DESCRIPTOR 1024

/* How often a child is looked at whose standard error doesn't tell that it ended. */
#define LOOK_INTERVAL_US 200

typedef struct
{
  const char *const *argv;
  const int *keep;
  size_t n_keep;
  int null_fd;
  int words_fd;
  int report_fd; /* close-on-exec: gets errno when the child can't become QSD */
  pid_t parent;
} Birth;

static void
child_fail (const Birth *birth)
{
  int cause = errno;
  ssize_t ignored = write (birth->report_fd, &cause, sizeof cause);

  (void)ignored;
  _exit (127);
}

/* Exec keeps ignored signals ignored and the mask as it is: give the child the defaults. SIGPIPE
 * (our end of its standard error closes when we are killed) and SIGXFSZ (a file size limit) would
 * kill it with images open; ignored, they are errors that it handles. */
static void
child_reset_signals (void)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  struct timeval beat = { .tv_usec = CAIRN_CHILD_BEAT_MS * 1000 };
  struct itimerval heartbeat = { beat, beat };
  sigset_t blocked;

  for (int number = 1; number < NSIG; number++)
    sigaction (number, &action, NULL);
  action.sa_handler = SIG_IGN;
  sigaction (SIGPIPE, &action, NULL);
  sigaction (SIGXFSZ, &action, NULL);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGALRM);
  sigprocmask (SIG_SETMASK, &blocked, NULL);
  setitimer (ITIMER_REAL, &heartbeat, NULL);
}

/* Where the parent had closed a standard descriptor, one of ours may have its number. */
static int
child_raise (Birth *birth, int fd)
{
  int raised = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

  if (raised < 0)
    child_fail (birth);
  return raised;
}

static void
child_choose_descriptors (Birth *birth)
{
  birth->report_fd = child_raise (birth, birth->report_fd);
  birth->null_fd = child_raise (birth, birth->null_fd);
  birth->words_fd = child_raise (birth, birth->words_fd);
  if (dup2 (birth->null_fd, 0) < 0 || dup2 (birth->null_fd, 1) < 0 || dup2 (birth->words_fd, 2) < 0)
    child_fail (birth);
  if (syscall (SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
    for (int fd = 3; fd < MAX_MARKED_DESCRIPTOR; fd++)
      fcntl (fd, F_SETFD, FD_CLOEXEC);
  for (size_t i = 0; i < birth->n_keep; i++)
    if (fcntl (birth->keep[i], F_SETFD, 0) != 0)
      child_fail (birth);
}

static void
child_run (Birth *birth)
{
  /* A session of its own: Ctrl-\ on our terminal would kill it with images open, Ctrl-Z stop it. */
  setsid ();
  child_choose_descriptors (birth);
  child_reset_signals ();
  if (prctl (PR_SET_PDEATHSIG, SIGTERM) != 0)
    child_fail (birth);
  if (getppid () != birth->parent) /* it died before the line above */
    _exit (127);
  execve (birth->argv[0], (char *const *)birth->argv, environ);
  child_fail (birth);
}

/* Every signal is blocked meanwhile, so that no handler of ours runs in the child. */
static pid_t
fork_child (Birth *birth)
{
  sigset_t all, before;
  pid_t pid;
  int cause;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = fork ();
  if (pid == 0)
    child_run (birth);
  cause = errno;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = cause;
  return pid;
}

static int
wait_for (pid_t pid, int *status, int flags)
{
  int result;

  do
    result = (int)waitpid (pid, status, flags);
  while (result < 0 && errno == EINTR);
  return result;
}

/* The child's report: nothing once exec has closed the pipe. */
static gboolean
read_report (CairnChild *child, int fd, const char *program, GError **error)
{
  int cause = 0;
  ssize_t got;

  do
    got = read (fd, &cause, sizeof cause);
  while (got < 0 && errno == EINTR);
  if (got == 0)
    return TRUE;
  wait_for (child->pid, &child->status, 0);
  child->pid = 0;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, "'%s' can't be run: %s; %s",
               program, g_strerror (cause),
               cause == EMFILE || cause == ENFILE
                   ? "raise the limit of open files (ulimit -n)"
                   : "check that package qemu-system-common is installed whole");
  return FALSE;
}

static gboolean
start (CairnChild *child, Birth *birth, int report[2], int words[2], GError **error)
{
  gboolean ok;

  birth->words_fd = words[1];
  birth->report_fd = report[1];
  child->pid = fork_child (birth);
  if (child->pid < 0)
    {
      child->pid = 0;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                   "no process can be started for '%s': %s; free memory or raise the limit",
                   birth->argv[0], g_strerror (errno));
      return FALSE;
    }
  close (report[1]);
  report[1] = -1;
  ok = read_report (child, report[0], birth->argv[0], error);
  if (ok)
    {
      child->words_fd = words[0];
      words[0] = -1;
    }
  return ok;
}

static void
close_pair (int pair[2])
{
  for (int i = 0; i < 2; i++)
    if (pair[i] >= 0)
      close (pair[i]);
}

gboolean
cairn_child_spawn (CairnChild *child, const char *const *argv, const int *keep, size_t n_keep,
                   GError **error)
{
  Birth birth = { .argv = argv, .keep = keep, .n_keep = n_keep, .parent = getpid () };
  int report[2] = { -1, -1 };
  int words[2] = { -1, -1 };
  gboolean ok = FALSE;

  *child = (CairnChild){ .words_fd = -1, .words = g_string_new (NULL) };
  birth.null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (birth.null_fd < 0 || pipe2 (report, O_CLOEXEC) != 0 || pipe2 (words, O_CLOEXEC) != 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "no pipe can be made for '%s': %s; raise the limit of open files (ulimit -n)",
                 argv[0], g_strerror (errno));
  else
    ok = start (child, &birth, report, words, error);
  close_pair (report);
  close_pair (words);
  if (birth.null_fd >= 0)
    close (birth.null_fd);
  if (ok)
    fcntl (child->words_fd, F_SETFL, O_NONBLOCK);
  return ok;
}

void
cairn_child_listen (CairnChild *child)
{
  char heard[512];
  ssize_t got;

  while (child->words_fd >= 0)
    {
      got = read (child->words_fd, heard, sizeof heard);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0)
        {
          close (child->words_fd);
          child->words_fd = -1;
          return;
        }
      g_string_append_len (child->words, heard, got);
      if (child->words->len > CAIRN_CHILD_WORDS_MAX)
        g_string_erase (child->words, 0, (gssize)child->words->len - CAIRN_CHILD_WORDS_MAX);
    }
}

/* Its standard error closes as it ends, which wakes us at once; the interval is for a child that
 * closed it early or gave it to a child of its own. */
gboolean
cairn_child_wait (CairnChild *child, int64_t deadline)
{
  while (child->pid > 0)
    {
      struct pollfd words = { .fd = child->words_fd, .events = POLLIN };
      int result = wait_for (child->pid, &child->status, WNOHANG);

      if (result != 0) /* ended; or not ours to wait for, since SIGCHLD is ignored: it has ended */
        child->pid = 0;
      else if (g_get_monotonic_time () >= deadline)
        return FALSE;
      else if (child->words_fd >= 0)
        poll (&words, 1, 5);
      else
        g_usleep (LOOK_INTERVAL_US);
      cairn_child_listen (child);
    }
  return TRUE;
}

gboolean
cairn_child_end (CairnChild *child, int timeout_ms)
{
  if (child->pid > 0)
    {
      child->asked = TRUE;
      kill (child->pid, SIGTERM);
    }
  return cairn_child_wait (child, g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND);
}

char *
cairn_child_words (const CairnChild *child)
{
  gsize quoted = MIN (child->words->len, (gsize)CAIRN_CHILD_QUOTED_MAX);
  char *words = g_utf8_make_valid (child->words->str + child->words->len - quoted, (gssize)quoted);

  for (char *c = words; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  return g_strstrip (words);
}

char *
cairn_child_epitaph (const CairnChild *child)
{
  g_autofree char *words = cairn_child_words (child);
  g_autoptr (GString) line = g_string_new (NULL);

  if (child->pid > 0)
    g_string_printf (line, "process %d still runs", (int)child->pid);
  else if (child->asked)
    g_string_assign (line, "it was asked to end and did");
  else if (WIFSIGNALED (child->status))
    g_string_printf (line, "it was killed by signal %d", WTERMSIG (child->status));
  else
    g_string_printf (line, "it ended with status %d", WEXITSTATUS (child->status));
  if (*words)
    g_string_append_printf (line, " and said '%s'", words);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

void
cairn_child_clear (CairnChild *child)
{
  if (child->words_fd >= 0)
    close (child->words_fd);
  child->words_fd = -1;
  if (child->words)
    g_string_free (child->words, TRUE);
  child->words = NULL;
}
