/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* judge.h: one look at a disk's images for a set of anchors. */
#ifndef CAIRN_OFFLINE_JUDGE_H
#define CAIRN_OFFLINE_JUDGE_H

#include "tracker/offline/evidence.h"
#include "tracker/offline/strand.h"

typedef struct
{
  CairnChain *chain;
  int64_t deadline;
  CairnEvidence *evidence; /* made when first needed */
  GPtrArray *origins;      /* of CairnLayer: files where anchors of the disk once were; as needed */
} CairnLook;

/* Opens the image at PATH. Never NULL. */
CairnLook *cairn_look_new (const char *path, int64_t deadline);
void cairn_look_free (CairnLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLook, cairn_look_free)

/* The active image; borrowed. */
const CairnImage *cairn_look_image (const CairnLook *look);

/* Whether anybody has written meanwhile to what was looked at; *PATH (borrowed) names that. */
CairnImageState cairn_look_state (const CairnLook *look, const char **path);

/* Judges one anchor, the newest of the disk first. Fails on TIMEOUT and OUT_OF_MEMORY only.
 * JUDGEMENT must be empty before. */
gboolean cairn_look_judge (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
                           GError **error);

/* The dirty ranges of an anchor that was judged TRACKED. When the image turns out to be damaged,
 * JUDGEMENT is changed and *EXTENTS stays unset. Fails as above. */
gboolean cairn_look_extents (CairnLook *look, const CairnAnchor *anchor, uint64_t offset_bytes,
                             uint64_t length_bytes, GArray **extents, CairnJudgement *judgement,
                             GError **error);

/* Sets what an anchor should know of its bitmap, which is there: how much is allocated in the
 * images from the active one down to where it begins (0 when that isn't counted), and the path of
 * that one. */
void cairn_look_measure (CairnLook *look, CairnAnchor *anchor);

#endif
