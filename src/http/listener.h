/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listener.h: the sockets that are listened on. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "http/http.h"

typedef struct
{
  int fds[CAIRN_HTTP_N_LISTENERS]; /* -1 = off */
  char *unix_path;                 /* one of ours, removed at the end */
} HttpListeners;

/* Is ADDRESS, "HOST:PORT", well formed? */
gboolean http_listeners_check (const char *address, GError **error);

/* Those of OPTIONS' addresses, and the sockets that were listening already. */
HttpListeners *http_listeners_open (const CairnHttpOptions *options, GError **error);
void http_listeners_free (HttpListeners *listeners);

guint16 http_listeners_port (const HttpListeners *listeners, CairnHttpListener listener);

#endif
