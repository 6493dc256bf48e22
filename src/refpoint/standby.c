/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CreateSnapshot: has a process freeze a VM and stand by for it. */
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refpoint/create.h"
#include "refpoint/module.h"
#include "refpoint/snapshots.h"
#include "refpoint/standby-talk.h"

/* More than any answer. */
#define ANSWER_LIMIT_BYTES 65536u

extern char **environ;

static gboolean
fail_to_start (const char *why, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "'" CAIRN_HOLDER_PROGRAM "', which holds recovery checkpoints, can't be started "
               "(%s); reinstall cairn, or free processes and memory",
               why);
  return FALSE;
}

static GPtrArray *
arguments (CairnService *service, const CairnVm *vm, const CairnFreezeOptions *options)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);
  const char *owner = options->owner ? options->owner : g_getenv ("CAIRN_OWNER");

  g_ptr_array_add (args, g_strdup (CAIRN_HOLDER_PROGRAM));
  g_ptr_array_add (args, g_strdup (service->store_uri ? service->store_uri : CAIRN_HOLDER_DEFAULT));
  g_ptr_array_add (args,
                   g_strdup (service->connect_uri ? service->connect_uri : CAIRN_HOLDER_DEFAULT));
  g_ptr_array_add (args, g_strdup (vm->guid));
  g_ptr_array_add (args, g_strdup_printf ("%d", (int)options->consistency));
  g_ptr_array_add (args, g_strdup (owner ? owner : ""));
  g_ptr_array_add (args, g_strdup (options->label ? options->label : ""));
  g_ptr_array_add (args, g_strdup_printf ("%" G_GINT64_FORMAT, options->lease_ms));
  g_ptr_array_add (args, g_strdup_printf ("%" G_GINT64_FORMAT, options->while_pid));
  g_ptr_array_add (args, NULL);
  return args;
}

/* It goes to the background at once, so that it is nobody's child. */
static gboolean
spawn (const char *program, const GPtrArray *args, int their_fd, GError **error)
{
  posix_spawn_file_actions_t actions;
  int cause = posix_spawn_file_actions_init (&actions);
  int status = 0;
  pid_t pid = 0;

  if (cause != 0)
    return fail_to_start (g_strerror (cause), error);
  cause = posix_spawn_file_actions_adddup2 (&actions, their_fd, CAIRN_HOLDER_FD);
  if (cause == 0)
    cause = posix_spawn (&pid, program, &actions, NULL, (char *const *)args->pdata, environ);
  posix_spawn_file_actions_destroy (&actions);
  if (cause != 0)
    return fail_to_start (g_strerror (cause), error);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  return TRUE;
}

/* All that it says until it hangs up. */
static gboolean
listen_to (int fd, GString *answer, int64_t deadline, GError **error)
{
  char buffer[4096];
  ssize_t n;

  do
    {
      int64_t left_ms = (deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
      struct pollfd one = { .fd = fd, .events = POLLIN };

      if (poll (&one, 1, (int)CLAMP (left_ms, 0, G_MAXINT)) == 0)
        return cairn_deadline_check (deadline, error);
      n = recv (fd, buffer, sizeof buffer, 0);
      if (n > 0)
        g_string_append_len (answer, buffer, n);
    }
  while ((n > 0 || (n < 0 && errno == EINTR)) && answer->len < ANSWER_LIMIT_BYTES
         && !strchr (answer->str, '\n'));
  return TRUE;
}

static gboolean
take_answer (GString *answer, char **id, GError **error)
{
  char *words = NULL;
  long code = strtol (answer->str, &words, 10);

  if (words == answer->str || *words != ' ')
    return fail_to_start ("it ended without an answer", error);
  g_strchomp (++words);
  if (code == 0)
    *id = g_strdup (words);
  else
    g_set_error_literal (error, CAIRN_ERROR, (int)code, words);
  return code == 0;
}

/* The InstanceID of what it holds. */
static char *
start_holder (CairnService *service, const CairnVm *vm, const CairnFreezeOptions *options,
              int64_t deadline, GError **error)
{
  g_autofree char *program = cairn_module_find_program (CAIRN_HOLDER_PROGRAM);
  g_autoptr (GPtrArray) args = arguments (service, vm, options);
  g_autoptr (GString) answer = g_string_new (NULL);
  char *id = NULL;
  gboolean ok;
  int fds[2];

  if (!program)
    return fail_to_start ("it isn't installed", error), NULL;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return fail_to_start (g_strerror (errno), error), NULL;
  ok = spawn (program, args, fds[1], error);
  close (fds[1]);
  if (ok && listen_to (fds[0], answer, deadline, error))
    take_answer (answer, &id, error);
  close (fds[0]);
  return id;
}

static gboolean
check_options (const CairnFreezeOptions *options, GError **error)
{
  const CairnCreateOptions create
      = { .consistency = options->consistency, .owner = options->owner, .label = options->label };

  if (!cairn_create_check (&create, error))
    return FALSE;
  if (options->lease_ms >= 0 && options->while_pid >= 0 && options->while_pid <= G_MAXINT32)
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "a lease and a process's number can't be negative; give others");
  return FALSE;
}

gboolean
cairn_service_create_snapshot (CairnService *service, const char *vm,
                               const CairnFreezeOptions *options, CairnSnapshot **snapshot,
                               GError **error)
{
  static const CairnFreezeOptions defaults = { 0 };
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnVm) found = NULL;
  g_autofree char *id = NULL;

  if (!options)
    options = &defaults;
  if (!check_options (options, error) || !cairn_service_proceed (service, 10, error))
    return FALSE;
  found = cairn_service_find_vm (service, vm, error);
  id = found ? start_holder (service, found, options, deadline, error) : NULL;
  if (!id || !snapshot)
    return id != NULL;
  *snapshot = cairn_snapshot_find (service, id, error);
  return *snapshot != NULL;
}
