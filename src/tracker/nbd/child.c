/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts, feeds, waits for and ends QEMU's programs. */
#include "tracker/nbd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/error.h>

/* What `qemu-img info` may print: 65535 bitmaps with names of 1023 bytes, and its braces. */
#define MAX_OUTPUT_BYTES (128u << 20)
/* How long a server may take to end once its connection is closed. */
#define END_MILLISECONDS 2000

int
cairn_child_milliseconds_left (int64_t deadline)
{
  int64_t left = deadline - g_get_monotonic_time ();

  if (deadline == G_MAXINT64)
    return 60 * 1000;
  return (int)CLAMP ((left + 999) / 1000, 0, 60 * 1000);
}

static gboolean
fail_timeout (GError **error, const char *program)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
               "'%s' ran past the time limit; raise the limit or try again later", program);
  return FALSE;
}

static gboolean
fail_start (GError **error, const char *program, const char *why)
{
  gboolean is_short = strstr (why, g_strerror (EMFILE)) || strstr (why, g_strerror (ENFILE));

  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "'%s' can't be started (%s); %s", program, why,
               is_short ? "raise the limit of open files (ulimit -n)"
                        : "install the package qemu-utils");
  return FALSE;
}

/* What qemu-nbd says before the reason when it can't open an image: how it was told to. */
#define OPENING_WORDS "Failed to blk_new_open 'json:"

/* The first line, without the program's name and what we know ourselves. */
static char *
first_line (const char *text)
{
  const char *colon = g_str_has_prefix (text, "qemu-") ? strstr (text, ": ") : NULL;
  const char *start = colon ? colon + 2 : text;
  g_autofree char *line = g_strndup (start, strcspn (start, "\n"));
  const char *reason = g_str_has_prefix (line, OPENING_WORDS) ? g_strrstr (line, "}': ") : NULL;

  if (!*line)
    return g_strdup ("it failed without a word");
  return g_utf8_make_valid (reason ? reason + strlen ("}': ") : line, -1);
}

/* Reads what is there. FALSE at the end. */
static gboolean
read_some (int fd, GString *text)
{
  char piece[65536];
  ssize_t n = read (fd, piece, sizeof piece);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return TRUE;
  if (n <= 0 || text->len > MAX_OUTPUT_BYTES)
    return FALSE;
  g_string_append_len (text, piece, n);
  return TRUE;
}

/* Until both pipes end. */
static gboolean
read_pipes (int out, int err, GString *output, GString *complaint, int64_t deadline)
{
  struct pollfd fds[] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
  GString *texts[] = { output, complaint };

  while (fds[0].fd >= 0 || fds[1].fd >= 0)
    {
      int left = cairn_child_milliseconds_left (deadline);

      if (left == 0)
        return FALSE;
      if (poll (fds, 2, left) < 0 && errno != EINTR)
        return FALSE;
      for (int i = 0; i < 2; i++)
        if (fds[i].fd >= 0 && fds[i].revents != 0 && !read_some (fds[i].fd, texts[i]))
          fds[i].fd = -1;
    }
  return TRUE;
}

static int
reap (GPid pid)
{
  int status = -1;

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

gboolean
cairn_child_run (const char *const *argv, int64_t deadline, char **output, GError **error)
{
  g_autoptr (GString) out_text = g_string_new (NULL);
  g_autoptr (GString) err_text = g_string_new (NULL);
  g_autoptr (GError) problem = NULL;
  int out, err, status;
  gboolean ended;
  GPid pid;

  if (!g_spawn_async_with_pipes (NULL, (char **)argv, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                 NULL, &out, &err, &problem))
    return fail_start (error, argv[0], problem->message);
  ended = read_pipes (out, err, out_text, err_text, deadline);
  if (!ended)
    kill (pid, SIGKILL);
  close (out);
  close (err);
  status = reap (pid);
  if (!ended)
    return fail_timeout (error, argv[0]);
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
      g_autofree char *line = first_line (err_text->str);

      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, line);
      return FALSE;
    }
  *output = g_string_free (g_steal_pointer (&out_text), FALSE);
  return TRUE;
}

