/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* judgement.h: what every tracker says in the same words about an anchor. docs/verdicts.md tells it
 * to users. Any thread. */
#ifndef CAIRN_JUDGEMENT_H
#define CAIRN_JUDGEMENT_H

#include "refpoint/tracker.h"

/* Replaces verdict and reason; nothing counts as dirty. */
void cairn_judgement_set (CairnJudgement *judgement, CairnVerdict verdict, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* TRUE when SIZE_BYTES, which the image at PATH has, isn't the anchor's; JUDGEMENT says so then. */
gboolean cairn_judgement_refuse_size (CairnJudgement *judgement, const char *path,
                                      const CairnAnchor *anchor, uint64_t size_bytes);

/* What an image says of a bitmap. */
typedef struct
{
  gboolean is_in_use; /* left so by a crash */
  gboolean is_recording;
  uint64_t granularity_bytes;
} CairnBitmapFlags;

/* TRUE when the anchor's bitmap in the image at PATH can't be trusted; JUDGEMENT says why then. */
gboolean cairn_judgement_refuse_flags (CairnJudgement *judgement, const char *path,
                                       const CairnAnchor *anchor, const CairnBitmapFlags *flags);

#endif
