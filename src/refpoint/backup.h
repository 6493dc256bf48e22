/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.h: a VM frozen, copied and released in one call. */
#ifndef CAIRN_REFPOINT_BACKUP_H
#define CAIRN_REFPOINT_BACKUP_H

#include "refpoint/backing.h"

CairnBackup *cairn_backup_new (void);

/* Makes a point of TYPE of VM and copies its disks as its options say. BACKING is begun, and
 * cleared whatever happens. */
gboolean cairn_backup_run (CairnBackingUp *backing, const char *vm, CairnPointType type,
                           int64_t deadline, CairnBackup **backup, GError **error);

#endif
