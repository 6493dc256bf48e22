/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.h: a VM frozen, copied and released in one call. */
#ifndef CAIRN_REFPOINT_BACKUP_H
#define CAIRN_REFPOINT_BACKUP_H

#include "refpoint/backing.h"
#include "refpoint/hold.h"

CairnBackup *cairn_backup_new (void);

/* Copies what HOLD holds, relative to BASE (NULL = nothing), and makes its point true. BACKING is
 * begun. Whatever happens, BACKING is cleared and HOLD ended; after a failure the checkpoint is
 * destroyed. */
gboolean cairn_backup_copy (CairnBackingUp *backing, CairnHold *hold, const CairnBase *base,
                            int64_t deadline, CairnBackup **backup, GError **error);

#endif
