/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy.h: a planned image written. */
#ifndef CAIRN_DATA_COPY_H
#define CAIRN_DATA_COPY_H

#include "data/hash.h"
#include "data/plan.h"

/* module table's write_image. */
gboolean cairn_copy_image (const CairnDataPlan *plan, int fd, const char *path,
                           const CairnDataTick *tick, CairnDataFile *file, GError **error);

/* Reserves room for the whole image, writes all that comes before the data, and adds it to HASH
 * (NULL = none). The data are to be written by whole clusters then, from memory aligned to pages.
 */
gboolean cairn_copy_head (const CairnDataPlan *plan, int fd, const char *path, CairnHash *hash,
                          GError **error);

#endif
