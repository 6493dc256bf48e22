/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a check of a password waits. */
#include "http/back-off.h"

#define FREE_FAILURES 10
#define FIRST_MS      100
#define MOST_MS       5000
#define QUEUE_MS      10000            /* a client waits no longer than this before it is refused */
#define FORGET_MS     (15 * 60 * 1000) /* without a failure */
#define CULPRITS_MAX  4096

struct HttpBackOff
{
  GMutex lock;
  GHashTable *culprits; /* address (and user) -> Culprit */
};

typedef struct
{
  guint n_failures; /* in a row */
  gint64 last_ms;
  gint64 next_ms; /* when the next check may be */
} Culprit;

HttpBackOff *
http_back_off_new (void)
{
  HttpBackOff *back_off = g_new0 (HttpBackOff, 1);

  g_mutex_init (&back_off->lock);
  back_off->culprits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return back_off;
}

void
http_back_off_free (HttpBackOff *back_off)
{
  if (!back_off)
    return;
  g_hash_table_unref (back_off->culprits);
  g_mutex_clear (&back_off->lock);
  g_free (back_off);
}

static gint64
now_ms (void)
{
  return g_get_monotonic_time () / 1000;
}

static int
distance_ms (const Culprit *culprit)
{
  guint doublings = MIN (culprit->n_failures - FREE_FAILURES, 10);

  return MIN (FIRST_MS << doublings, MOST_MS);
}

int
http_back_off_wait_ms (HttpBackOff *back_off, const char *who)
{
  gint64 now = now_ms ();
  Culprit *culprit;
  int wait_ms = 0;

  g_mutex_lock (&back_off->lock);
  culprit = g_hash_table_lookup (back_off->culprits, who);
  if (culprit && culprit->n_failures >= FREE_FAILURES)
    {
      gint64 at_ms = MAX (culprit->next_ms, now);

      wait_ms = at_ms - now > QUEUE_MS ? -1 : (int)(at_ms - now);
      if (wait_ms >= 0)
        culprit->next_ms = at_ms + distance_ms (culprit);
    }
  g_mutex_unlock (&back_off->lock);
  return wait_ms;
}

/* Drops those who were quiet for long, or, when there are none, the one who was for longest. */
static void
make_room (GHashTable *culprits)
{
  gint64 now = now_ms ();
  gint64 oldest_ms = G_MAXINT64;
  gconstpointer oldest = NULL;
  GHashTableIter iter;
  gpointer who;
  gpointer value;

  g_hash_table_iter_init (&iter, culprits);
  while (g_hash_table_iter_next (&iter, &who, &value))
    {
      gint64 last_ms = ((Culprit *)value)->last_ms;

      if (now - last_ms > FORGET_MS)
        g_hash_table_iter_remove (&iter);
      else if (last_ms < oldest_ms)
        {
          oldest_ms = last_ms;
          oldest = who;
        }
    }
  if (g_hash_table_size (culprits) >= CULPRITS_MAX)
    g_hash_table_remove (culprits, oldest);
}

void
http_back_off_failed (HttpBackOff *back_off, const char *who)
{
  gint64 now = now_ms ();
  Culprit *culprit;

  g_mutex_lock (&back_off->lock);
  culprit = g_hash_table_lookup (back_off->culprits, who);
  if (!culprit)
    {
      if (g_hash_table_size (back_off->culprits) >= CULPRITS_MAX)
        make_room (back_off->culprits);
      culprit = g_new0 (Culprit, 1);
      g_hash_table_insert (back_off->culprits, g_strdup (who), culprit);
    }
  if (now - culprit->last_ms > FORGET_MS)
    culprit->n_failures = 0;
  culprit->n_failures++;
  culprit->last_ms = now;
  if (culprit->n_failures >= FREE_FAILURES)
    culprit->next_ms = MAX (culprit->next_ms, now + distance_ms (culprit));
  g_mutex_unlock (&back_off->lock);
}

void
http_back_off_succeeded (HttpBackOff *back_off, const char *who)
{
  g_mutex_lock (&back_off->lock);
  g_hash_table_remove (back_off->culprits, who);
  g_mutex_unlock (&back_off->lock);
}
