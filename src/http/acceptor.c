/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread that takes connections. */
#include "http/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cairn/error.h>

#include "http/log.h"
#include "http/server.h"

#define TICK_MS       250 /* how late a deadline may be */
#define NO_MORE_FD_MS 100 /* rests instead of spinning when there are no descriptors left */
#define AT_ONCE       64  /* connections taken from one socket in a row */

struct HttpAcceptor
{
  CairnHttp *http;
  GThread *thread;
  int wake_fd;
  gint accepts;
  gint has_ended;
  guint n_refused; /* since the last line of the log about it */
  gint64 logged_at_us;
};

HttpAcceptor *
http_acceptor_new (CairnHttp *http, GError **error)
{
  HttpAcceptor *acceptor = g_new0 (HttpAcceptor, 1);

  acceptor->http = http;
  acceptor->accepts = TRUE;
  acceptor->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (acceptor->wake_fd >= 0)
    return acceptor;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the listener can't start: no eventfd: %s; allow more open files",
               g_strerror (errno));
  g_free (acceptor);
  return NULL;
}

void
http_acceptor_wake (HttpAcceptor *acceptor)
{
  guint64 one = 1;
  ssize_t n = write (acceptor->wake_fd, &one, sizeof one);

  (void)n; /* full: it wakes anyway */
}

static struct MHD_Daemon *
next_daemon (HttpThreads *threads)
{
  return threads->daemons[threads->next++ % threads->n];
}

static void
take (HttpAcceptor *acceptor, int fd, CairnHttpListener listener, const struct sockaddr *from,
      socklen_t from_bytes)
{
  CairnHttp *http = acceptor->http;
  HttpConnection *connection = http_connections_add (http->connections, fd, listener, from);
  HttpThreads *threads;
  int yes = 1;

  if (!connection)
    {
      close (fd);
      atomic_fetch_add (&http->refused_limits, 1);
      acceptor->n_refused++;
      return;
    }
  if (listener != CAIRN_HTTP_UNIX)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  threads = connection->is_tls ? &http->tls : &http->plain;
  if (MHD_add_connection (next_daemon (threads), fd, from, from_bytes) == MHD_NO)
    http_connections_drop (http->connections, connection);
}

/* FALSE: the process has no descriptors left. */
static gboolean
accept_some (HttpAcceptor *acceptor, int listening, CairnHttpListener listener)
{
  for (guint i = 0; i < AT_ONCE; i++)
    {
      struct sockaddr_storage from = { 0 };
      socklen_t from_bytes = sizeof from;
      int fd = accept4 (listening, (struct sockaddr *)&from, &from_bytes,
                        SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd < 0)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
      take (acceptor, fd, listener, (struct sockaddr *)&from, from_bytes);
    }
  return TRUE;
}

/* At most a line a second, however many knock. */
static void
log_refused (HttpAcceptor *acceptor)
{
  gint64 now_us = g_get_monotonic_time ();

  if (acceptor->n_refused == 0 || now_us - acceptor->logged_at_us < G_USEC_PER_SEC)
    return;
  http_log (LOG_WARNING, NULL,
            "%u connections refused: as many are open as may be, in all or from one address",
            acceptor->n_refused);
  acceptor->n_refused = 0;
  acceptor->logged_at_us = now_us;
}

/* Milliseconds until the next look at the clock. */
static int
tick (HttpAcceptor *acceptor)
{
  CairnHttp *http = acceptor->http;
  int due_ms = http_sign_in_run_due (http->sign_in, g_atomic_int_get (&http->is_ending));
  guint n_slow = http_connections_end_slow (http->connections);

  atomic_fetch_add (&http->refused_limits, n_slow);
  log_refused (acceptor);
  return due_ms >= 0 ? MIN (due_ms, TICK_MS) : TICK_MS;
}

static void
look_at_sockets (HttpAcceptor *acceptor, struct pollfd *polled)
{
  gboolean has_descriptors = TRUE;

  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (polled[i].revents & POLLIN)
      has_descriptors &= accept_some (acceptor, polled[i].fd, (CairnHttpListener)i);
  if (has_descriptors)
    return;
  http_log (LOG_ERR, NULL,
            "a connection can't be accepted: %s; allow more open files (LimitNOFILE=)",
            g_strerror (errno));
  poll (NULL, 0, NO_MORE_FD_MS);
}

static gpointer
run (gpointer user)
{
  HttpAcceptor *acceptor = user;
  struct pollfd polled[CAIRN_HTTP_N_LISTENERS + 1];

  while (!g_atomic_int_get (&acceptor->has_ended))
    {
      gboolean accepts = g_atomic_int_get (&acceptor->accepts);
      guint64 n;

      for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
        polled[i] = (struct pollfd){ accepts ? acceptor->http->listeners->fds[i] : -1, POLLIN, 0 };
      polled[CAIRN_HTTP_N_LISTENERS] = (struct pollfd){ acceptor->wake_fd, POLLIN, 0 };
      if (poll (polled, G_N_ELEMENTS (polled), tick (acceptor)) <= 0)
        continue;
      if (polled[CAIRN_HTTP_N_LISTENERS].revents && read (acceptor->wake_fd, &n, sizeof n) < 0)
        continue;
      if (g_atomic_int_get (&acceptor->accepts))
        look_at_sockets (acceptor, polled);
    }
  return NULL;
}

void
http_acceptor_start (HttpAcceptor *acceptor)
{
  acceptor->thread = g_thread_new ("http-accept", run, acceptor);
}

void
http_acceptor_stop_accepting (HttpAcceptor *acceptor)
{
  g_atomic_int_set (&acceptor->accepts, FALSE);
  http_acceptor_wake (acceptor);
}

void
http_acceptor_free (HttpAcceptor *acceptor)
{
  if (!acceptor)
    return;
  g_atomic_int_set (&acceptor->has_ended, TRUE);
  http_acceptor_wake (acceptor);
  if (acceptor->thread)
    g_thread_join (acceptor->thread);
  close (acceptor->wake_fd);
  g_free (acceptor);
}
