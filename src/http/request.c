/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request, from its first header to the end of its answer. */
#include "http/request.h"

#include <string.h>

#include "http/answer.h"
#include "http/log.h"
#include "http/server.h"

#define REALM               "Basic realm=\"cairn\""
#define ANONYMOUS_BYTES_MAX (64 * 1024)        /* of a body that nobody has signed in for */
#define DRAIN_BYTES_MAX     (16 * 1024 * 1024) /* read and dropped, so that a refusal is read */
#define KEEP_BODY_BYTES     (64 * 1024)        /* of memory, for the connection's next request */

static const HttpRefusal ending
    = { MHD_HTTP_SERVICE_UNAVAILABLE, "The service ends: try again in some seconds." };

/* ---- what a handler sees ---- */

const char *
cairn_http_request_path (const CairnHttpRequest *request)
{
  return request->path;
}

const char *
cairn_http_request_id (const CairnHttpRequest *request)
{
  CairnHttpRequest *own = (CairnHttpRequest *)request;

  if (!own->id[0])
    g_snprintf (own->id, sizeof own->id, "%" G_GINT64_MODIFIER "u", own->number);
  return own->id;
}

const char *
cairn_http_request_header (const CairnHttpRequest *request, const char *name)
{
  return MHD_lookup_connection_value (request->mhd, MHD_HEADER_KIND, name);
}

const char *
cairn_http_request_body (const CairnHttpRequest *request, size_t *length_bytes)
{
  *length_bytes = request->body->len;
  return request->body->str;
}

const CairnCaller *
cairn_http_request_caller (const CairnHttpRequest *request)
{
  return request->verified ? request->verified->caller : request->connection->http->nobody;
}

const char *
cairn_http_request_peer (const CairnHttpRequest *request)
{
  return request->connection->peer;
}

static void
log_failure (const CairnHttpRequest *request, const CairnHttpAnswer *answer)
{
  const char *message = http_answer_message (answer);
  g_autofree char *clean = NULL;

  if (!message)
    return;
  clean = http_log_escape (cairn_http_request_caller (request)->name);
  http_log (LOG_NOTICE, cairn_http_request_id (request), "user '%s' from %s: %s", clean,
            cairn_http_request_peer (request), message);
}

void
cairn_http_request_answer (CairnHttpRequest *request, CairnHttpAnswer *answer)
{
  CairnHttp *http = request->connection->http;

  log_failure (request, answer);
  request->response
      = http_answer_take (answer, request->mhd, http->work, &http->is_cut, &request->status);
  if (g_atomic_int_get (&http->is_ending) || request->must_close)
    MHD_add_response_header (request->response, MHD_HTTP_HEADER_CONNECTION, "close");
  http_pause_end (&request->pause);
}

static void
run_deferred (HttpTask *task)
{
  CairnHttpRequest *request
      = (CairnHttpRequest *)((char *)task - offsetof (CairnHttpRequest, task));

  request->function (request, request->user);
}

static void
defer_to (HttpWorkers *workers, CairnHttpRequest *request, CairnHttpWork function,
          CairnHttpWork overloaded, gpointer user)
{
  request->task.run = run_deferred;
  request->function = function;
  request->user = user;
  if (!http_workers_try (workers, &request->task))
    {
      atomic_fetch_add (&request->connection->http->refused_limits, 1);
      overloaded (request, user);
    }
}

void
cairn_http_request_defer (CairnHttpRequest *request, CairnHttpWork function,
                          CairnHttpWork overloaded, gpointer user)
{
  defer_to (request->connection->http->work, request, function, overloaded, user);
}

void
cairn_http_request_defer_order (CairnHttpRequest *request, CairnHttpWork function,
                                CairnHttpWork overloaded, gpointer user)
{
  defer_to (request->connection->http->orders, request, function, overloaded, user);
}

/* ---- its way ---- */

static HttpRefusal
refuse (guint status, const char *text)
{
  return (HttpRefusal){ status, text };
}

static gboolean
is_path (const char *url, const char *path)
{
  size_t n = strlen (path);

  return strncmp (url, path, n) == 0 && (url[n] == '\0' || (url[n] == '/' && url[n + 1] == '\0'));
}

/* CIM-XML's M-POST is a POST with an extension. Source: DSP0200. */
static gboolean
is_method (const char *method, const char *wanted)
{
  return strcmp (method, wanted) == 0
         || (strcmp (wanted, "POST") == 0 && strcmp (method, "M-POST") == 0);
}

static gboolean
is_known_method (const char *method)
{
  static const char *const known[]
      = { "GET", "HEAD", "POST", "M-POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", NULL };

  return g_strv_contains (known, method);
}

