/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has shown who he is, and the memory of it. */
#include "http/verified.h"

#include <gnutls/crypto.h>
#include <string.h>

#include <cairn/error.h>

#define KEY_BYTES   32
#define ENTRIES_MAX 1024 /* users times their passwords' spellings; more is somebody's game */

struct HttpVerifiedCache
{
  guint8 key[KEY_BYTES];
  GMutex lock;
  GHashTable *entries; /* digest -> HttpVerified */
  guint era;
};

HttpVerified *
http_verified_new (CairnCaller *caller)
{
  HttpVerified *verified = g_new0 (HttpVerified, 1);

  g_atomic_ref_count_init (&verified->references);
  verified->caller = caller;
  verified->until_us = g_get_monotonic_time () + HTTP_VERIFIED_S * G_USEC_PER_SEC;
  return verified;
}

HttpVerified *
http_verified_ref (HttpVerified *verified)
{
  g_atomic_ref_count_inc (&verified->references);
  return verified;
}

void
http_verified_unref (HttpVerified *verified)
{
  if (!verified || !g_atomic_ref_count_dec (&verified->references))
    return;
  cairn_caller_free (verified->caller);
  g_free (verified);
}

/* Digests are random to whoever doesn't know the key: any part of one is a good hash. */
guint
http_digest_hash (gconstpointer digest)
{
  guint hash;

  memcpy (&hash, digest, sizeof hash);
  return hash;
}

gboolean
http_digest_equal (gconstpointer a, gconstpointer b)
{
  return gnutls_memcmp (a, b, HTTP_VERIFIED_DIGEST_SIZE) == 0;
}

HttpVerifiedCache *
http_verified_cache_new (GError **error)
{
  HttpVerifiedCache *cache = g_new0 (HttpVerifiedCache, 1);

  g_mutex_init (&cache->lock);
  cache->entries = g_hash_table_new_full (http_digest_hash, http_digest_equal, g_free,
                                          (GDestroyNotify)http_verified_unref);
  if (gnutls_rnd (GNUTLS_RND_KEY, cache->key, KEY_BYTES) == 0)
    return cache;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "no key for signing in can be made: the system gives no random numbers");
  http_verified_cache_free (cache);
  return NULL;
}

void
http_verified_cache_free (HttpVerifiedCache *cache)
{
  if (!cache)
    return;
  g_hash_table_unref (cache->entries);
  g_mutex_clear (&cache->lock);
  gnutls_memset (cache->key, 0, KEY_BYTES);
  g_free (cache);
}

void
http_verified_cache_digest (HttpVerifiedCache *cache, const char *header,
                            guint8 out_digest[HTTP_VERIFIED_DIGEST_SIZE])
{
  int result = gnutls_hmac_fast (GNUTLS_MAC_SHA256, cache->key, KEY_BYTES, header, strlen (header),
                                 out_digest);

  g_assert (result == 0);
}

HttpVerified *
http_verified_cache_find (HttpVerifiedCache *cache, const guint8 digest[HTTP_VERIFIED_DIGEST_SIZE])
{
  HttpVerified *found;

  g_mutex_lock (&cache->lock);
  found = g_hash_table_lookup (cache->entries, digest);
  if (found && g_get_monotonic_time () < found->until_us)
    http_verified_ref (found);
  else if (found)
    {
      g_hash_table_remove (cache->entries, digest);
      found = NULL;
    }
  g_mutex_unlock (&cache->lock);
  return found;
}

guint
http_verified_cache_era (HttpVerifiedCache *cache)
{
  guint era;

  g_mutex_lock (&cache->lock);
  era = cache->era;
  g_mutex_unlock (&cache->lock);
  return era;
}

/* Drops what is too old, or, when that is nothing, what is nearest to it. */
static void
make_room (GHashTable *entries)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 oldest_us = G_MAXINT64;
  gconstpointer oldest = NULL;
  GHashTableIter iter;
  gpointer digest;
  gpointer value;

  g_hash_table_iter_init (&iter, entries);
  while (g_hash_table_iter_next (&iter, &digest, &value))
    {
      gint64 until_us = ((HttpVerified *)value)->until_us;

      if (until_us <= now_us)
        g_hash_table_iter_remove (&iter);
      else if (until_us < oldest_us)
        {
          oldest_us = until_us;
          oldest = digest;
        }
    }
  if (g_hash_table_size (entries) >= ENTRIES_MAX)
    g_hash_table_remove (entries, oldest);
}

void
http_verified_cache_keep (HttpVerifiedCache *cache, guint era,
                          const guint8 digest[HTTP_VERIFIED_DIGEST_SIZE], HttpVerified *verified)
{
  g_mutex_lock (&cache->lock);
  if (cache->era == era)
    {
      if (g_hash_table_size (cache->entries) >= ENTRIES_MAX)
        make_room (cache->entries);
      g_hash_table_replace (cache->entries, g_memdup2 (digest, HTTP_VERIFIED_DIGEST_SIZE),
                            http_verified_ref (verified));
    }
  g_mutex_unlock (&cache->lock);
}

void
http_verified_cache_clear (HttpVerifiedCache *cache)
{
  g_mutex_lock (&cache->lock);
  cache->era++;
  g_hash_table_remove_all (cache->entries);
  g_mutex_unlock (&cache->lock);
}
