/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client-certificate.h: whose certificate a client has shown.
 *
 * The authority's signature says that a certificate is genuine, the map says whose user it is, by
 * lines of "FINGERPRINT = user" (SHA-256, in hex, with or without colons) or "SUBJECT = user" (RFC
 * 4514, as `certtool -i` prints it: "CN=backup,O=Example"); the last '=' counts. A certificate that
 * isn't in the map is nobody's. Any thread.
 */
#ifndef HTTP_CLIENT_CERTIFICATE_H
#define HTTP_CLIENT_CERTIFICATE_H

#include <glib.h>

typedef struct HttpClientCertificates HttpClientCertificates;

/* MAP_FILE NULL: no certificate is anybody's. */
HttpClientCertificates *http_client_certificates_new (const char *authority_file,
                                                      const char *map_file, GError **error);
void http_client_certificates_free (HttpClientCertificates *certificates);

/* Reads the files anew; a failure keeps what was there. */
gboolean http_client_certificates_load (HttpClientCertificates *certificates, GError **error);

/* The user of CHAIN (of GBytes, DER, the client's own first); caller frees. NULL: the error says
 * why not, with text of the certificate escaped. */
char *http_client_certificates_user (HttpClientCertificates *certificates, GPtrArray *chain,
                                     GError **error);

#endif
