/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sign-in.h: who asks.
 *
 * Each request is nobody's until something here says otherwise, and is asked for anew: what a
 * connection's last request showed counts for nothing in the next. An Authorization header decides,
 * else what the connection itself shows (the process at the other end of a Unix socket, a client
 * certificate). Whatever may block (crypt, PAM, passwd) happens on threads of its own.
 */
#ifndef HTTP_SIGN_IN_H
#define HTTP_SIGN_IN_H

#include "http/framing.h"
#include "http/http.h"

typedef struct HttpSignIn HttpSignIn;

/* WAKE is called when http_sign_in_run_due has something to do sooner than it said. Any thread. */
HttpSignIn *http_sign_in_new (const CairnHttpOptions *options, void (*wake) (gpointer user),
                              gpointer user, GError **error);

/* When no request waits any more. */
void http_sign_in_free (HttpSignIn *sign_in);

/* TRUE: REQUEST's `verified` or `refusal` is set, or neither: nobody. FALSE: its pause, which the
 * caller has armed, is ended when they are. On a listener's thread. */
gboolean http_sign_in_begin (HttpSignIn *sign_in, CairnHttpRequest *request,
                             const HttpFraming *framing);

/* Begins the checks that earlier failures delayed (all of them: IS_ENDING). Milliseconds until the
 * next is due; -1 = there is none. */
int http_sign_in_run_due (HttpSignIn *sign_in, gboolean is_ending);

/* Forgets what was verified, and reads the files anew. */
gboolean http_sign_in_reload (HttpSignIn *sign_in, GError **error);

void http_sign_in_count (HttpSignIn *sign_in, CairnHttpCounts *counts);

#endif
