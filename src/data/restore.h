/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore.h: backups verified, and disks made of them again. */
#ifndef CAIRN_DATA_RESTORE_H
#define CAIRN_DATA_RESTORE_H

#include "refpoint/data.h"

/* module table's restore. */
gboolean cairn_data_restore (const char *const *directories, const char *to,
                             const CairnDataTick *tick, uint64_t *total, GPtrArray *paths,
                             GError **error);

#endif
