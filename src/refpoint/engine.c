/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every call of the service asks of its store and its tracker. */
#include "refpoint/engine.h"

CairnService *
cairn_service_new (CairnStore *store, CairnTracker *tracker, CairnConfig *config,
                   int64_t timeout_us)
{
  CairnService *service = g_new0 (CairnService, 1);

  service->store = store;
  service->tracker = tracker;
  service->config = config;
  service->timeout_us = timeout_us;
  service->recovers = g_strcmp0 (g_getenv ("CAIRN_RECOVERY"), "off") != 0;
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
  g_free (service);
}

int64_t
cairn_service_start_call (CairnService *service)
{
  int64_t start = service->opening_us ? service->opening_us : g_get_monotonic_time ();

  service->opening_us = 0;
  return start + service->timeout_us;
}

gboolean
cairn_deadline_check (int64_t deadline, GError **error)
{
  if (g_get_monotonic_time () < deadline)
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
                       "the operation ran past its time limit and was undone; try again when the "
                       "host is less busy, or raise CAIRN_TIMEOUT_MS");
  return FALSE;
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
    return service->tracker->ops->find_vm (service->tracker, name_or_guid, error);
  return service->store->ops->get_vm (service->store, name_or_guid, error);
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
