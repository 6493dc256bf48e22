/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Begins and ends a call that has one VM to itself. */
#include "refpoint/operation.h"

#include "refpoint/recovery.h"

/* The VM as it is now. A bare one when it is gone and may be. */
static CairnVm *
find_vm (CairnOperation *operation, const char *vm, gboolean *is_gone, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnVm *found = cairn_service_find_vm (operation->service, vm, &cause);

  *is_gone = !found && operation->may_be_gone && cause->code == CAIRN_ERROR_INVALID_PARAMETER;
  if (*is_gone)
    return cairn_vm_new (vm, vm);
  if (!found)
    g_propagate_error (error, g_steal_pointer (&cause));
  return found;
}

/* Takes the lock, but never waits past the call's own deadline. */
static gboolean
lock_vm (CairnOperation *operation, const char *vm, int64_t patience_us, GError **error)
{
  CairnService *service = operation->service;
  int64_t patience = g_get_monotonic_time () + patience_us;
  gboolean is_gone;

  operation->vm = find_vm (operation, vm, &is_gone, error);
  if (!operation->vm)
    return FALSE;
  operation->lock = service->store->ops->lock_vm (service->store, operation->vm->guid,
                                                  MIN (patience, operation->deadline), error);
  return operation->lock != NULL;
}

/* Another process may have changed the VM while we waited for it. */
static gboolean
read_again (CairnOperation *operation, GError **error)
{
  g_autoptr (CairnVm) before = g_steal_pointer (&operation->vm);
  gboolean is_gone;

  operation->vm = find_vm (operation, before->guid, &is_gone, error);
  return operation->vm && cairn_deadline_check (operation->deadline, error)
         && (is_gone || cairn_service_may_change (operation->service, operation->vm, error));
}

static CairnOperation *
begin (CairnService *service, const char *vm, gboolean may_be_gone, int64_t deadline,
       GError **error)
{
  g_autoptr (CairnOperation) operation = g_new0 (CairnOperation, 1);

  operation->service = service;
  operation->deadline = deadline;
  operation->may_be_gone = may_be_gone;
  if (!lock_vm (operation, vm, CAIRN_VM_LOCK_MS * 1000, error)
      || !cairn_recovery_require (service, operation->vm->guid, error)
      || !read_again (operation, error))
    return NULL;
  return g_steal_pointer (&operation);
}

CairnOperation *
cairn_operation_begin (CairnService *service, const char *vm, int64_t deadline, GError **error)
{
  return begin (service, vm, FALSE, deadline, error);
}

CairnOperation *
cairn_operation_begin_without_vm (CairnService *service, const char *vm_guid, int64_t deadline,
                                  GError **error)
{
  return begin (service, vm_guid, TRUE, deadline, error);
}

CairnOperation *
cairn_operation_begin_as_is (CairnService *service, const char *vm, int64_t patience_us,
                             int64_t deadline, GError **error)
{
  g_autoptr (CairnOperation) operation = g_new0 (CairnOperation, 1);

  operation->service = service;
  operation->deadline = deadline;
  if (!lock_vm (operation, vm, patience_us, error) || !read_again (operation, error))
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
