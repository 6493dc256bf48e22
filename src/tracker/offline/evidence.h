/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* evidence.h: finds bitmaps that were cleared, or removed and made anew, behind our back. Such a
 * bitmap looks clean, and trusting it would lose changes. Three things give it away:
 *
 * 1. It was seen with more changes before than it holds now: a bitmap never shrinks.
 * 2. A newer point's bitmap holds a change that it lacks: an older one holds all that newer ones
 * do, unless adopt made it (refpoint/witness.h).
 * 3. Unless the disk has moved since: the image, and those between it and the one where the bitmap
 * begins, have allocated more guest clusters since the anchor was set than the bitmap has dirty.
 *
 * What escapes all three is in docs/verdicts.md. */
#ifndef CAIRN_OFFLINE_EVIDENCE_H
#define CAIRN_OFFLINE_EVIDENCE_H

#include "refpoint/tracker.h"
#include "tracker/offline/strand.h"

typedef struct CairnEvidence CairnEvidence;

/* One look at the disk whose active image is IMAGE, borrowed. */
CairnEvidence *cairn_evidence_new (const CairnImage *image);
void cairn_evidence_free (CairnEvidence *evidence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnEvidence, cairn_evidence_free)

/* Sets JUDGEMENT (which may have a moved_to): TRACKED with its dirty bytes, or DISABLED. STRAND is
 * native, of one granularity. To be called for the newest anchor of the disk first. Errors:
 * qcow2.h; JUDGEMENT is then untouched. */
gboolean cairn_evidence_judge (CairnEvidence *evidence, const CairnAnchor *anchor,
                               const CairnStrand *strand, CairnJudgement *judgement,
                               int64_t deadline, GError **error);

/* Rule 1 alone, for bitmaps that were read through QEMU. */
gboolean cairn_evidence_shrank (const CairnImage *image, const CairnAnchor *anchor,
                                uint64_t dirty_bytes, CairnJudgement *judgement);

#endif
