/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of granules. */
#include "refpoint/granules.h"

#define WORD_BITS 64u

CairnGranules *
cairn_granules_new (uint64_t size_bytes, uint64_t granularity_bytes, GError **error)
{
  g_autoptr (CairnGranules) granules = g_new0 (CairnGranules, 1);

  granules->size_bytes = size_bytes;
  granules->granularity_bytes = granularity_bytes;
  granules->n_granules = size_bytes / granularity_bytes + (size_bytes % granularity_bytes != 0);
  /* Pages of it that are never set are never touched. */
  granules->words = g_try_new0 (uint64_t, MAX (1, cairn_granules_n_words (granules)));
  if (granules->words)
    return g_steal_pointer (&granules);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "no memory for the %" G_GUINT64_FORMAT " granules of a disk of %" G_GUINT64_FORMAT
               " bytes; free some and try again",
               granules->n_granules, size_bytes);
  return NULL;
}

void
cairn_granules_free (CairnGranules *granules)
{
  if (!granules)
    return;
  g_free (granules->words);
  g_free (granules);
}

void
cairn_granules_set (CairnGranules *granules, uint64_t granule)
{
  __atomic_fetch_or (&granules->words[granule / WORD_BITS], UINT64_C (1) << granule % WORD_BITS,
                     __ATOMIC_RELAXED);
}

/* The first granule at or after FROM whose bit is IS_SET, or END. */
static uint64_t
find (const CairnGranules *granules, uint64_t from, uint64_t end, gboolean is_set)
{
  while (from < end)
    {
      /* Others may be setting bits beyond END of the same word. */
      uint64_t word = __atomic_load_n (&granules->words[from / WORD_BITS], __ATOMIC_RELAXED);
      uint64_t left = (is_set ? word : ~word) >> from % WORD_BITS;

      if (left != 0)
        return MIN (end, from + (uint64_t)__builtin_ctzll (left));
      from += WORD_BITS - from % WORD_BITS;
    }
  return end;
}

gboolean
cairn_granules_next (const CairnGranules *granules, uint64_t from, uint64_t end, uint64_t *first,
                     uint64_t *n)
{
  end = MIN (end, granules->n_granules);
  *first = find (granules, from, end, TRUE);
  if (*first >= end)
    return FALSE;
  *n = find (granules, *first, end, FALSE) - *first;
  return TRUE;
}

uint64_t
cairn_granules_total_bytes (const CairnGranules *granules)
{
  uint64_t n_words = cairn_granules_n_words (granules), n = 0;

  for (uint64_t i = 0; i < n_words; i++)
    n += (uint64_t)__builtin_popcountll (granules->words[i]);
  return n * granules->granularity_bytes;
}

/* The first of EXTENTS from *AT on that ends after OFFSET, or NULL. */
static const CairnExtent *
find_extent (const GArray *extents, guint *at, uint64_t offset_bytes)
{
  for (; *at < extents->len; ++*at)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, *at);

      if (extent->offset_bytes + extent->length_bytes > offset_bytes)
        return extent;
    }
  return NULL;
}

gboolean
cairn_granules_are_touched (const CairnGranules *granules, const GArray *extents,
                            uint64_t *offset_bytes)
{
  uint64_t first, n, from = 0;
  guint at = 0;

  for (; cairn_granules_next (granules, from, granules->n_granules, &first, &n); from = first + n)
    for (uint64_t i = first; i < first + n; i++)
      {
        uint64_t begin = i * granules->granularity_bytes;
        const CairnExtent *extent = find_extent (extents, &at, begin);

        *offset_bytes = begin;
        if (!extent || extent->offset_bytes >= begin + granules->granularity_bytes)
          return FALSE;
      }
  return TRUE;
}
