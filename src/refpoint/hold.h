/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hold.h: a recovery checkpoint that this process holds.
 *
 * Its point is in the store with its bitmaps, but the store shows it to nobody until the checkpoint
 * is released (converted). Who holds one has the store's lock of its GUID, for as long as the views
 * last: a free lock means that nobody holds it any more, and recovery destroys it.
 *
 * Order of locks: the VM's, then a checkpoint's. A holder waits for the VM's only to end by itself.
 */
#ifndef CAIRN_HOLD_H
#define CAIRN_HOLD_H

#include <cairn/snapshot.h>

#include "refpoint/base.h"
#include "refpoint/frozen.h"
#include "refpoint/operation.h"

typedef struct
{
  CairnService *service;   /* borrowed */
  CairnVm *vm;             /* owned: as it was at that moment */
  CairnSnapshot *snapshot; /* owned: as it is stored */
  CairnFrozen *frozen;     /* owned; views and addresses are parallel to the VM's disks */
  CairnStoreLock *lock;    /* owned */
} CairnHold;

/* Leaves media in drives out of the operation's VM: they aren't held. Before a base is looked for,
 * whose disks are parallel. */
void cairn_hold_leave_out_media (CairnOperation *operation);

/* OPTIONS: how long it may last, a lease < 0 meaning as long as this process wants; TYPE: of the
 * point. The changes since BASE (may be NULL) can be told exactly. OPERATION is of the VM, which
 * has no other checkpoint. *VERDICTS (may be NULL), of CairnDiskVerdict, is set on success, and
 * when it fails because of them. Errors: those of cairn_service_create_snapshot. The caller ends
 * it. */
CairnHold *cairn_hold_begin (CairnOperation *operation, const CairnFreezeOptions *options,
                             CairnPointType type, const CairnBase *base, GPtrArray **verdicts,
                             GError **error);

/* Lets go of the views. What the store says of it is somebody else's by now, or recovery's. */
void cairn_hold_end (CairnHold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnHold, cairn_hold_end)

/* Destroys the checkpoint, unless it isn't in the store any more, and ends the hold. What can't be
 * done now, recovery does. */
void cairn_hold_give_up (CairnHold *hold);

#endif
