/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.h: who is connected, and for how long without a whole request. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "http/address.h"
#include "http/http.h"
#include "http/request.h"
#include "http/verified.h"

struct HttpConnection
{
  CairnHttp *http;
  CairnHttpListener listener;
  int fd;
  gboolean has_started; /* libmicrohttpd has it, and will say when it ends */
  HttpAddress address;
  gboolean is_loopback;
  gboolean is_tls;
  struct ucred peer_process; /* of a Unix socket */
  char peer[64];
  _Atomic gint64 waits_since_us; /* for a whole request; 0 = one is being answered */
  HttpVerified *itself;          /* who it is without a password; NULL = not asked, or too old */
  gboolean is_stranger;          /* asked, and nobody */
  gboolean has_asked;            /* a whole request came once */
  guint n_silent;                /* looks at the clock that found the other side gone */
  CairnHttpRequest request;      /* one at a time; its memory is used again */
};

typedef struct
{
  guint total_max;
  guint per_address_max;
  guint idle_s;
} HttpConnectionLimits;

typedef struct HttpConnections HttpConnections;

HttpConnections *http_connections_new (CairnHttp *http, const HttpConnectionLimits *limits);
void http_connections_free (HttpConnections *connections); /* all have ended */

/* Registers FD, just accepted. NULL: it is one too many; the caller closes it. */
HttpConnection *http_connections_add (HttpConnections *connections, int fd,
                                      CairnHttpListener listener, const struct sockaddr *from);

/* What libmicrohttpd didn't take. */
void http_connections_drop (HttpConnections *connections, HttpConnection *connection);

/* A MHD_NotifyConnectionCallback; USER is the HttpConnections. */
void http_connections_notify (void *user, struct MHD_Connection *mhd, void **context,
                              enum MHD_ConnectionNotificationCode code);

/* Ends those that haven't sent a whole request in time, or went away in the middle of one. How many
 * were too slow, and never sent one. */
guint http_connections_end_slow (HttpConnections *connections);

/* Ends them all. */
void http_connections_cut (HttpConnections *connections);

guint http_connections_count (HttpConnections *connections);

#endif
