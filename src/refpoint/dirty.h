/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dirty.h: a list of extents as bytes, as it stands in a runtime-state file.
 *
 * For each extent two unsigned LEB128 numbers: granules since the end of the one before (or the
 * start of the disk), then granules in it (at least 1). 2 to 6 bytes an extent in practice.
 */
#ifndef CAIRN_DIRTY_H
#define CAIRN_DIRTY_H

#include <cairn/extent.h>

#include "refpoint/granules.h"

/* EXTENTS rounded out to GRANULARITY_BYTES (> 0); the caller unrefs. */
GBytes *cairn_dirty_encode (const GArray *extents, uint64_t granularity_bytes);

/* Whether BYTES are such a list within a disk of SIZE_BYTES; *N_EXTENTS is how many it holds. Takes
 * no memory, whatever they are. */
gboolean cairn_dirty_check (GBytes *bytes, uint64_t granularity_bytes, uint64_t size_bytes,
                            uint64_t *n_extents);

/* The extents, clipped to a disk of SIZE_BYTES; NULL when the bytes aren't such a list or it leaves
 * the disk. */
GArray *cairn_dirty_decode (GBytes *bytes, uint64_t granularity_bytes, uint64_t size_bytes);

/* The dirty ones of the first N_GRANULES, as such a list. */
GBytes *cairn_dirty_encode_granules (const CairnGranules *granules, uint64_t n_granules);

/* Sets those of BYTES in GRANULES; FALSE when they aren't such a list or leave the disk. */
gboolean cairn_dirty_decode_granules (GBytes *bytes, CairnGranules *granules);

#endif
