/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation.h: the service's inside, and what every call has: a time limit and, when it changes
 * something, the VM to itself.
 *
 * Order of locks: the VM's lock, then (inside the tracker) the images'. Nothing takes two VMs'
 * locks.
 */
#ifndef CAIRN_OPERATION_H
#define CAIRN_OPERATION_H

#include <cairn/service.h>

#include "refpoint/config.h"
#include "refpoint/store.h"
#include "refpoint/tracker.h"

/* How long a call waits for another operation on the same VM before it says SYSTEM_IN_USE: longer
 * than the longest ordinary one (30 ms a disk), short enough for a person. */
#define CAIRN_VM_LOCK_MS 2000

/* The default time limit of a call. */
#define CAIRN_TIMEOUT_DEFAULT_MS (60 * 60 * 1000)

struct CairnService
{
  CairnStore *store;     /* owned */
  CairnTracker *tracker; /* owned */
  CairnConfig *config;   /* owned */
  int64_t timeout_us;
  int64_t opening_us; /* when the opening began: its time counts for the first call; then 0 */
  gboolean recovers;  /* FALSE only in tests that show what recovery is for */
};

/* The factory's way in (src/service): takes over STORE, TRACKER and CONFIG, and recovers what was
 * left unfinished. Never fails: what can't be recovered now is told when its VM is used. */
CairnService *cairn_service_new (CairnStore *store, CairnTracker *tracker, CairnConfig *config,
                                 int64_t opening_us);

/* One call on one VM. */
typedef struct
{
  CairnService *service; /* borrowed */
  int64_t deadline;      /* monotonic, microseconds */
  CairnVm *vm;           /* owned */
  CairnStoreLock *lock;  /* owned; NULL when the call only reads */
} CairnOperation;

/* A call's deadline, from now. */
int64_t cairn_service_start_call (CairnService *service);

/* The VM by name or GUID; the caller's. INVALID_PARAMETER when unknown. */
CairnVm *cairn_service_find_vm (CairnService *service, const char *name_or_guid, GError **error);

/* Takes the VM's lock, finishes what an earlier operation on it left, and reads the VM afresh.
 * SYSTEM_IN_USE, STATUS_UNKNOWN (it couldn't be finished). The caller ends it. */
CairnOperation *cairn_operation_begin (CairnService *service, const char *vm, int64_t deadline,
                                       GError **error);
void cairn_operation_end (CairnOperation *operation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnOperation, cairn_operation_end)

/* FALSE with TIMEOUT once the deadline has passed. */
gboolean cairn_deadline_check (int64_t deadline, GError **error);

/* A point that must exist; the caller's. INVALID_PARAMETER. */
CairnPoint *cairn_service_find_point (CairnService *service, const char *id, GError **error);

/* One change of the store. */
gboolean cairn_service_apply (CairnService *service, const CairnStoreChange *change,
                              GError **error);

#endif
