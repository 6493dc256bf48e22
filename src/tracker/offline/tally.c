/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Population counts over 64-bit words. */
#include "tracker/offline/tally.h"

typedef struct
{
  CairnTally tally;
  const uint64_t *newer;
  uint64_t *copy;
  size_t n_words;
  unsigned group_bits; /* log2 of the granules in one guest cluster; 0 = at most one */
  uint64_t group_mask; /* for groups within a word: the first bit of each */
  uint64_t next_group; /* for groups of words: those before were counted */
} TallySink;

size_t
cairn_tally_words (const CairnBitmap *bitmap)
{
  return (size_t)((bitmap->n_bits + 63) / 64);
}

/* Clusters touched by the dirty granules of one word. */
static uint64_t
count_groups (TallySink *sink, uint64_t index, uint64_t word)
{
  if (sink->group_bits >= 6)
    {
      uint64_t group = index >> (sink->group_bits - 6);

      if (group < sink->next_group)
        return 0;
      sink->next_group = group + 1;
      return 1;
    }
  word = GUINT64_FROM_LE (word);
  for (unsigned shift = 1; shift < 1u << sink->group_bits; shift <<= 1)
    word |= word >> shift;
  return (uint64_t)__builtin_popcountll (word & sink->group_mask);
}

static void
take_tally (void *taker, uint64_t first_byte, const uint8_t *bytes, size_t n)
{
  TallySink *sink = taker;
  uint64_t first = first_byte / 8;
  size_t n_words = (size_t)MIN (n / 8, sink->n_words - MIN (first, sink->n_words));

  for (size_t i = 0; (i = cairn_bits_skip_zeros (bytes, i, n_words)) < n_words; i++)
    {
      uint64_t word;

      memcpy (&word, bytes + i * 8, sizeof word);
      sink->tally.n_dirty += (uint64_t)__builtin_popcountll (word);
      if (sink->group_bits > 0)
        sink->tally.n_dirty_clusters += count_groups (sink, first + i, word);
      if (sink->newer)
        sink->tally.n_shared += (uint64_t)__builtin_popcountll (word & sink->newer[first + i]);
      if (sink->copy)
        sink->copy[first + i] = word;
    }
}

gboolean
cairn_tally_bitmap (const CairnBitmap *bitmap, const uint64_t *newer, uint64_t *copy,
                    CairnTally *tally, int64_t deadline, GError **error)
{
  uint32_t cluster_bits = bitmap->image->cluster_bits;
  TallySink sink = { .newer = newer, .copy = copy, .n_words = cairn_tally_words (bitmap) };

  if (cluster_bits > bitmap->granularity_bits)
    sink.group_bits = cluster_bits - bitmap->granularity_bits;
  if (sink.group_bits > 0 && sink.group_bits < 6)
    for (unsigned bit = 0; bit < 64; bit += 1u << sink.group_bits)
      sink.group_mask |= UINT64_C (1) << bit;
  if (copy)
    memset (copy, 0, sink.n_words * sizeof *copy);
  if (!cairn_bitmap_scan (bitmap, 0, (bitmap->n_bits + 7) / 8, take_tally, &sink, deadline, error))
    return FALSE;
  if (sink.group_bits == 0)
    sink.tally.n_dirty_clusters = sink.tally.n_dirty << (bitmap->granularity_bits - cluster_bits);
  *tally = sink.tally;
  return TRUE;
}
