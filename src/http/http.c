/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listener: its parts put together, and its end. */
#include "http/http.h"

#include <string.h>

#include <cairn/error.h>

#include "http/authority.h"
#include "http/log.h"
#include "http/request.h"
#include "http/server.h"

/* Of libmicrohttpd's memory for a connection: all headers of a request lie in it, a body goes
 * through it. It is cleared after each request, so more costs. */
#define MEMORY_BYTES            (32 * 1024)
#define BODY_BYTES_MAX          (1024 * 1024)
#define CONNECTIONS_MAX         1024
#define CONNECTIONS_PER_ADDRESS 256
#define IDLE_S                  60
#define N_WORKERS               16
#define WORK_WAITING_MAX        1024
#define LOOK_EACH_US            (2 * 1000) /* at the end */

static void
log_library (void *user, const char *format, va_list arguments)
{
  /* What it says is about one connection that a client spoilt, and without a name. */
}

static struct MHD_Daemon *
start_daemon (CairnHttp *http, guint idle_s, HttpTls *tls)
{
  const char *authorities = tls ? http_tls_client_authorities (tls) : NULL;
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET
                   | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
  struct MHD_OptionItem for_tls[]
      = { { MHD_OPTION_HTTPS_PRIORITIES, 0, HTTP_TLS_PRIORITIES },
          { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)http_tls_retrieve },
          { authorities ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, (char *)authorities },
          { MHD_OPTION_END, 0, NULL } };

  return MHD_start_daemon (
      flags, 0, NULL, NULL, http_request_access, http, MHD_OPTION_EXTERNAL_LOGGER, log_library,
      NULL, MHD_OPTION_NOTIFY_CONNECTION, http_connections_notify, http->connections,
      MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, http, MHD_OPTION_CONNECTION_TIMEOUT,
      idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT, 1u << 20, MHD_OPTION_ARRAY,
      tls ? for_tls : &for_tls[3], MHD_OPTION_END);
}

static gboolean
start_threads (CairnHttp *http, HttpThreads *threads, guint idle_s, HttpTls *tls, GError **error)
{
  guint n = http->options->n_threads;

  n = CLAMP (n ? n : g_get_num_processors (), 1, HTTP_THREADS_MAX);
  for (; threads->n < n; threads->n++)
    {
      threads->daemons[threads->n] = start_daemon (http, idle_s, tls);
      if (!threads->daemons[threads->n])
        return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                            "the listener can't start a thread: allow more threads or open files"),
               FALSE;
    }
  return TRUE;
}

static void
stop_threads (HttpThreads *threads)
{
  for (; threads->n > 0; threads->n--)
    MHD_stop_daemon (threads->daemons[threads->n - 1]);
}

static void
wake (gpointer user)
{
  http_acceptor_wake (((CairnHttp *)user)->acceptor);
}

static gboolean
start_all_threads (CairnHttp *http, guint idle_s, GError **error)
{
  const int *fds = http->listeners->fds;

  if (fds[CAIRN_HTTP_WSMAN_TLS] >= 0 || fds[CAIRN_HTTP_CIMXML_TLS] >= 0)
    {
      http->tls_files = http_tls_new (http->options, error);
      if (!http->tls_files || !start_threads (http, &http->tls, idle_s, http->tls_files, error))
        return FALSE;
    }
  if (!start_threads (http, &http->plain, idle_s, NULL, error))
    return FALSE;
  http_acceptor_start (http->acceptor);
  return TRUE;
}

static gboolean
start (CairnHttp *http, GError **error)
{
  const CairnHttpOptions *options = http->options;
  HttpConnectionLimits limits = {
    options->connections_max ? options->connections_max : CONNECTIONS_MAX,
    options->connections_per_address_max ? options->connections_per_address_max
                                         : CONNECTIONS_PER_ADDRESS,
    options->idle_s ? options->idle_s : IDLE_S,
  };
  guint n_workers = options->n_workers ? options->n_workers : N_WORKERS;

  if (!cairn_http_check (options, error))
    return FALSE;
  http->connections = http_connections_new (http, &limits);
  http->acceptor = http_acceptor_new (http, error);
  if (!http->acceptor)
    return FALSE;
  http->sign_in = http_sign_in_new (options, wake, http, error);
  if (!http->sign_in)
    return FALSE;
  http->work = http_workers_new (n_workers, WORK_WAITING_MAX, error);
  http->orders
      = http->work ? http_workers_new ((n_workers + 1) / 2, WORK_WAITING_MAX, error) : NULL;
  if (!http->orders)
    return FALSE;
  http->listeners = http_listeners_open (options, error);
  return http->listeners && start_all_threads (http, limits.idle_s, error);
}

