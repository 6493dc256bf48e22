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

/* What the anchors should know of their bitmaps once these record. */
void cairn_create_measure (CairnOperation *operation, CairnPoint *point, const GPtrArray *tracked);

#endif
