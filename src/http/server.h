/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server.h: the parts of a CairnHttp, for those parts. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdatomic.h>

#include "http/acceptor.h"
#include "http/connection.h"
#include "http/http.h"
#include "http/listener.h"
#include "http/sign-in.h"
#include "http/tls.h"
#include "http/workers.h"

#define HTTP_THREADS_MAX 8

/* Threads of libmicrohttpd, one each, that connections are dealt to. */
typedef struct
{
  struct MHD_Daemon *daemons[HTTP_THREADS_MAX];
  guint n;
  guint next;
} HttpThreads;

struct CairnHttp
{
  const CairnHttpOptions *options;
  const CairnHttpRoute *routes;
  size_t body_bytes_max;

  HttpListeners *listeners;
  HttpConnections *connections;
  HttpAcceptor *acceptor;
  HttpThreads plain;
  HttpThreads tls;
  HttpWorkers *work;
  HttpWorkers *orders; /* methods; half as many */
  HttpSignIn *sign_in;
  HttpTls *tls_files; /* NULL = no TLS */
  CairnCaller *nobody;

  gint is_ending;             /* connections end with the request that they have */
  gint is_cut;                /* no work is begun any more */
  _Atomic guint64 n_requests; /* also their numbers */
  _Atomic guint64 requests[CAIRN_HTTP_N_LISTENERS];
  _Atomic guint64 answers_by_class[6];
  _Atomic guint64 refused_limits;
  gint under_way;
  struct
  {
    _Atomic gint64 logged_at_us;
    _Atomic guint n_left_out; /* since then */
  } refusals[2];              /* others, and 403 */
};

#endif
