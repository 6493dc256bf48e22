/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.h: what an edit of bitmaps has to do on which images, and whether it may be tried at all.
 * Nothing here changes an image. Any thread. */
#ifndef CAIRN_OFFLINE_PLAN_H
#define CAIRN_OFFLINE_PLAN_H

#include "tracker/offline/claim.h"
#include "tracker/offline/mend.h"
#include "tracker/qsd/qsd.h"

typedef struct
{
  CairnQsdAction action;
  const char *name;           /* borrowed */
  uint64_t granularity_bytes; /* for CAIRN_QSD_ADD */
  const CairnQsdGraft *graft; /* the same, on one image: what it begins with; NULL = nothing */
  gboolean may_exist; /* an addition: an image that has the bitmap, in whatever state, is done */
  int64_t deadline;
} CairnEdit;

/* One image that is to be changed. */
typedef struct
{
  CairnClaim *claim; /* borrowed */
  CairnBitmapState *before;
} CairnEditPart;

/* Whether the request itself makes sense. Errors: INVALID_PARAMETER, TIMEOUT. */
gboolean cairn_edit_check (const CairnEdit *edit, GError **error);

/* The parts (of CairnEditPart) of EDIT on CLAIMS: for an addition all of them, for a removal those
 * that have the bitmap. The caller unrefs the array before the claims.
 * Errors: NOT_SUPPORTED (raw, qcow2 version 2, encrypted), INVALID_STATE (damaged, or the bitmap to
 * add is there), FAILED (can't be read), OUT_OF_MEMORY. */
GPtrArray *cairn_edit_plan (const CairnEdit *edit, const GArray *claims, GError **error);

/* The same for a removal from the images of PARTS, as they are now. Never NULL: where an image
 * can't be read any more, ERROR is set to the first of those and the others are planned all the
 * same. */
GPtrArray *cairn_edit_plan_removal (const CairnEdit *edit, const GPtrArray *parts, GError **error);

/* Sets ERROR to CAUSE, a refusal of the qcow2 reader, with the image's name before it;
 * INVALID_STATE and a remedy where the image is damaged. */
void cairn_claim_fail (const CairnClaim *claim, const GError *cause, GError **error);

#endif
