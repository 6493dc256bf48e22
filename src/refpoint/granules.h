/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* granules.h: which granules of a disk are dirty, one bit each: 2 MiB of address space per TiB at
 * 64 KiB, of which only what has set bits takes memory.
 *
 * Threads: several may set at once; all else only when nobody sets.
 */
#ifndef CAIRN_GRANULES_H
#define CAIRN_GRANULES_H

#include <cairn/extent.h>

typedef struct
{
  uint64_t size_bytes; /* of the disk; the last granule may reach beyond it */
  uint64_t granularity_bytes;
  uint64_t n_granules;
  uint64_t *words; /* bit n % 64 of word n / 64 stands for granule n; bits past the last are 0 */
} CairnGranules;

/* All clean. OUT_OF_MEMORY. */
CairnGranules *cairn_granules_new (uint64_t size_bytes, uint64_t granularity_bytes, GError **error);
void cairn_granules_free (CairnGranules *granules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnGranules, cairn_granules_free)

static inline uint64_t
cairn_granules_n_words (const CairnGranules *granules)
{
  return (granules->n_granules + 63) / 64;
}

void cairn_granules_set (CairnGranules *granules, uint64_t granule);

/* The first run of dirty granules at or after FROM and before END; FALSE when there is none. */
gboolean cairn_granules_next (const CairnGranules *granules, uint64_t from, uint64_t end,
                              uint64_t *first, uint64_t *n);

/* Dirty granules times granularity, as a bitmap counts them. */
uint64_t cairn_granules_total_bytes (const CairnGranules *granules);

/* TRUE when EXTENTS have some byte at least of every dirty granule; else *OFFSET_BYTES is where the
 * first lies of which they have none. */
gboolean cairn_granules_are_touched (const CairnGranules *granules, const GArray *extents,
                                     uint64_t *offset_bytes);

#endif
