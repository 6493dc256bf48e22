/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* authority.h: what decides who somebody is: the password file or PAM, passwd, and the map of
 * client certificates; Kerberos would have its place here. Its questions may take seconds; any
 * thread, several at once.
 */
#ifndef HTTP_AUTHORITY_H
#define HTTP_AUTHORITY_H

#include <sys/socket.h>

#include "http/basic.h"
#include "http/http.h"

typedef struct HttpAuthority HttpAuthority;

/* What judges passwords is there, where a listener takes them from the network. */
gboolean http_authority_can_judge (const CairnHttpOptions *options, GError **error);

HttpAuthority *http_authority_new (const CairnHttpOptions *options, GError **error);
void http_authority_free (HttpAuthority *authority);

/* Reads its files anew. */
gboolean http_authority_load (HttpAuthority *authority, GError **error);

/* The password file is another than the one that was read; looked at every 100 ms at most. */
gboolean http_authority_has_changed (HttpAuthority *authority);

/* Caller frees. Errors: ACCESS_DENIED: that isn't him; others: it can't be told. */
CairnCaller *http_authority_of_password (HttpAuthority *authority, const HttpBasic *basic,
                                         const char *peer, GError **error);

/* CHAIN of GBytes, DER. NULL: the error says why he isn't known. */
CairnCaller *http_authority_of_certificate (HttpAuthority *authority, GPtrArray *chain,
                                            GError **error);
CairnCaller *http_authority_of_process (HttpAuthority *authority, const struct ucred *process);

#endif
