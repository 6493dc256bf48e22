/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* certificate.h: the service's own certificate with its key, from files. */
#ifndef HTTP_CERTIFICATE_H
#define HTTP_CERTIFICATE_H

#include <glib.h>
#include <gnutls/abstract.h>

#define HTTP_CHAIN_MAX 10

typedef struct
{
  gnutls_pcert_st chain[HTTP_CHAIN_MAX]; /* its own first */
  guint n;
  gnutls_privkey_t key;
} HttpCertificate;

/* Makes CERTIFICATE_FILE, self-signed for this host's names, when there is none, and KEY_FILE when
 * there is none either: key first, each written whole or not at all. */
gboolean http_certificate_make_missing (const char *certificate_file, const char *key_file,
                                        GError **error);

/* NULL: a file can't be read, isn't PEM, or they don't belong together. */
HttpCertificate *http_certificate_load (const char *certificate_file, const char *key_file,
                                        GError **error);
void http_certificate_free (HttpCertificate *certificate);

#endif
