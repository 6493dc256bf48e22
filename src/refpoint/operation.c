/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Begins and ends a call that has one VM to itself. */
#include "refpoint/operation.h"

#include "refpoint/recovery.h"

/* Takes the lock, but never waits past the call's own deadline. */
static CairnStoreLock *
lock_vm (CairnService *service, const char *guid, int64_t deadline, GError **error)
{
  int64_t patience = g_get_monotonic_time () + CAIRN_VM_LOCK_MS * 1000;

  return service->store->ops->lock_vm (service->store, guid, MIN (patience, deadline), error);
}

CairnOperation *
cairn_operation_begin (CairnService *service, const char *vm, int64_t deadline, GError **error)
{
  g_autoptr (CairnOperation) operation = g_new0 (CairnOperation, 1);
  g_autofree char *guid = NULL;

  operation->service = service;
  operation->deadline = deadline;
  operation->vm = cairn_service_find_vm (service, vm, error);
  if (!operation->vm)
    return NULL;
  guid = g_strdup (operation->vm->guid);
  operation->lock = lock_vm (service, guid, deadline, error);
  if (!operation->lock || !cairn_recovery_require (service, guid, error))
    return NULL;
  /* Another process may have changed the VM while we waited for it. */
  cairn_vm_free (operation->vm);
  operation->vm = cairn_service_find_vm (service, guid, error);
  if (!operation->vm || !cairn_deadline_check (deadline, error)
      || !cairn_service_may_change (service, operation->vm, error))
    return NULL;
  return g_steal_pointer (&operation);
}

void
cairn_operation_end (CairnOperation *operation)
{
  if (!operation)
    return;
  if (operation->lock)
    operation->service->store->ops->unlock_vm (operation->lock);
  cairn_vm_free (operation->vm);
  g_free (operation);
}
