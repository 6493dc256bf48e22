/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's own certificate with its key. */
#include "http/certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cairn/error.h>

#define VALID_S (10 * 365 * 24 * 3600L)

/* ---- making one ---- */

static int
set_serial (gnutls_x509_crt_t made)
{
  guint8 serial[16];
  int result = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  serial[0] = (guint8)((serial[0] & 0x7f) | 0x40); /* positive, and of this length */
  return result < 0 ? result : gnutls_x509_crt_set_serial (made, serial, sizeof serial);
}

static int
set_names (gnutls_x509_crt_t made)
{
  static const guint8 four[4] = { 127, 0, 0, 1 };
  static const guint8 six[16] = { [15] = 1 };
  const char *host = g_get_host_name ();
  int result = gnutls_x509_crt_set_dn_by_oid (made, GNUTLS_OID_X520_COMMON_NAME, 0, host,
                                              (unsigned)MIN (strlen (host), 64));
  const struct
  {
    gnutls_x509_subject_alt_name_t type;
    const void *name;
    size_t n;
  } names[] = { { GNUTLS_SAN_DNSNAME, host, strlen (host) },
                { GNUTLS_SAN_DNSNAME, "localhost", 9 },
                { GNUTLS_SAN_IPADDRESS, four, sizeof four },
                { GNUTLS_SAN_IPADDRESS, six, sizeof six } };

  for (guint i = 0; result >= 0 && i < G_N_ELEMENTS (names); i++)
    result = gnutls_x509_crt_set_subject_alt_name (made, names[i].type, names[i].name,
                                                   (unsigned)names[i].n, GNUTLS_FSAN_APPEND);
  return result;
}

static int
fill_in (gnutls_x509_crt_t made, gnutls_x509_privkey_t key)
{
  time_t now = time (NULL);
  int result = gnutls_x509_crt_set_version (made, 3);

  if (result >= 0)
    result = set_serial (made);
  if (result >= 0)
    result = set_names (made);
  /* A day before: clocks differ. */
  if (result >= 0)
    result = gnutls_x509_crt_set_activation_time (made, now - 24 * 3600);
  if (result >= 0)
    result = gnutls_x509_crt_set_expiration_time (made, now + VALID_S);
  if (result >= 0)
    result = gnutls_x509_crt_set_basic_constraints (made, 0, -1);
  if (result >= 0)
    result = gnutls_x509_crt_set_key_usage (made, GNUTLS_KEY_DIGITAL_SIGNATURE);
  if (result >= 0)
    result = gnutls_x509_crt_set_key_purpose_oid (made, GNUTLS_KP_TLS_WWW_SERVER, 0);
  if (result >= 0)
    result = gnutls_x509_crt_set_key (made, key);
  return result < 0 ? result : gnutls_x509_crt_sign2 (made, made, key, GNUTLS_DIG_SHA256, 0);
}

static gboolean
fail (const char *file, int result, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "certificate '%s' can't be made: %s; make one with certtool, or listen without TLS",
               file, gnutls_strerror (result));
  return FALSE;
}

static gboolean
write_file (const char *file, gnutls_datum_t *pem, int mode, GError **error)
{
  g_autoptr (GError) trouble = NULL;
  gboolean is_written = g_file_set_contents_full (
      file, (const char *)pem->data, pem->size,
      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode, &trouble);

  gnutls_memset (pem->data, 0, pem->size);
  gnutls_free (pem->data);
  if (!is_written)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                 "file '%s' for the made certificate can't be written: %s; make its directory, or "
                 "name another file",
                 file, trouble->message);
  return is_written;
}

static gboolean
read_pem (const char *file, gnutls_datum_t *out, GError **error)
{
  g_autoptr (GError) trouble = NULL;
  gsize n;

  if (g_file_get_contents (file, (char **)&out->data, &n, &trouble))
    return out->size = (unsigned)n, TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
               "file '%s' of the certificate can't be read: %s", file, trouble->message);
  return FALSE;
}

static void
clear_pem (gnutls_datum_t *pem)
{
  if (pem->data)
    gnutls_memset (pem->data, 0, pem->size);
  g_clear_pointer (&pem->data, g_free);
}

/* The key of KEY_FILE, or a new one written there. */
static gboolean
find_key (const char *key_file, gnutls_x509_privkey_t key, GError **error)
{
  gnutls_datum_t pem = { 0 };
  int result;

  if (g_file_test (key_file, G_FILE_TEST_EXISTS))
    {
      if (!read_pem (key_file, &pem, error))
        return FALSE;
      result = gnutls_x509_privkey_import2 (key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
      clear_pem (&pem);
      return result >= 0 || fail (key_file, result, error);
    }
  result = gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                         GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (result >= 0)
    result = gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &pem);
  return result < 0 ? fail (key_file, result, error) : write_file (key_file, &pem, 0600, error);
}

