/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* create.h: a point that is about to be made. */
#ifndef CAIRN_CREATE_H
#define CAIRN_CREATE_H

#include "refpoint/operation.h"

/* Fills POINT, a new one, with its names and an anchor for every disk of the operation's VM that
 * can be tracked; those go to TRACKED (of CairnDisk, borrowed), and a verdict of every disk to
 * *VERDICTS, also with INVALID_STATE. Errors: those of create. */
gboolean cairn_create_prepare (CairnOperation *operation, const CairnCreateOptions *options,
                               CairnPoint *point, GPtrArray *tracked, GPtrArray **verdicts,
                               GError **error);

/* INVALID_PARAMETER. */
gboolean cairn_create_check (const CairnCreateOptions *options, GError **error);

/* How a point's bitmaps come to be. */
typedef struct
{
  /* Adds them, all or none; errors: those of the tracker's add_bitmap. */
  gboolean (*add) (CairnTracker *tracker, const CairnBitmapOrder *order, gpointer user,
                   GError **error);
  void (*complete) (CairnStoreChange *change, gpointer user); /* the change that makes the point
                                                                 true; NULL = nothing more */
  void (*take_back) (gpointer user); /* before the bitmaps are removed again; NULL = nothing */
  gpointer user;
} CairnAnchoring;

/* Sets the bitmaps of POINT (prepared) and makes it true, with an intent around both. */
gboolean cairn_create_anchor (CairnOperation *operation, CairnPoint *point,
                              const GPtrArray *tracked, const CairnAnchoring *anchoring,
                              GError **error);

#endif
