/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.h: one request, from its first header to the end of its answer.
 *
 * The way of one (access, a callback of libmicrohttpd on a listener's thread):
 *   new         headers are there: framing, route, who asks
 *   signing in  rests while a password is checked elsewhere
 *   body        bytes come in, kept up to the limit
 *   handled     the route's handler has it, or had it; rests until there is an answer
 * A refusal that is found early is told when the body is through, so that the client, who is still
 * sending, reads it and may go on with this connection.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/pause.h"
#include "http/verified.h"
#include "http/workers.h"

typedef struct HttpConnection HttpConnection;

typedef enum
{
  HTTP_STAGE_NEW,
  HTTP_STAGE_SIGNING_IN,
  HTTP_STAGE_BODY,
  HTTP_STAGE_HANDLED,
} HttpStage;

/* Why a request isn't handled: STATUS 0 = it is. TEXT is static. */
typedef struct
{
  guint status;
  const char *text;
  gboolean is_logged; /* already, with more than TEXT */
} HttpRefusal;

struct CairnHttpRequest
{
  struct MHD_Connection *mhd;
  HttpConnection *connection; /* that it lies in */
  const CairnHttpRoute *route;
  const char *path;
  HttpStage stage;
  HttpRefusal refusal;
  HttpVerified *verified;    /* NULL = nobody */
  gboolean is_by_connection; /* who asks was asked of the connection itself */
  GString *body;
  size_t body_bytes_max; /* more is dropped */
  size_t received_bytes;
  gboolean must_close; /* after this request */
  guint64 number;      /* 1, 2, ... in this process */
  char id[24];

  HttpPause pause;
  struct MHD_Response *response; /* the answer, when there is one */
  guint status;

  HttpTask task; /* deferred work */
  CairnHttpWork function;
  gpointer user;
};

/* MHD_AccessHandlerCallback and MHD_RequestCompletedCallback; USER is the CairnHttp. */
enum MHD_Result http_request_access (void *user, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *upload,
                                     size_t *upload_bytes, void **context);
void http_request_completed (void *user, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode code);

/* What it holds beside the struct. */
void http_request_clear (CairnHttpRequest *request);

#endif