static gboolean
make (const char *certificate_file, gnutls_x509_privkey_t key, GError **error)
{
  gnutls_x509_crt_t made = NULL;
  gnutls_datum_t pem = { 0 };
  int result = gnutls_x509_crt_init (&made);

  if (result >= 0)
    result = fill_in (made, key);
  if (result >= 0)
    result = gnutls_x509_crt_export2 (made, GNUTLS_X509_FMT_PEM, &pem);
  gnutls_x509_crt_deinit (made);
  return result < 0 ? fail (certificate_file, result, error)
                    : write_file (certificate_file, &pem, 0644, error);
}

gboolean
http_certificate_make_missing (const char *certificate_file, const char *key_file, GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  gboolean is_made;
  int result;

  if (g_file_test (certificate_file, G_FILE_TEST_EXISTS))
    return TRUE;
  result = gnutls_x509_privkey_init (&key);
  if (result < 0)
    return fail (certificate_file, result, error);
  is_made = find_key (key_file, key, error) && make (certificate_file, key, error);
  gnutls_x509_privkey_deinit (key);
  return is_made;
}

/* ---- loading one ---- */

static int
import_chain (HttpCertificate *certificate, const gnutls_datum_t *pem)
{
  certificate->n = HTTP_CHAIN_MAX;
  int result = gnutls_pcert_list_import_x509_raw (certificate->chain, &certificate->n, pem,
                                                  GNUTLS_X509_FMT_PEM,
                                                  GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);

  if (result < 0)
    certificate->n = 0;
  return result;
}

static gboolean
is_key_of (const HttpCertificate *certificate)
{
  gnutls_pubkey_t public_key = NULL;
  guint8 of_key[64], of_chain[64];
  size_t n_key = sizeof of_key;
  size_t n_chain = sizeof of_chain;
  gboolean is_same
      = gnutls_pubkey_init (&public_key) >= 0
        && gnutls_pubkey_import_privkey (public_key, certificate->key, 0, 0) >= 0
        && gnutls_pubkey_get_key_id (public_key, GNUTLS_KEYID_USE_SHA256, of_key, &n_key) >= 0
        && gnutls_pubkey_get_key_id (certificate->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                     of_chain, &n_chain)
               >= 0
        && n_key == n_chain && memcmp (of_key, of_chain, n_key) == 0;

  gnutls_pubkey_deinit (public_key);
  return is_same;
}

static gboolean
import (HttpCertificate *certificate, const char *certificate_file, const gnutls_datum_t *chain,
        const char *key_file, const gnutls_datum_t *key, GError **error)
{
  int result = import_chain (certificate, chain);

  if (result < 0)
    g_set_error (
        error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
        "'%s' holds no certificates in PEM form (%s); give the host's own, then those of its "
        "signers",
        certificate_file, gnutls_strerror (result));
  else if ((result = gnutls_privkey_init (&certificate->key)) < 0
           || (result = gnutls_privkey_import_x509_raw (certificate->key, key, GNUTLS_X509_FMT_PEM,
                                                        NULL, 0))
                  < 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                 "'%s' holds no private key in PEM form that can be used: %s", key_file,
                 gnutls_strerror (result));
  else if (!is_key_of (certificate))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "certificate '%s' is of another key than '%s'; name files that belong together",
                 certificate_file, key_file);
  else
    return TRUE;
  return FALSE;
}

HttpCertificate *
http_certificate_load (const char *certificate_file, const char *key_file, GError **error)
{
  HttpCertificate *certificate = g_new0 (HttpCertificate, 1);
  gnutls_datum_t chain = { 0 };
  gnutls_datum_t key = { 0 };
  gboolean is_loaded = read_pem (certificate_file, &chain, error)
                       && read_pem (key_file, &key, error)
                       && import (certificate, certificate_file, &chain, key_file, &key, error);

  clear_pem (&chain);
  clear_pem (&key);
  if (!is_loaded)
    g_clear_pointer (&certificate, http_certificate_free);
  return certificate;
}

void
http_certificate_free (HttpCertificate *certificate)
{
  if (!certificate)
    return;
  for (guint i = 0; i < certificate->n; i++)
    gnutls_pcert_deinit (&certificate->chain[i]);
  if (certificate->key)
    gnutls_privkey_deinit (certificate->key);
  g_free (certificate);
}
