/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every call of the service asks of its store and its tracker. */
#include "refpoint/engine.h"

#include "refpoint/recovery.h"

CairnService *
cairn_service_new (CairnStore *store, CairnTracker *tracker, CairnOpenCopyFunc open_copy,
                   CairnConfig *config, int64_t timeout_us)
{
  CairnService *service = g_new0 (CairnService, 1);

  service->store = store;
  service->tracker = tracker;
  service->open_copy = open_copy;
  service->config = config;
  service->timeout_us = timeout_us;
  service->recovers = g_strcmp0 (g_getenv ("CAIRN_RECOVERY"), "off") != 0;
  g_mutex_init (&service->watch_lock);
  g_cond_init (&service->watch_changed);
  return service;
}

void
cairn_service_close (CairnService *service)
{
  if (!service)
    return;
  service->tracker->ops->close (service->tracker);
  service->store->ops->close (service->store);
  cairn_config_free (service->config);
  g_free (service->data_directory);
  g_free (service->store_uri);
  g_free (service->connect_uri);
  g_free (service->config_file);
  g_mutex_clear (&service->watch_lock);
  g_cond_clear (&service->watch_changed);
  g_free (service);
}

void
cairn_service_set_monitor (CairnService *service, const CairnMonitor *monitor)
{
  service->monitor = monitor ? *monitor : (CairnMonitor){ 0 };
}

gboolean
cairn_service_proceed (CairnService *service, guint percent, GError **error)
{
  const CairnMonitor *monitor = &service->monitor;

  if (!monitor->proceed || monitor->proceed (MIN (percent, 99), monitor->user))
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "the operation was cancelled, and nothing was changed; order it again if it "
                       "is to be done after all");
  return FALSE;
}

int64_t
cairn_service_start_look (CairnService *service)
{
  int64_t start = service->opening_us ? service->opening_us : g_get_monotonic_time ();

  service->opening_us = 0;
  return start + service->timeout_us;
}

int64_t
cairn_service_start_call (CairnService *service)
{
  int64_t deadline = cairn_service_start_look (service);

  /* What can't be recovered now is told when its VM is used. */
  if (service->recovers && !service->has_recovered)
    cairn_recovery_run (service);
  service->has_recovered = TRUE;
  return deadline;
}

void
cairn_service_merge_record (CairnService *service, CairnVm *vm)
{
  g_autoptr (CairnVm) record = service->store->ops->get_vm (service->store, vm->guid, NULL);

  for (guint i = 0; record && i < record->aliases->len; i++)
    g_ptr_array_add (vm->aliases, g_strdup (record->aliases->pdata[i]));
  for (guint i = 0; record && i < vm->disks->len; i++)
    {
      CairnDisk *disk = vm->disks->pdata[i];
      const CairnDisk *known = cairn_vm_find_target (record, disk->target);

      if (!known)
        continue;
      g_free (disk->identifier);
      disk->identifier = g_strdup (known->identifier);
    }
}

static CairnVm *
find_domain (CairnService *service, const char *name_or_guid, GError **error)
{
  CairnTracker *tracker = service->tracker;
  CairnVm *vm = tracker->ops->find_vm (tracker, name_or_guid, error);

  if (vm)
    cairn_service_merge_record (service, vm);
  return vm;
}

/* A VM of images. */
static CairnVm *
find_record (CairnService *service, const char *name_or_guid, GError **error)
{
  g_autoptr (CairnVm) vm = service->store->ops->get_vm (service->store, name_or_guid, error);

  if (!vm || !vm->is_domain)
    return g_steal_pointer (&vm);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "VM '%s' is a hypervisor's; name the connection with --connect, for example "
               "--connect=qemu:///system",
               name_or_guid);
  return NULL;
}

CairnVm *
cairn_service_find_vm (CairnService *service, const char *name_or_guid, GError **error)
{
  if (!name_or_guid || !*name_or_guid)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                           "no virtual machine was named; give its name or GUID");
      return NULL;
    }
  if (service->tracker->ops->find_vm)
    return find_domain (service, name_or_guid, error);
  return find_record (service, name_or_guid, error);
}

gboolean
cairn_service_look_for_vm (CairnService *service, const char *guid, CairnVm **vm, GError **error)
{
  g_autoptr (GError) cause = NULL;

  *vm = cairn_service_find_vm (service, guid, &cause);
  if (*vm || cause->code == CAIRN_ERROR_INVALID_PARAMETER)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
cairn_service_may_change (CairnService *service, const CairnVm *vm, GError **error)
{
  CairnTracker *tracker = service->tracker;

  return !tracker->ops->begin_change || tracker->ops->begin_change (tracker, vm, error);
}

void
cairn_service_keep_vm (const CairnVm *vm, CairnStoreChange *change, CairnVm **copy)
{
  *copy = cairn_vm_copy (vm);
  if (vm->is_domain)
    {
      g_free ((*copy)->name);
      (*copy)->name = g_strdup (vm->guid);
    }
  change->put_vm = *copy;
}

/* Not everybody who settles has the VM to himself: a point may have been destroyed meanwhile,
 * record and all, before its record was added again. One that goes from now on takes its record
 * along. */
static gboolean
drop_dead (CairnService *service, const CairnVm *vm, const GPtrArray *added, GError **error)
{
  CairnTracker *tracker = service->tracker;
  g_autoptr (GPtrArray) points = NULL;

  if (added->len == 0)
    return TRUE;
  points = service->store->ops->list_points (service->store, vm->guid, error);
  for (guint i = 0; points && i < added->len; i++)
    {
      gboolean is_alive = FALSE;

      for (guint k = 0; k < points->len && !is_alive; k++)
        is_alive = g_str_equal (((CairnPoint *)points->pdata[k])->guid, added->pdata[i]);
      if (!is_alive && !tracker->ops->drop_record (tracker, vm, added->pdata[i], error))
        return FALSE;
    }
  return points != NULL;
}

gboolean
cairn_service_try_settle (CairnService *service, const CairnVm *vm, int64_t deadline,
                          GError **error)
{
  CairnTracker *tracker = service->tracker;
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) points = NULL;
  gboolean settled;

  if (!tracker->ops->settle)
    return TRUE;
  points = service->store->ops->list_points (service->store, vm->guid, error);
  settled = points && tracker->ops->settle (tracker, vm, points, added, deadline, error);
  return drop_dead (service, vm, added, settled ? error : NULL) && settled;
}

void
cairn_service_settle (CairnService *service, const CairnVm *vm, int64_t deadline)
{
  g_autoptr (GError) cause = NULL;

  if (!cairn_service_try_settle (service, vm, deadline, &cause))
    g_debug ("VM '%s': the hypervisor's records don't follow yet: %s", vm->name, cause->message);
}

CairnPoint *
cairn_service_find_point (CairnService *service, const char *id, GError **error)
{
  CairnPoint *point = NULL;

  if (!id || !*id)
    g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                         "no reference point was named; give its InstanceID or GUID");
  else if (service->store->ops->get_point (service->store, id, &point, error) && !point)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "there is no reference point '%s' in this store; `cairn list` shows those there "
                 "are",
                 id);
  return point;
}

gboolean
cairn_service_apply (CairnService *service, const CairnStoreChange *change, GError **error)
{
  return service->store->ops->apply (service->store, change, error);
}

void
cairn_service_settle_for (CairnService *service, const CairnVm *vm, const char *point,
                          int64_t deadline)
{
  CairnTracker *tracker = service->tracker;

  if (tracker->ops->lacks_record && tracker->ops->lacks_record (tracker, vm, point))
    cairn_service_settle (service, vm, deadline);
}
