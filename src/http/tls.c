/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a TLS handshake with the service is made with. */
#include "http/tls.h"

#include <string.h>

#include <cairn/error.h>

#include "http/certificate.h"
#include "http/server.h"

struct HttpTls
{
  const CairnHttpOptions *options;
  char *client_authorities;
  GMutex lock;
  /* The last one is used. A handshake may still be under way with one before, and GnuTLS doesn't
   * say when it ends; reloads are so rare that all are kept. */
  GPtrArray *certificates;
};

static gboolean
is_same (const HttpCertificate *a, const HttpCertificate *b)
{
  if (a->n != b->n)
    return FALSE;
  for (guint i = 0; i < a->n; i++)
    if (a->chain[i].cert.size != b->chain[i].cert.size
        || memcmp (a->chain[i].cert.data, b->chain[i].cert.data, a->chain[i].cert.size) != 0)
      return FALSE;
  return TRUE;
}

gboolean
http_tls_reload (HttpTls *tls, GError **error)
{
  HttpCertificate *loaded
      = http_certificate_load (tls->options->certificate_file, tls->options->key_file, error);

  if (!loaded)
    return FALSE;
  g_mutex_lock (&tls->lock);
  if (tls->certificates->len
      && is_same (loaded, tls->certificates->pdata[tls->certificates->len - 1]))
    http_certificate_free (loaded);
  else
    g_ptr_array_add (tls->certificates, loaded);
  g_mutex_unlock (&tls->lock);
  return TRUE;
}

static gboolean
read_client_authorities (HttpTls *tls, GError **error)
{
  g_autoptr (GError) trouble = NULL;

  if (!tls->options->client_ca_file
      || g_file_get_contents (tls->options->client_ca_file, &tls->client_authorities, NULL,
                              &trouble))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
               "file '%s' of those who sign client certificates can't be read: %s",
               tls->options->client_ca_file, trouble->message);
  return FALSE;
}

HttpTls *
http_tls_new (const CairnHttpOptions *options, GError **error)
{
  HttpTls *tls;

  if (!options->certificate_file || !options->key_file)
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "TLS is to be listened with, but no certificate and key are named; name "
                        "files, which are made when they aren't there"),
           NULL;
  if (!http_certificate_make_missing (options->certificate_file, options->key_file, error))
    return NULL;
  tls = g_new0 (HttpTls, 1);
  tls->options = options;
  g_mutex_init (&tls->lock);
  tls->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)http_certificate_free);
  if (!read_client_authorities (tls, error) || !http_tls_reload (tls, error))
    g_clear_pointer (&tls, http_tls_free);
  return tls;
}

void
http_tls_free (HttpTls *tls)
{
  if (!tls)
    return;
  g_ptr_array_unref (tls->certificates);
  g_mutex_clear (&tls->lock);
  g_free (tls->client_authorities);
  g_free (tls);
}

const char *
http_tls_client_authorities (const HttpTls *tls)
{
  return tls->client_authorities;
}

int
http_tls_retrieve (gnutls_session_t session, const gnutls_datum_t *names, int n_names,
                   const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
                   gnutls_pcert_st **out_chain, unsigned *out_n, gnutls_privkey_t *out_key)
{
  struct MHD_Connection *mhd = gnutls_session_get_ptr (session); /* libmicrohttpd's convention */
  HttpConnection *connection
      = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
  HttpTls *tls = connection->http->tls_files;
  HttpCertificate *certificate;

  g_mutex_lock (&tls->lock);
  certificate = tls->certificates->pdata[tls->certificates->len - 1];
  g_mutex_unlock (&tls->lock);
  *out_chain = certificate->chain;
  *out_n = certificate->n;
  *out_key = certificate->key;
  return 0;
}