static HttpRefusal
find_route (CairnHttpRequest *request, const char *url, const char *method)
{
  const HttpConnection *connection = request->connection;
  gboolean has_path = FALSE;

  for (const CairnHttpRoute *route = connection->http->routes; route->path; route++)
    {
      if (!(route->listeners & (1u << connection->listener)) || !is_path (url, route->path))
        continue;
      has_path = TRUE;
      request->route = route;
      if (is_method (method, route->method))
        return refuse (0, NULL);
    }
  if (!is_known_method (method))
    return refuse (MHD_HTTP_NOT_IMPLEMENTED, "There is no such HTTP method here.");
  return has_path ? refuse (MHD_HTTP_METHOD_NOT_ALLOWED,
                            "This path takes another HTTP method: see the header Allow.")
                  : refuse (MHD_HTTP_NOT_FOUND, "There is nothing under this path here.");
}

static enum MHD_Result
send_response (CairnHttpRequest *request)
{
  CairnHttp *http = request->connection->http;
  enum MHD_Result queued;

  if (request->status / 100 < G_N_ELEMENTS (http->answers_by_class))
    atomic_fetch_add_explicit (&http->answers_by_class[request->status / 100], 1,
                               memory_order_relaxed);
  queued = MHD_queue_response (request->mhd, request->status, request->response);
  MHD_destroy_response (request->response);
  request->response = NULL;
  return queued;
}

/* At most a line a second, however many come; 403, which a wrong setup gives, isn't lost among the
 * others. */
static void
log_refusal (const CairnHttpRequest *request)
{
  CairnHttp *http = request->connection->http;
  guint slot = request->refusal.status == MHD_HTTP_FORBIDDEN;
  gint64 now_us = g_get_monotonic_time ();
  gint64 logged_at_us = atomic_load (&http->refusals[slot].logged_at_us);
  g_autofree char *path = NULL;

  if (now_us - logged_at_us < G_USEC_PER_SEC
      || !atomic_compare_exchange_strong (&http->refusals[slot].logged_at_us, &logged_at_us,
                                          now_us))
    {
      atomic_fetch_add (&http->refusals[slot].n_left_out, 1);
      return;
    }
  path = http_log_escape (request->path);
  http_log (slot ? LOG_NOTICE : LOG_INFO, cairn_http_request_id (request),
            "request for '%s' from %s refused with %u (%u more before it): %s", path,
            cairn_http_request_peer (request), request->refusal.status,
            atomic_exchange (&http->refusals[slot].n_left_out, 0), request->refusal.text);
}

static enum MHD_Result
send_refusal (CairnHttpRequest *request)
{
  CairnHttpAnswer *answer
      = http_answer_new_sentence (request->refusal.status, request->refusal.text);

  if (!request->refusal.is_logged)
    log_refusal (request);
  if (request->refusal.status == MHD_HTTP_CONTENT_TOO_LARGE)
    atomic_fetch_add (&request->connection->http->refused_limits, 1);
  if (request->refusal.status == MHD_HTTP_UNAUTHORIZED)
    cairn_http_answer_add_header (answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, REALM);
  else if (request->refusal.status == MHD_HTTP_METHOD_NOT_ALLOWED)
    cairn_http_answer_add_header (answer, MHD_HTTP_HEADER_ALLOW, request->route->method);
  else if (request->refusal.status == MHD_HTTP_SERVICE_UNAVAILABLE
           || request->refusal.status == MHD_HTTP_TOO_MANY_REQUESTS)
    cairn_http_answer_add_header (answer, MHD_HTTP_HEADER_RETRY_AFTER, "5");
  http_pause_arm (&request->pause, request->mhd);
  cairn_http_request_answer (request, answer);
  return send_response (request);
}

static enum MHD_Result
refuse_at_once (CairnHttpRequest *request, HttpRefusal refusal)
{
  request->refusal = refusal;
  request->must_close = TRUE;
  return send_refusal (request);
}

/* The headers are there, and who asks is known: how much of a body is kept. */
static void
begin_body (CairnHttpRequest *request)
{
  HttpConnection *connection = request->connection;
  size_t most = connection->http->body_bytes_max;

  request->stage = HTTP_STAGE_BODY;
  if (request->is_by_connection && request->verified)
    connection->itself = http_verified_ref (request->verified);
  else if (request->is_by_connection)
    connection->is_stranger = TRUE;
  if (request->refusal.status)
    request->body_bytes_max = 0;
  else if (request->verified)
    request->body_bytes_max = most;
  else
    request->body_bytes_max
        = request->route->allows_anonymous ? MIN (most, ANONYMOUS_BYTES_MAX) : 0;
}

/* TRUE: the request rests meanwhile. */
static gboolean
sign_in (CairnHttpRequest *request, const HttpFraming *framing)
{
  CairnHttp *http = request->connection->http;

  request->stage = HTTP_STAGE_SIGNING_IN;
  http_pause_arm (&request->pause, request->mhd);
  /* Asked after arming: whoever cuts waits for what is armed. */
  if (g_atomic_int_get (&http->is_cut))
    request->refusal = ending;
  else if (!http_sign_in_begin (http->sign_in, request, framing))
    return http_pause_wait (&request->pause);
  http_pause_end (&request->pause);
  return FALSE;
}

