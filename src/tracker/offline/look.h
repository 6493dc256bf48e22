/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* look.h: the reading side of the offline tracker: what an image is, what its bitmaps say, and
 * whether they can be believed. Nothing here writes to an image.
 *
 * The functions are the tracker's methods of the same names (refpoint/tracker.h), which says
 * what they promise. They keep no state: any thread, any number at once. A DEADLINE is a
 * g_get_monotonic_time() value; G_MAXINT64 for none.
 */
#ifndef CAIRN_OFFLINE_LOOK_H
#define CAIRN_OFFLINE_LOOK_H

#include "refpoint/tracker.h"

/* What DISK's image is; never fails. The caller clears *PROBE. */
void cairn_offline_probe (const CairnDisk *disk, CairnDiskProbe *probe);

/* Judges N anchors (oldest first) in one look at DISK's image. Fails with CAIRN_ERROR_TIMEOUT or
 * OUT_OF_MEMORY only; JUDGEMENTS, which the caller clears, is then all empty. */
gboolean cairn_offline_judge (const CairnDisk *disk, const CairnAnchor *const *anchors,
                              size_t n_anchors, CairnJudgement *judgements, int64_t deadline,
                              GError **error);

/* The changes since ANCHOR within [offset, offset + length), clipped to the disk. *EXTENTS is set
 * only when JUDGEMENT, which the caller clears, says tracked. Fails as judge does. */
gboolean cairn_offline_changes (const CairnDisk *disk, const CairnAnchor *anchor,
                                uint64_t offset_bytes, uint64_t length_bytes, GArray **extents,
                                CairnJudgement *judgement, int64_t deadline, GError **error);

/* All bitmaps of the active layers of VM's images. Fails with TIMEOUT or OUT_OF_MEMORY only. */
CairnInventory *cairn_offline_take_inventory (const CairnVm *vm, int64_t deadline, GError **error);

/* The tracker's compare_origin. */
gboolean cairn_offline_compare_origin (const CairnDisk *disk, const CairnAnchor *anchor,
                                       const GArray *extents, CairnJudgement *judgement,
                                       int64_t deadline, GError **error);

/* What ANCHOR should know of its bitmap. */
void cairn_offline_measure (const CairnDisk *disk, CairnAnchor *anchor);

#endif
