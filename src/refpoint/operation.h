/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation.h: a call that has one VM to itself.
 *
 * Order of locks: the VM's lock, then (inside the tracker) the images'. Nothing takes two VMs'
 * locks.
 */
#ifndef CAIRN_OPERATION_H
#define CAIRN_OPERATION_H

#include "refpoint/engine.h"

/* How long a call waits for another operation on the same VM before it says SYSTEM_IN_USE: longer
 * than the longest ordinary one (30 ms a disk), short enough for a person. */
#define CAIRN_VM_LOCK_MS 2000

/* One call on one VM. */
typedef struct
{
  CairnService *service; /* borrowed */
  int64_t deadline;      /* monotonic, microseconds */
  CairnVm *vm;           /* owned */
  CairnStoreLock *lock;  /* owned; NULL when the call only reads */
  gboolean may_be_gone;  /* the hypervisor needn't know the VM */
} CairnOperation;

/* Takes the VM's lock, finishes what an earlier operation on it left, and reads the VM afresh.
 * SYSTEM_IN_USE, STATUS_UNKNOWN (it couldn't be finished). The caller ends it. */
CairnOperation *cairn_operation_begin (CairnService *service, const char *vm, int64_t deadline,
                                       GError **error);

/* The same, but leaves unfinished what was left so, and waits for the lock no longer than
 * PATIENCE_US. */
CairnOperation *cairn_operation_begin_as_is (CairnService *service, const char *vm,
                                             int64_t patience_us, int64_t deadline, GError **error);

/* The same as the first for a VM that its hypervisor may not know any more (undefined): it is one
 * without disks then. */
CairnOperation *cairn_operation_begin_without_vm (CairnService *service, const char *vm_guid,
                                                  int64_t deadline, GError **error);
void cairn_operation_end (CairnOperation *operation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnOperation, cairn_operation_end)

#endif
