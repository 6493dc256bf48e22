/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rename.h: another label for a recovery checkpoint. */
#ifndef CAIRN_RENAME_H
#define CAIRN_RENAME_H

#include <cairn/snapshot.h>

/* ModifySystemSettings: SNAPSHOT, and the point it becomes, bear LABEL. Errors: INVALID_PARAMETER
 * (unknown; too long), SYSTEM_IN_USE. */
gboolean cairn_service_rename_snapshot (CairnService *service, const char *snapshot,
                                        const char *label, GError **error);

#endif
