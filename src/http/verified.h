/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verified.h: who has shown who he is, and the memory of it.
 *
 * A check of a password costs milliseconds, so what came of it is kept for a minute, under
 * HMAC-SHA-256 of the Authorization header with a key that is made anew in each process: neither
 * the password nor anything that it could be guessed from elsewhere is kept. Failures never are.
 * Any thread.
 */
#ifndef HTTP_VERIFIED_H
#define HTTP_VERIFIED_H

#include "refpoint/caller.h"

#define HTTP_VERIFIED_S           60
#define HTTP_VERIFIED_DIGEST_SIZE 32

typedef struct
{
  gatomicrefcount references;
  CairnCaller *caller;
  gint64 until_us; /* monotonic */
} HttpVerified;

/* Takes over CALLER. */
HttpVerified *http_verified_new (CairnCaller *caller);
HttpVerified *http_verified_ref (HttpVerified *verified);
void http_verified_unref (HttpVerified *verified); /* NULL does nothing */

typedef struct HttpVerifiedCache HttpVerifiedCache;

HttpVerifiedCache *http_verified_cache_new (GError **error);
void http_verified_cache_free (HttpVerifiedCache *cache);

void http_verified_cache_digest (HttpVerifiedCache *cache, const char *header,
                                 guint8 out_digest[HTTP_VERIFIED_DIGEST_SIZE]);

/* Digests as keys of a hash table. */
guint http_digest_hash (gconstpointer digest);
gboolean http_digest_equal (gconstpointer a, gconstpointer b);

/* A reference, or NULL. */
HttpVerified *http_verified_cache_find (HttpVerifiedCache *cache,
                                        const guint8 digest[HTTP_VERIFIED_DIGEST_SIZE]);

/* Counts how often the cache was cleared: taken before a check, so that its outcome isn't kept when
 * the ground for it went away meanwhile. */
guint http_verified_cache_era (HttpVerifiedCache *cache);
void http_verified_cache_keep (HttpVerifiedCache *cache, guint era,
                               const guint8 digest[HTTP_VERIFIED_DIGEST_SIZE],
                               HttpVerified *verified);
void http_verified_cache_clear (HttpVerifiedCache *cache);

#endif
