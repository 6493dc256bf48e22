/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checksums by GnuTLS, which uses the processor's own instructions. */
#include "data/hash.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <unistd.h>

#include "data/file.h"

#define DIGEST_BYTES 32u
#define PIECE_BYTES  (1024u * 1024)

struct CairnHash
{
  gnutls_hash_hd_t handle;
};

CairnHash *
cairn_hash_new (GError **error)
{
  CairnHash *hash = g_new0 (CairnHash, 1);

  /* Every GnuTLS has SHA-256. */
  if (gnutls_hash_init (&hash->handle, GNUTLS_DIG_SHA256) == 0)
    return hash;
  g_free (hash);
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                       "no memory to take a checksum; end other programs and try again");
  return NULL;
}

void
cairn_hash_add (CairnHash *hash, const void *bytes, size_t n_bytes)
{
  gnutls_hash (hash->handle, bytes, n_bytes);
}

char *
cairn_hash_end (CairnHash *hash)
{
  uint8_t digest[DIGEST_BYTES];
  GString *text;

  if (!hash)
    return NULL;
  text = g_string_sized_new (2 * DIGEST_BYTES);
  gnutls_hash_deinit (hash->handle, digest);
  g_free (hash);
  for (unsigned i = 0; i < DIGEST_BYTES; i++)
    g_string_append_printf (text, "%02x", digest[i]);
  return g_string_free (text, FALSE);
}

gboolean
cairn_hash_file (int fd, const char *path, CairnDataFile *file, GError **error)
{
  g_autofree uint8_t *buffer = g_malloc (PIECE_BYTES);
  CairnHash *hash = cairn_hash_new (error);
  uint64_t size = 0;
  gboolean ok = hash != NULL;

  while (ok)
    {
      ssize_t n = pread (fd, buffer, PIECE_BYTES, (off_t)size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        ok = cairn_data_fail (path, "read", error);
      if (n <= 0)
        break;
      cairn_hash_add (hash, buffer, (size_t)n);
      size += (uint64_t)n;
    }
  g_free (file->sha256);
  file->sha256 = cairn_hash_end (hash);
  file->size_bytes = size;
  return ok;
}
