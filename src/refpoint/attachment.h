/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attachment.h: which disk of a VM an anchor belongs to, and what holds for it there. */
#ifndef CAIRN_ATTACHMENT_H
#define CAIRN_ATTACHMENT_H

#include "refpoint/operation.h"

/* The VM's disk that ANCHOR means: by identifier, else target, else path; NULL when it isn't
 * attached. Borrowed from VM. VM may be NULL. */
CairnDisk *cairn_anchor_find_disk (const CairnAnchor *anchor, const CairnVm *vm);

/* The verdict where there is nothing to look at: the anchor was never tied to a bitmap, or its disk
 * isn't attached (DISK is NULL), or the VM isn't known (VM is NULL, and DISK). FALSE when the
 * tracker must be asked. */
gboolean cairn_anchor_judge_unattached (const CairnAnchor *anchor, const CairnVm *vm,
                                        const CairnDisk *disk, CairnJudgement *judgement);

/* Verdicts after which changes may be missing for good: whatever mends their outward sign (the
 * bitmap enabled or added again, the disk shrunk back) doesn't bring back what wasn't recorded. An
 * overlay isn't among them: committed, its base's bitmap is right again. */
gboolean cairn_verdict_loses_changes (CairnVerdict verdict);

/* Remembers what a look at an anchor showed: how much was dirty (what was dirty once can't become
 * clean by itself, so a bitmap that shows less was cleared), and that it is lost. JUDGEMENT becomes
 * DISABLED when the anchor was lost before. */
void cairn_anchor_note_seen (CairnService *service, const CairnPoint *point,
                             const CairnAnchor *anchor, CairnJudgement *judgement);

/* Judges every anchor of POINTS (of CairnPoint, oldest first, all of VM), each image looked at
 * once. The result, of CairnPointState in the same order, takes copies of the points. */
GPtrArray *cairn_points_judge (CairnService *service, const CairnVm *vm, const GPtrArray *points,
                               int64_t deadline, GError **error);

/* The next newer points of the same VM (a few): their bitmaps may show that this one's was cleared.
 */
GPtrArray *cairn_point_newer_siblings (CairnService *service, const CairnPoint *point,
                                       GError **error);

/* Judges one point, together with its newer siblings. */
CairnPointState *cairn_point_judge (CairnService *service, const CairnVm *vm,
                                    const CairnPoint *point, int64_t deadline, GError **error);

/* TRUE when every verdict is TRACKED, or UNANCHORED. Else INVALID_STATE, or SYSTEM_IN_USE when a
 * disk is only busy; the sentence names DOING ("exported"), the first disk and how many more. */
gboolean cairn_verdicts_require (const GPtrArray *verdicts, const char *object, const char *doing,
                                 GError **error);

#endif
