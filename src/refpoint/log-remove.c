/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RemoveAssociatedData, and what becomes of the logs of points that are forgotten. */
#include "refpoint/logs.h"
#include "refpoint/operation.h"

/* Point and intent first, so that a log that is half gone is never taken for a whole one. */
static gboolean
remove_log (CairnOperation *operation, CairnPoint *point, GError **error)
{
  CairnService *service = operation->service;
  g_autoptr (CairnIntent) intent = cairn_intent_new (CAIRN_INTENT_FORGET, operation->vm->guid);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange begin = { .replace_points = points, .put_intent = intent };
  CairnStoreChange undo = { .replace_points = points, .remove_intent = intent->id };
  CairnStoreChange done = { .remove_intent = intent->id };

  g_ptr_array_add (points, point);
  cairn_intent_set_point (intent, point->instance_id, "");
  cairn_logs_name (service, point, intent);
  point->has_associated_data = FALSE;
  if (!cairn_service_apply (service, &begin, error))
    return FALSE;
  if (!cairn_logs_put_aside (intent, error))
    {
      point->has_associated_data = TRUE;
      cairn_service_apply (service, &undo, NULL);
      return FALSE;
    }
  /* What can't be removed now, recovery removes. */
  if (cairn_logs_remove (intent, NULL))
    cairn_service_apply (service, &done, NULL);
  return TRUE;
}

gboolean
cairn_service_remove_associated_data (CairnService *service, const char *id, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnPoint) known = cairn_service_find_point (service, id, error);
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnPoint) point = NULL;

  if (!known || !known->has_associated_data)
    return known != NULL;
  operation = cairn_operation_begin_without_vm (service, known->vm_guid, deadline, error);
  if (!operation)
    return FALSE;
  /* Under the lock once more: another process may have been faster. */
  point = cairn_service_find_point (service, known->instance_id, error);
  if (!point || !point->has_associated_data)
    return point != NULL;
  return cairn_service_proceed (service, 50, error) && remove_log (operation, point, error);
}

gboolean
cairn_logs_forget (CairnService *service, const GPtrArray *points, CairnStoreChange *change,
                   GError **error)
{
  CairnStore *store = service->store;
  g_autoptr (CairnIntent) intent = cairn_intent_new_apart (CAIRN_INTENT_FORGET);
  CairnStoreChange done = { .remove_intent = intent->id };
  CairnStoreLock *lock;
  gboolean ok;

  for (guint i = 0; i < points->len; i++)
    cairn_logs_name (service, points->pdata[i], intent);
  if (intent->final_files->len == 0)
    return cairn_service_apply (service, change, error);
  lock = store->ops->lock_vm (store, intent->id, g_get_monotonic_time (), error);
  if (!lock)
    return FALSE;
  change->put_intent = intent;
  ok = cairn_service_apply (service, change, error);
  if (ok && cairn_logs_remove (intent, NULL))
    cairn_service_apply (service, &done, NULL);
  store->ops->unlock_vm (lock);
  return ok;
}
