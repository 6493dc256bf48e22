/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose certificate a client has shown. */
#include "http/client-certificate.h"

#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>

#include <cairn/error.h>

#include "http/certificate.h"
#include "http/log.h"

#define FINGERPRINT_BYTES 32

struct HttpClientCertificates
{
  char *authority_file;
  char *map_file;
  GMutex lock;
  gnutls_x509_trust_list_t authorities;
  GHashTable *users; /* fingerprint (lower case hex) or subject -> user */
};

/* ---- the files ---- */

static gnutls_x509_trust_list_t
load_authorities (const char *file, GError **error)
{
  gnutls_x509_trust_list_t authorities = NULL;
  int n = gnutls_x509_trust_list_init (&authorities, 0);

  if (n >= 0)
    n = gnutls_x509_trust_list_add_trust_file (authorities, file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
  if (n > 0)
    return authorities;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "'%s' has no certificate in PEM form of those who sign client certificates: %s",
               file, n < 0 ? gnutls_strerror (n) : "it is empty");
  if (authorities)
    gnutls_x509_trust_list_deinit (authorities, 1);
  return NULL;
}

/* "AB:CD:..." as "abcd..."; anything else as it is. */
static char *
normalize (const char *key)
{
  GString *hex = g_string_new (NULL);

  for (const char *p = key; *p; p++)
    if (g_ascii_isxdigit (*p))
      g_string_append_c (hex, g_ascii_tolower (*p));
    else if (*p != ':')
      break;
  if (hex->len == 2 * FINGERPRINT_BYTES)
    return g_string_free (hex, FALSE);
  g_string_free (hex, TRUE);
  return g_strdup (key);
}

static gboolean
take_line (const char *file, guint number, char *line, GHashTable *users, GError **error)
{
  char *equals;

  g_strstrip (line);
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  equals = strrchr (line, '=');
  if (!equals || equals == line || !*g_strstrip (equals + 1))
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "line %u of '%s' is not 'FINGERPRINT = user' or 'SUBJECT = user'; correct "
                        "it",
                        number, file),
           FALSE;
  *equals = '\0';
  g_hash_table_insert (users, normalize (g_strchomp (line)), g_strdup (equals + 1));
  return TRUE;
}

static GHashTable *
load_map (const char *file, GError **error)
{
  g_autoptr (GHashTable) users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) trouble = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  struct stat status;

  if (!file)
    return g_steal_pointer (&users);
  if (!g_file_get_contents (file, &text, NULL, &trouble))
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                        "map of client certificates '%s' can't be read: %s", file,
                        trouble->message),
           NULL;
  if (stat (file, &status) == 0 && status.st_mode & (S_IWGRP | S_IWOTH))
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                        "map of client certificates '%s' may be written by others: run chmod 0644 "
                        "on it",
                        file),
           NULL;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (!take_line (file, i + 1, lines[i], users, error))
      return NULL;
  return g_steal_pointer (&users);
}

static void
drop (HttpClientCertificates *certificates)
{
  if (certificates->authorities)
    gnutls_x509_trust_list_deinit (certificates->authorities, 1);
  certificates->authorities = NULL;
  g_clear_pointer (&certificates->users, g_hash_table_unref);
}

gboolean
http_client_certificates_load (HttpClientCertificates *certificates, GError **error)
{
  g_autoptr (GHashTable) users = load_map (certificates->map_file, error);
  gnutls_x509_trust_list_t authorities
      = users ? load_authorities (certificates->authority_file, error) : NULL;

  if (!authorities)
    return FALSE;
  g_mutex_lock (&certificates->lock);
  drop (certificates);
  certificates->authorities = authorities;
  certificates->users = g_steal_pointer (&users);
  g_mutex_unlock (&certificates->lock);
  return TRUE;
}

HttpClientCertificates *
http_client_certificates_new (const char *authority_file, const char *map_file, GError **error)
{
  HttpClientCertificates *certificates = g_new0 (HttpClientCertificates, 1);

  g_mutex_init (&certificates->lock);
  certificates->authority_file = g_strdup (authority_file);
  certificates->map_file = g_strdup (map_file);
  if (!http_client_certificates_load (certificates, error))
    g_clear_pointer (&certificates, http_client_certificates_free);
  return certificates;
}

