/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* judge.h: one look at an image for a set of anchors. */
#ifndef CAIRN_OFFLINE_JUDGE_H
#define CAIRN_OFFLINE_JUDGE_H

#include "tracker/offline/backing.h"
#include "tracker/offline/evidence.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/image.h"

typedef struct
{
  CairnImage *image;
  int64_t deadline;
  CairnDirectory *directory; /* NULL when the image's verdict or QEMU must answer */
  CairnEvidence *evidence;   /* as above */
  GPtrArray *layers;         /* those below; read when first needed */
  CairnNbdImage *described;  /* by QEMU; read when first needed */
} CairnLook;

/* Opens the image at PATH. Never NULL. */
CairnLook *cairn_look_new (const char *path, int64_t deadline);
void cairn_look_free (CairnLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLook, cairn_look_free)

/* Judges one anchor, the newest of the disk first. Fails on TIMEOUT and OUT_OF_MEMORY only.
 * JUDGEMENT must be empty before. */
gboolean cairn_look_judge (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
                           GError **error);

/* The dirty ranges of an anchor that was judged TRACKED. When the image turns out to be damaged,
 * JUDGEMENT is changed and *EXTENTS stays unset. Fails as above. */
gboolean cairn_look_extents (CairnLook *look, const CairnAnchor *anchor, uint64_t offset_bytes,
                             uint64_t length_bytes, GArray **extents, CairnJudgement *judgement,
                             GError **error);

#endif
