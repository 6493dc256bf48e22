/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* acceptor.h: a thread that takes connections, deals them out, and looks at the clock.
 *
 * We accept ourselves, instead of libmicrohttpd, so that limits, peers and deadlines are ours, and
 * that a few connections are spread evenly over the threads.
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "http/http.h"

typedef struct HttpAcceptor HttpAcceptor;

HttpAcceptor *http_acceptor_new (CairnHttp *http, GError **error);
void http_acceptor_start (HttpAcceptor *acceptor);

/* Looks at the clock now. Any thread. */
void http_acceptor_wake (HttpAcceptor *acceptor);

/* Takes no more connections. The clock is still looked at. */
void http_acceptor_stop_accepting (HttpAcceptor *acceptor);
void http_acceptor_free (HttpAcceptor *acceptor); /* NULL does nothing */

#endif