void
http_client_certificates_free (HttpClientCertificates *certificates)
{
  if (!certificates)
    return;
  drop (certificates);
  g_mutex_clear (&certificates->lock);
  g_free (certificates->authority_file);
  g_free (certificates->map_file);
  g_free (certificates);
}

/* ---- a chain ---- */

static void
clear_chain (gnutls_x509_crt_t *chain, guint n)
{
  for (guint i = 0; i < n; i++)
    gnutls_x509_crt_deinit (chain[i]);
}

static guint
import_chain (GPtrArray *bytes, gnutls_x509_crt_t *chain, GError **error)
{
  guint n;
  int result = 0;

  for (n = 0; result >= 0 && n < MIN (bytes->len, HTTP_CHAIN_MAX); n++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (bytes->pdata[n], &size);
      gnutls_datum_t der = { (guchar *)data, (unsigned)size };

      if (gnutls_x509_crt_init (&chain[n]) < 0)
        break;
      result = gnutls_x509_crt_import (chain[n], &der, GNUTLS_X509_FMT_DER);
    }
  if (result >= 0 && n > 0)
    return n;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
               "its certificate can't be read; use an X.509 one");
  clear_chain (chain, n);
  return 0;
}

/* With the lock. */
static gboolean
is_genuine (HttpClientCertificates *certificates, gnutls_x509_crt_t *chain, guint n, GError **error)
{
  gnutls_typed_vdata_st purpose
      = { GNUTLS_DT_KEY_PURPOSE_OID, (guchar *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
  gnutls_datum_t text = { 0 };
  unsigned status = 0;
  int result = gnutls_x509_trust_list_verify_crt2 (certificates->authorities, chain, n, &purpose, 1,
                                                   0, &status, NULL);

  if (result >= 0 && status == 0)
    return TRUE;
  if (result >= 0)
    result = gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED, "its certificate isn't genuine: %s",
               text.data ? (const char *)text.data : gnutls_strerror (result));
  gnutls_free (text.data);
  return FALSE;
}

static char *
fingerprint_of (gnutls_x509_crt_t certificate)
{
  guint8 digest[FINGERPRINT_BYTES] = { 0 };
  size_t n = sizeof digest;
  GString *hex = g_string_new (NULL);

  gnutls_x509_crt_get_fingerprint (certificate, GNUTLS_DIG_SHA256, digest, &n);
  for (guint i = 0; i < FINGERPRINT_BYTES; i++)
    g_string_append_printf (hex, "%02x", digest[i]);
  return g_string_free (hex, FALSE);
}

/* With the lock. */
static char *
look_up (HttpClientCertificates *certificates, gnutls_x509_crt_t certificate, GError **error)
{
  g_autofree char *fingerprint = fingerprint_of (certificate);
  const char *user = g_hash_table_lookup (certificates->users, fingerprint);
  gnutls_datum_t subject = { 0 };
  char *found;

  if (gnutls_x509_crt_get_dn3 (certificate, &subject, 0) >= 0 && !user
      && strlen ((const char *)subject.data) == subject.size)
    user = g_hash_table_lookup (certificates->users, subject.data);
  found = g_strdup (user);
  if (!found)
    {
      g_autofree char *name
          = http_log_escape (subject.data ? (const char *)subject.data : "no name");

      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                   "certificate '%s' (SHA-256 %s) is in no line of the map of client certificates; "
                   "add one",
                   name, fingerprint);
    }
  gnutls_free (subject.data);
  return found;
}

char *
http_client_certificates_user (HttpClientCertificates *certificates, GPtrArray *chain,
                               GError **error)
{
  gnutls_x509_crt_t imported[HTTP_CHAIN_MAX];
  guint n = import_chain (chain, imported, error);
  char *user = NULL;

  if (n == 0)
    return NULL;
  g_mutex_lock (&certificates->lock);
  if (is_genuine (certificates, imported, n, error))
    user = look_up (certificates, imported[0], error);
  g_mutex_unlock (&certificates->lock);
  clear_chain (imported, n);
  return user;
}
