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

/* When no layer of STRAND is at the anchor's path and a file is there that has the bitmap, all that
 * it holds must be in STRAND; otherwise JUDGEMENT is set to DISABLED, or to what keeps the file
 * from being looked at. When the bitmap has moved, and all of it, only JUDGEMENT's moved_to is set.
 * ORIGINS keeps the files that were opened.
 * Errors: TIMEOUT, OUT_OF_MEMORY; qcow2.h for STRAND's layers. */
gboolean cairn_origin_judge (GPtrArray *origins, const CairnAnchor *anchor,
                             const CairnStrand *strand, CairnJudgement *judgement, int64_t deadline,
                             GError **error);

#endif