gboolean
cairn_http_check (const CairnHttpOptions *options, GError **error)
{
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (i != CAIRN_HTTP_UNIX && options->addresses[i] && *options->addresses[i]
        && options->sockets[i] < 0 && !http_listeners_check (options->addresses[i], error))
      return FALSE;
  return http_authority_can_judge (options, error);
}

CairnHttp *
cairn_http_new (const CairnHttpOptions *options, const CairnHttpRoute *routes, GError **error)
{
  CairnHttp *http = g_new0 (CairnHttp, 1);

  http->options = options;
  http->routes = routes;
  http->body_bytes_max = options->body_bytes_max ? options->body_bytes_max : BODY_BYTES_MAX;
  http->nobody = cairn_caller_new_nobody ();
  if (start (http, error))
    return http;
  cairn_http_free (http, 0);
  return NULL;
}

guint16
cairn_http_port (const CairnHttp *http, CairnHttpListener listener)
{
  return http_listeners_port (http->listeners, listener);
}

gboolean
cairn_http_reload (CairnHttp *http, GError **error)
{
  g_autoptr (GError) certificate = NULL;
  g_autoptr (GError) users = NULL;

  if (http->tls_files)
    http_tls_reload (http->tls_files, &certificate);
  http_sign_in_reload (http->sign_in, &users); /* whatever came of the other */
  if (certificate && users)
    g_prefix_error (&certificate, "%s; ", users->message);
  if (!certificate && !users)
    return TRUE;
  g_propagate_error (error,
                     certificate ? g_steal_pointer (&certificate) : g_steal_pointer (&users));
  return FALSE;
}

/* No more connections, and those that there are end with the request that they have; after
 * GRACE_MS they are cut. What a worker has begun is waited for: it uses what the caller frees. */
static void
wait_for_requests (CairnHttp *http, guint grace_ms)
{
  gint64 until_us = g_get_monotonic_time () + (gint64)grace_ms * 1000;

  while (g_atomic_int_get (&http->under_way) > 0 && g_get_monotonic_time () < until_us)
    g_usleep (LOOK_EACH_US);
  if (g_atomic_int_get (&http->under_way) > 0)
    http_log (LOG_NOTICE, NULL, "%d requests are cut off at the end",
              g_atomic_int_get (&http->under_way));
  g_atomic_int_set (&http->is_cut, TRUE);
  http_connections_cut (http->connections);
  while (http_pause_any ())
    g_usleep (LOOK_EACH_US);
}

void
cairn_http_free (CairnHttp *http, guint grace_ms)
{
  if (!http)
    return;
  g_atomic_int_set (&http->is_ending, TRUE);
  if (http->listeners && http->plain.n)
    {
      http_acceptor_stop_accepting (http->acceptor);
      wait_for_requests (http, grace_ms);
    }
  http_acceptor_free (http->acceptor);
  stop_threads (&http->plain);
  stop_threads (&http->tls);
  http_workers_free (http->orders);
  http_workers_free (http->work);
  http_sign_in_free (http->sign_in);
  http_connections_free (http->connections);
  http_listeners_free (http->listeners);
  http_tls_free (http->tls_files);
  cairn_caller_free (http->nobody);
  g_free (http);
}

void
cairn_http_count (const CairnHttp *http, CairnHttpCounts *counts)
{
  *counts = (CairnHttpCounts){ 0 };
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    counts->requests[i] = atomic_load (&http->requests[i]);
  for (guint i = 0; i < G_N_ELEMENTS (counts->answers_by_class); i++)
    counts->answers_by_class[i] = atomic_load (&http->answers_by_class[i]);
  counts->refused_limits = atomic_load (&http->refused_limits);
  counts->connections = http_connections_count (http->connections);
  counts->requests_under_way = (guint)g_atomic_int_get (&http->under_way);
  http_sign_in_count (http->sign_in, counts);
}
