/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts, dismisses and abandons keepers. */
#include "tracker/libvirt/keeper.h"

#include <cairn/error.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracker/libvirt/keeper-talk.h"
#include "tracker/libvirt/place.h"

#define PROGRAM "cairn-keeper"

/* It takes 1 ms; under a sanitizer on a busy host 1,000 times that. */
#define START_MS 20000

/* It ends within 1 ms, unless somebody has stopped it. */
#define END_MS 50

extern char **environ;

struct CairnLibvirtKeeper
{
  pid_t pid;
  int fd; /* our end of the socket */
};

/* ---- starting ---- */

/* Beside this module, wherever it was found. */
static char *
find_program (void)
{
  g_autofree char *directory = NULL;
  Dl_info module;

  if (!dladdr ((void *)cairn_libvirt_keeper_start, &module) || !module.dli_fname)
    return NULL;
  directory = g_path_get_dirname (module.dli_fname);
  return g_build_filename (directory, PROGRAM, NULL);
}

static GPtrArray *
arguments (CairnLibvirtKeeperDuty duty, const CairnLibvirt *libvirt, const CairnLibvirtLook *look,
           const GPtrArray *files)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);
  gboolean thaws = duty == CAIRN_LIBVIRT_KEEPER_THAW;

  g_ptr_array_add (args, g_strdup (PROGRAM));
  g_ptr_array_add (args, g_strdup (thaws ? CAIRN_KEEPER_THAW : CAIRN_KEEPER_END_JOB));
  g_ptr_array_add (args, g_strdup (libvirt->uri));
  g_ptr_array_add (args, g_strdup (look->guid));
  if (!thaws)
    {
      g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);

      g_ptr_array_add (args, g_path_get_dirname (socket));
      g_ptr_array_add (args, cairn_libvirt_place_trait (socket));
    }
  for (guint i = 0; files && i < files->len; i++)
    g_ptr_array_add (args, g_strdup (files->pdata[i]));
  g_ptr_array_add (args, NULL);
  return args;
}

static gboolean
fail_to_start (const char *program, const char *why, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "'%s', which looks after the VM when cairn dies, can't be started (%s); reinstall "
               "cairn, or free processes and memory",
               program ? program : PROGRAM, why);
  return FALSE;
}

/* The program with THEIR_FD as its socket. What else it inherits it closes by itself. */
static gboolean
spawn (const char *program, char *const *argv, int their_fd, pid_t *pid, GError **error)
{
  posix_spawn_file_actions_t actions;
  int cause = posix_spawn_file_actions_init (&actions);

  if (cause != 0)
    return fail_to_start (program, g_strerror (cause), error);
  cause = posix_spawn_file_actions_adddup2 (&actions, their_fd, CAIRN_KEEPER_FD);
  if (cause == 0)
    cause = posix_spawn (pid, program, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  return cause == 0 || fail_to_start (program, g_strerror (cause), error);
}

/* Waits until it says that it stands by. */
static gboolean
await_ready (const CairnLibvirtKeeper *keeper, const char *program, GError **error)
{
  gint64 end = g_get_monotonic_time () + START_MS * G_TIME_SPAN_MILLISECOND;
  struct pollfd one = { .fd = keeper->fd, .events = POLLIN };
  char word = 0;
  int n;

  do
    n = poll (&one, 1, (int)MAX ((end - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND, 0));
  while (n < 0 && errno == EINTR);
  if (n == 1 && recv (keeper->fd, &word, 1, MSG_DONTWAIT) == 1 && word == CAIRN_KEEPER_READY)
    return TRUE;
  return fail_to_start (program, n == 0 ? "it doesn't answer" : "it ended at once", error);
}

CairnLibvirtKeeper *
cairn_libvirt_keeper_start (CairnLibvirtKeeperDuty duty, const CairnLibvirt *libvirt,
                            const CairnLibvirtLook *look, const GPtrArray *files, GError **error)
{
  g_autofree char *program = find_program ();
  g_autoptr (GPtrArray) args = arguments (duty, libvirt, look, files);
  CairnLibvirtKeeper *keeper;
  gboolean started;
  int fds[2];

  if (!program)
    return fail_to_start (NULL, "its place isn't known", error), NULL;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return fail_to_start (program, g_strerror (errno), error), NULL;
  keeper = g_new0 (CairnLibvirtKeeper, 1);
  keeper->fd = fds[0];
  started = spawn (program, (char *const *)args->pdata, fds[1], &keeper->pid, error);
  close (fds[1]);
  if (started && await_ready (keeper, program, error))
    return keeper;
  if (started)
    cairn_libvirt_keeper_dismiss (keeper);
  else
    {
      close (keeper->fd);
      g_free (keeper);
    }
  return NULL;
}

/* ---- words ---- */

static void
tell (const CairnLibvirtKeeper *keeper, char word)
{
  /* One that is gone needs no telling. */
  (void)!send (keeper->fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
cairn_libvirt_keeper_note_frozen (CairnLibvirtKeeper *keeper)
{
  tell (keeper, CAIRN_KEEPER_FROZEN);
}

/* ---- ending ---- */

static gpointer
reap (gpointer user)
{
  pid_t pid = GPOINTER_TO_INT (user);

  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
  return NULL;
}

/* So that a service that runs on has no zombie of it. */
static void
reap_later (pid_t pid)
{
  GThread *thread = g_thread_try_new ("cairn-reap", reap, GINT_TO_POINTER (pid), NULL);

  if (thread)
    g_thread_unref (thread);
}

void
cairn_libvirt_keeper_dismiss (CairnLibvirtKeeper *keeper)
{
  struct pollfd one;

  if (!keeper)
    return;
  tell (keeper, CAIRN_KEEPER_DONE);
  one = (struct pollfd){ .fd = keeper->fd, .events = 0 };
  if (poll (&one, 1, END_MS) == 1)
    reap (GINT_TO_POINTER (keeper->pid));
  else
    reap_later (keeper->pid);
  close (keeper->fd);
  g_free (keeper);
}

void
cairn_libvirt_keeper_abandon (CairnLibvirtKeeper *keeper)
{
  if (!keeper)
    return;
  close (keeper->fd);
  reap_later (keeper->pid);
  g_free (keeper);
}
