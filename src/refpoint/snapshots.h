/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshots.h: recovery checkpoints as the store has them, whoever holds them. */
#ifndef CAIRN_SNAPSHOTS_H
#define CAIRN_SNAPSHOTS_H

#include <cairn/snapshot.h>

#include "refpoint/operation.h"

/* What stands by to hold one (src/holder). */
#define CAIRN_HOLDER_PROGRAM "cairn-holder"

/* "Microsoft:<GUID>"; the caller frees. */
char *cairn_snapshot_id_format (const char *guid);

/* The one of that InstanceID or GUID, the caller's; INVALID_PARAMETER. */
CairnSnapshot *cairn_snapshot_find (CairnService *service, const char *id, GError **error);

gboolean cairn_snapshot_is_there (CairnService *service, const CairnSnapshot *snapshot);

/* Whether a process holds it. */
gboolean cairn_snapshot_is_held (CairnService *service, const CairnSnapshot *snapshot);

/* Whether it should be gone: nobody holds it any more, or its lease is over and its holder doesn't
 * mind. */
gboolean cairn_snapshot_is_stale (CairnService *service, const CairnSnapshot *snapshot);

/* Has the process that holds it let go of it, and returns when it has. The store has no such
 * checkpoint any more. SYSTEM_IN_USE when that process doesn't. */
gboolean cairn_snapshot_end_holder (CairnService *service, const CairnSnapshot *snapshot,
                                    GError **error);

/* Destroys it, whoever holds it. Its VM is locked. What fails is left to recovery. */
gboolean cairn_snapshot_remove (CairnService *service, const CairnSnapshot *snapshot,
                                GError **error);

/* *ERROR, why something couldn't be done with the VM's images, says so when they are in use because
 * the VM is held. */
void cairn_snapshots_explain (CairnService *service, const CairnVm *vm, GError **error);

/* Destroys the stale ones of the VM, which is locked. */
gboolean cairn_snapshots_recover (CairnService *service, const char *vm_guid, GError **error);

#endif