static enum MHD_Result
begin (CairnHttpRequest *request, const char *url, const char *method, const char *version)
{
  CairnHttp *http = request->connection->http;
  HttpFraming framing;

  http_framing_read (request->mhd, version, &framing);
  request->path = url;
  if (framing.is_wrong)
    return refuse_at_once (
        request, refuse (MHD_HTTP_BAD_REQUEST, "The headers don't say where this request ends."));
  request->must_close = framing.is_chunked;
  request->refusal = find_route (request, url, method);
  if (!request->refusal.status && framing.length_bytes > http->body_bytes_max)
    request->refusal = refuse (MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large.");
  if (request->refusal.status
      && (framing.length_bytes > DRAIN_BYTES_MAX || framing.expects_continue))
    return refuse_at_once (request, request->refusal);
  if (!request->refusal.status && sign_in (request, &framing))
    return MHD_YES;
  begin_body (request);
  return MHD_YES;
}

/* What is beyond the limit is dropped up to the end of the request; far beyond, the connection
 * ends. */
static enum MHD_Result
take_body (CairnHttpRequest *request, const char *upload, size_t upload_bytes)
{
  size_t room = request->body_bytes_max - request->body->len;

  request->received_bytes += upload_bytes;
  if (request->received_bytes > DRAIN_BYTES_MAX + request->connection->http->body_bytes_max)
    return MHD_NO;
  g_string_append_len (request->body, upload, (gssize)MIN (upload_bytes, room));
  return MHD_YES;
}

/* May it be handled? The one place that decides. */
static HttpRefusal
judge (CairnHttpRequest *request)
{
  const HttpConnection *connection = request->connection;
  gboolean is_whole = request->received_bytes == request->body->len;

  if (request->refusal.status)
    return request->refusal;
  if (request->verified)
    return is_whole ? refuse (0, NULL)
                    : refuse (MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large.");
  if (is_whole && request->route->allows_anonymous && request->route->allows_anonymous (request))
    return refuse (0, NULL);
  if (connection->listener == CAIRN_HTTP_UNIX || connection->is_tls || connection->is_loopback)
    return refuse (MHD_HTTP_UNAUTHORIZED, "Sign in, with Basic.");
  return refuse (MHD_HTTP_FORBIDDEN, "Nobody can sign in without TLS: use the TLS port.");
}

static enum MHD_Result
finish (CairnHttpRequest *request)
{
  CairnHttp *http = request->connection->http;

  atomic_store_explicit (&request->connection->waits_since_us, 0, memory_order_relaxed);
  request->connection->has_asked = TRUE;
  request->stage = HTTP_STAGE_HANDLED;
  request->refusal = judge (request);
  if (request->refusal.status)
    return send_refusal (request);
  http_pause_arm (&request->pause, request->mhd);
  if (g_atomic_int_get (&http->is_cut))
    cairn_http_request_answer (request, http_answer_new_sentence (ending.status, ending.text));
  else
    request->route->handler (request, request->route->user);
  return http_pause_wait (&request->pause) ? MHD_YES : send_response (request);
}

static CairnHttpRequest *
request_begins (CairnHttp *http, struct MHD_Connection *mhd)
{
  HttpConnection *connection
      = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
  CairnHttpRequest *request = &connection->request;
  GString *body = request->body ? request->body : g_string_new (NULL);

  *request = (CairnHttpRequest){ .mhd = mhd, .connection = connection, .body = body };
  request->number = atomic_fetch_add_explicit (&http->n_requests, 1, memory_order_relaxed) + 1;
  atomic_fetch_add_explicit (&http->requests[connection->listener], 1, memory_order_relaxed);
  g_atomic_int_inc (&http->under_way);
  return request;
}

enum MHD_Result
http_request_access (void *user, struct MHD_Connection *mhd, const char *url, const char *method,
                     const char *version, const char *upload, size_t *upload_bytes, void **context)
{
  CairnHttpRequest *request = *context;
  size_t n = *upload_bytes;

  if (!request)
    *context = request = request_begins (user, mhd);
  switch (request->stage)
    {
    case HTTP_STAGE_NEW:
      return begin (request, url, method, version);
    case HTTP_STAGE_SIGNING_IN:
      begin_body (request);
      return MHD_YES;
    case HTTP_STAGE_BODY:
      *upload_bytes = 0;
      return n ? take_body (request, upload, n) : finish (request);
    default:
      return send_response (request);
    }
}

void
http_request_completed (void *user, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode code)
{
  CairnHttpRequest *request = *context;
  CairnHttp *http = user;

  *context = NULL;
  if (!request)
    return;
  g_clear_pointer (&request->verified, http_verified_unref);
  g_clear_pointer (&request->response, MHD_destroy_response);
  if (request->body->allocated_len > KEEP_BODY_BYTES)
    {
      g_string_free (request->body, TRUE);
      request->body = g_string_new (NULL);
    }
  g_string_truncate (request->body, 0);
  atomic_store_explicit (&request->connection->waits_since_us, g_get_monotonic_time (),
                         memory_order_relaxed);
  g_atomic_int_add (&http->under_way, -1);
}

void
http_request_clear (CairnHttpRequest *request)
{
  g_clear_pointer (&request->verified, http_verified_unref);
  if (request->body)
    g_string_free (request->body, TRUE);
  request->body = NULL;
}
