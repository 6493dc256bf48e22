/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tally.h: counts a bitmap's bits in one pass. Errors: qcow2.h. */
#ifndef CAIRN_OFFLINE_TALLY_H
#define CAIRN_OFFLINE_TALLY_H

#include "tracker/offline/bitmap.h"

typedef struct
{
  uint64_t n_dirty;          /* granules */
  uint64_t n_dirty_clusters; /* guest clusters that they touch */
  uint64_t n_shared;         /* dirty granules that are also set in NEWER */
} CairnTally;

/* NEWER and COPY: NULL, or cairn_tally_words() words as they lie in the file: the bits to compare
 * with, and where to put this bitmap's. COPY's old content doesn't matter. */
gboolean cairn_tally_bitmap (const CairnBitmap *bitmap, const uint64_t *newer, uint64_t *copy,
                             CairnTally *tally, int64_t deadline, GError **error);

/* The words that hold all of BITMAP's bits. */
size_t cairn_tally_words (const CairnBitmap *bitmap);

#endif
