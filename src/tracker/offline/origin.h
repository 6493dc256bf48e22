/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* origin.h: the file where a disk was when an anchor was set, when the disk is elsewhere now.
 *
 * A disk that is copied, or flattened by block copy or pull, may have come without the bits that
 * its bitmap had, and nothing in the new file shows that: `qemu-img convert --bitmaps` of an
 * overlay takes the overlay's bitmaps alone, and so do `qemu-img rebase` and a block-stream that
 * libvirt doesn't know of (measured, QEMU 7.2). The file that it came from shows it, as long as it
 * is still there. */
#ifndef CAIRN_OFFLINE_ORIGIN_H
#define CAIRN_OFFLINE_ORIGIN_H

#include "refpoint/tracker.h"
#include "tracker/offline/strand.h"

/* What a bitmap of a disk holds now. All members are borrowed. */
typedef struct
{
  const char *path;          /* of the disk's active image, for messages */
  const CairnStrand *strand; /* where it is read; or... */
  const GArray *extents;     /* ...all of it */
} CairnHolding;

/* When a file at the anchor's path has the bitmap, all that it holds must be in HOLDING; otherwise
 * JUDGEMENT is set to DISABLED, or to what keeps the file from being looked at. ORIGINS keeps the
 * files that were opened. Errors: TIMEOUT, OUT_OF_MEMORY. */
gboolean cairn_origin_compare (GPtrArray *origins, const CairnAnchor *anchor,
                               const CairnHolding *holding, CairnJudgement *judgement,
                               int64_t deadline, GError **error);

/* The same when no layer of STRAND is at the anchor's path. When the bitmap has moved, and all of
 * it, only JUDGEMENT's moved_to is set. */
gboolean cairn_origin_judge (GPtrArray *origins, const CairnAnchor *anchor,
                             const CairnStrand *strand, CairnJudgement *judgement, int64_t deadline,
                             GError **error);

#endif
