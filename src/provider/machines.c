/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks for the VMs, and keeps the last list for those who go on. */
#include "provider/machines.h"

#include "provider/backend.h"
#include "refpoint/guid.h"

struct CairnMachines
{
  GMutex lock;
  GPtrArray *last; /* NULL = none */
  gint64 made_us;  /* monotonic */
};

CairnMachines *
cairn_machines_new (void)
{
  CairnMachines *machines = g_new0 (CairnMachines, 1);

  g_mutex_init (&machines->lock);
  return machines;
}

void
cairn_machines_free (CairnMachines *machines)
{
  if (!machines)
    return;
  g_clear_pointer (&machines->last, g_ptr_array_unref);
  g_mutex_clear (&machines->lock);
  g_free (machines);
}

static GPtrArray *
ref_last (CairnMachines *machines)
{
  gint64 oldest = g_get_monotonic_time () - CAIRN_MACHINES_AGE_MS * G_TIME_SPAN_MILLISECOND;
  GPtrArray *last = NULL;

  g_mutex_lock (&machines->lock);
  if (machines->last && machines->made_us >= oldest)
    last = g_ptr_array_ref (machines->last);
  g_mutex_unlock (&machines->lock);
  return last;
}

static void
keep (CairnMachines *machines, GPtrArray *list, gint64 made_us)
{
  g_autoptr (GPtrArray) old = NULL;

  g_mutex_lock (&machines->lock);
  if (made_us >= machines->made_us)
    {
      old = machines->last;
      machines->last = g_ptr_array_ref (list);
      machines->made_us = made_us;
    }
  g_mutex_unlock (&machines->lock);
}

static void
give_back (CairnBackend *backend, CairnService *service, const GError *cause)
{
  cairn_backend_give_back (backend, service,
                           g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE));
}

GPtrArray *
cairn_machines_list (CimCall *call, gboolean goes_on, GError **error)
{
  CairnBackend *backend = cairn_backend_of (call);
  CairnMachines *machines = cairn_backend_machines (backend);
  GPtrArray *list = goes_on ? ref_last (machines) : NULL;
  CairnService *service = list ? NULL : cairn_backend_take_service (backend, error);
  gint64 now_us = g_get_monotonic_time ();
  GError *cause = NULL;

  if (!service)
    return list;
  list = cairn_service_list_hardware (service, &cause);
  give_back (backend, service, cause);
  if (list)
    keep (machines, list, now_us);
  else
    g_propagate_error (error, cause);
  return list;
}

CairnHardware *
cairn_machines_find (CimCall *call, const char *guid, GError **error)
{
  CairnBackend *backend = cairn_backend_of (call);
  g_autofree char *wanted = cairn_guid_normalize (guid);
  CairnService *service = wanted ? cairn_backend_take_service (backend, error) : NULL;
  g_autoptr (CairnHardware) hardware = NULL;
  GError *cause = NULL;

  if (!service)
    return NULL;
  hardware = cairn_service_get_hardware (service, wanted, &cause);
  give_back (backend, service, cause);
  /* A VM may be named like another's GUID. */
  if (hardware)
    return g_str_equal (hardware->vm->guid, wanted) ? g_steal_pointer (&hardware) : NULL;
  if (g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER))
    g_error_free (cause);
  else
    g_propagate_error (error, cause);
  return NULL;
}
