/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* http.h: the listener: HTTP/1.1 over TCP, TLS and a Unix socket, and who it is that asks.
 *
 * A request is complete, within all limits, and of a caller who may go on when its handler is
 * called; anonymous ones reach only routes that allow them. The handler answers once, at once or
 * later from any thread. Threads: see each call.
 */
#ifndef CAIRN_HTTP_H
#define CAIRN_HTTP_H

#include <glib.h>

#include "refpoint/caller.h"

typedef struct CairnHttp CairnHttp;
typedef struct CairnHttpRequest CairnHttpRequest;

/* ---- a request, read only, until it is answered ---- */

const char *cairn_http_request_path (const CairnHttpRequest *request);
const char *
cairn_http_request_id (const CairnHttpRequest *request); /* unique in this process; in log lines */
const char *cairn_http_request_header (const CairnHttpRequest *request,
                                       const char *name); /* NULL */
const char *cairn_http_request_body (const CairnHttpRequest *request, size_t *length_bytes);
const CairnCaller *cairn_http_request_caller (const CairnHttpRequest *request); /* never NULL */
const char *
cairn_http_request_peer (const CairnHttpRequest *request); /* "192.0.2.1:4711", "unix:pid 12" */

/* ---- an answer ---- */

typedef struct CairnHttpAnswer CairnHttpAnswer;

/* Takes over BODY (NULL: empty). CONTENT_TYPE is static. */
CairnHttpAnswer *cairn_http_answer_new (guint status, const char *content_type, GString *body);

/* One more header. NAME is static; VALUE is copied, with what a header can't hold as '?'. */
void cairn_http_answer_add_header (CairnHttpAnswer *answer, const char *name, const char *value);

/* Why a request has failed, in a sentence that the body may have no place for: the header
 * X-Cairn-Message, and a line of the log. Once. */
void cairn_http_answer_set_message (CairnHttpAnswer *answer, const char *message);

/* The body is followed by what MORE gives, piece by piece (chunked), until it gives FALSE, with or
 * without a last piece in OUT; *FAILED ends the connection, so that the client sees that it is
 * cut off. MORE runs where it may block. USER is freed at the end, however that comes. */
typedef gboolean (*CairnHttpMoreFunc) (gpointer user, GString *out, gboolean *failed);
void cairn_http_answer_set_more (CairnHttpAnswer *answer, CairnHttpMoreFunc more, gpointer user,
                                 GDestroyNotify free_user);

/* Answers, and ends the life of REQUEST and ANSWER. Once for each request, from any thread. */
void cairn_http_request_answer (CairnHttpRequest *request, CairnHttpAnswer *answer);

/* Runs FUNCTION (which answers REQUEST) on a thread that may block. When too many wait already,
 * OVERLOADED is called at once, on this thread, instead. */
typedef void (*CairnHttpWork) (CairnHttpRequest *request, gpointer user);
void cairn_http_request_defer (CairnHttpRequest *request, CairnHttpWork function,
                               CairnHttpWork overloaded, gpointer user);

/* The same for an order, which may wait for others: on threads of their own, so that any number of
 * orders keeps nobody from reading. */
void cairn_http_request_defer_order (CairnHttpRequest *request, CairnHttpWork function,
                                     CairnHttpWork overloaded, gpointer user);

/* ---- routes ---- */

/* Called on a thread of the listener: it must not wait. It answers REQUEST, or defers it. */
typedef void (*CairnHttpHandler) (CairnHttpRequest *request, gpointer user);

typedef struct
{
  const char *path;   /* "/wsman": that, and with a slash at the end */
  const char *method; /* "POST", "GET" */
  guint listeners;    /* bits of CairnHttpListener: where it is served */
  /* A caller who hasn't signed in: may this request be handled all the same? NULL: never (401). It
   * sees headers and body. */
  gboolean (*allows_anonymous) (const CairnHttpRequest *request);
  CairnHttpHandler handler;
  gpointer user;
} CairnHttpRoute;

typedef enum
{
  CAIRN_HTTP_WSMAN,
  CAIRN_HTTP_WSMAN_TLS,
  CAIRN_HTTP_CIMXML,
  CAIRN_HTTP_CIMXML_TLS,
  CAIRN_HTTP_UNIX,
  CAIRN_HTTP_METRICS,
  CAIRN_HTTP_N_LISTENERS,
} CairnHttpListener;

/* ---- the listener ---- */

typedef struct
{
  /* "127.0.0.1:5985", "[::]:5986", a path for UNIX; NULL = off. One may be taken over from systemd:
   */
  const char *addresses[CAIRN_HTTP_N_LISTENERS];
  int sockets[CAIRN_HTTP_N_LISTENERS]; /* listening already; -1 = none, or make one at the address
                                        */

  const char *certificate_file; /* PEM; with the key made at first start when absent */
  const char *key_file;
  const char *client_ca_file;  /* who signs client certificates; NULL = none are asked for */
  const char *client_map_file; /* "SHA-256 fingerprint or subject = user" lines */

  const char *password_file; /* "user:crypt(3) hash" lines; NULL = PAM */
  const char *pam_service;   /* NULL = "cairnd" */
  const char *pam_directory; /* of service files; NULL = the system's */

  guint n_threads;                   /* of each TCP listener; 0 = one per processor, at most 8 */
  guint n_workers;                   /* threads for work that blocks; 0 = 16 */
  size_t body_bytes_max;             /* 0 = 1 MiB */
  guint connections_max;             /* 0 = 1024 */
  guint connections_per_address_max; /* 0 = 256; not for loopback */
  guint idle_s;                      /* 0 = 60: a connection without a whole request */
} CairnHttpOptions;

/* What can be told without listening: addresses are well formed, and what judges passwords is
 * there. cairn_http_new asks, too. */
gboolean cairn_http_check (const CairnHttpOptions *options, GError **error);

/* Starts listening. ROUTES (ended by a NULL path) and OPTIONS are borrowed until free. Errors name
 * the address or file. */
CairnHttp *cairn_http_new (const CairnHttpOptions *options, const CairnHttpRoute *routes,
                           GError **error);

/* The port that a listener got ("127.0.0.1:0" takes a free one); 0 = it has none. */
guint16 cairn_http_port (const CairnHttp *http, CairnHttpListener listener);

/* SIGHUP: certificates and the password file anew, verified passwords forgotten. A failure keeps
 * the certificates that were there; while the password file can't be read nobody signs in with it.
 */
gboolean cairn_http_reload (CairnHttp *http, GError **error);

/* Takes no new connections, gives requests under way up to GRACE_MS, then ends. */
void cairn_http_free (CairnHttp *http, guint grace_ms);

/* For /metrics: counts since the start. */
typedef struct
{
  guint64 requests[CAIRN_HTTP_N_LISTENERS];
  guint64 answers_by_class[6]; /* [2]: 2xx, ... */
  guint64 refused_sign_ins;
  guint64 refused_limits; /* too large, too many, too slow */
  guint connections;      /* now */
  guint requests_under_way;
  guint64 checked_passwords; /* by crypt or PAM; the others were known */
} CairnHttpCounts;

void cairn_http_count (const CairnHttp *http, CairnHttpCounts *counts);

/* What the layers below the daemon have to say: one line, with a request's id or NULL. The daemon
 * sets where it goes, before cairn_http_new. Any thread. LEVEL: syslog's (3 error, 4 warning, 5
 * notice, 6 info). */
typedef void (*CairnLogFunc) (int level, const char *request_id, const char *line);
void cairn_http_set_log (CairnLogFunc log);

#endif
