/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tls.h: what a TLS handshake with the service is made with. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <gnutls/abstract.h>

#include "http/http.h"

typedef struct HttpTls HttpTls;

/* TLS 1.2 and later, of the kinds that GnuTLS holds for secure. */
#define HTTP_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

/* Makes the certificate when there is none. */
HttpTls *http_tls_new (const CairnHttpOptions *options, GError **error);
void http_tls_free (HttpTls *tls);

/* From now on with what is in the files; handshakes under way end with what they began with. */
gboolean http_tls_reload (HttpTls *tls, GError **error);

/* The authorities that clients are told to show certificates of, in PEM form; NULL = no client is
 * asked for one. As of the start. */
const char *http_tls_client_authorities (const HttpTls *tls);

/* A gnutls_certificate_retrieve_function2 for the sessions of libmicrohttpd. */
int http_tls_retrieve (gnutls_session_t session, const gnutls_datum_t *names, int n_names,
                       const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
                       gnutls_pcert_st **out_chain, unsigned *out_n, gnutls_privkey_t *out_key);

#endif