static void
close_sockets (int listening, const int *connected, unsigned n)
{
  if (listening >= 0)
    close (listening);
  for (unsigned i = 0; i < n; i++)
    if (connected[i] >= 0)
      close (connected[i]);
}

/* N connections to ADDRESS, which is listened at. */
static gboolean
connect_all (const struct sockaddr_un *address, int *connected, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      connected[i] = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connected[i] < 0
          || connect (connected[i], (const struct sockaddr *)address, sizeof *address) != 0)
        return FALSE;
    }
  return TRUE;
}

/* A listening socket and N connections to it. The path is gone again on return, so nobody else can
 * connect. */
static gboolean
make_sockets (int *listening, int *connected, unsigned n)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *dir = g_dir_make_tmp ("cairn-XXXXXX", NULL);
  gboolean done = FALSE;

  if (!dir)
    return FALSE;
  if ((size_t)snprintf (address.sun_path, sizeof address.sun_path, "%s/nbd", dir)
      >= sizeof address.sun_path)
    {
      rmdir (dir);
      return FALSE;
    }
  for (unsigned i = 0; i < n; i++)
    connected[i] = -1;
  *listening = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*listening >= 0 && bind (*listening, (struct sockaddr *)&address, sizeof address) == 0)
    {
      done = listen (*listening, (int)n) == 0 && connect_all (&address, connected, n);
      unlink (address.sun_path);
    }
  rmdir (dir);
  if (!done)
    close_sockets (*listening, connected, n);
  return done;
}

/* In the child, between fork and exec: only what is safe there. TEXT is "LISTEN_PID=" and room. */
static void
write_own_pid (gpointer text)
{
  char *digit = (char *)text + strlen ("LISTEN_PID=");
  pid_t pid = getpid (), scale = 1;

  while (pid / scale >= 10)
    scale *= 10;
  for (; scale > 0; scale /= 10)
    *digit++ = (char)('0' + pid / scale % 10);
  *digit = '\0';
}

static char **
activation_environment (char *pid_text)
{
  char **environment = g_get_environ ();
  guint n;

  environment = g_environ_unsetenv (environment, "LISTEN_FDNAMES");
  environment = g_environ_setenv (environment, "LISTEN_FDS", "1", TRUE);
  environment = g_environ_unsetenv (environment, "LISTEN_PID");
  n = g_strv_length (environment);
  environment = g_renew (char *, environment, n + 2);
  environment[n] = pid_text;
  environment[n + 1] = NULL;
  return environment;
}

gboolean
cairn_child_serve (const char *const *argv, int secret, int *sockets, unsigned n, GPid *pid,
                   int *stderr_fd, GError **error)
{
  char *pid_text = g_strdup ("LISTEN_PID=00000000000");
  g_auto (GStrv) environment = activation_environment (pid_text);
  g_autoptr (GError) problem = NULL;
  int listening;
  const int targets[] = { 3, CAIRN_CHILD_SECRET_FD };
  gboolean started;

  if (!make_sockets (&listening, sockets, n))
    return fail_start (error, argv[0], g_strerror (errno));
  started = g_spawn_async_with_pipes_and_fds (
      NULL, argv, (const char *const *)environment,
      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, write_own_pid,
      pid_text, -1, -1, -1, (const int[]){ listening, secret }, targets, secret >= 0 ? 2 : 1, pid,
      NULL, NULL, stderr_fd, &problem);
  close_sockets (listening, sockets, started ? 0 : n);
  return started || fail_start (error, argv[0], problem->message);
}

void
cairn_child_end (GPid pid)
{
  for (int waited = 0; waited < END_MILLISECONDS; waited++)
    {
      if (waitpid (pid, NULL, WNOHANG) != 0)
        return;
      g_usleep (1000);
    }
  kill (pid, SIGKILL);
  reap (pid);
}

char *
cairn_child_complaint (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  struct pollfd ready = { .fd = fd, .events = POLLIN };

  while (poll (&ready, 1, 100) > 0 && text->len < 4096 && read_some (fd, text))
    ;
  return first_line (text->str);
}
