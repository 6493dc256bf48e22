/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks what VMs are made of: a tracker that has a hypervisor, or else the store. */
#include <string.h>

#include "refpoint/engine.h"
#include "refpoint/hardware.h"

static void
free_hardware (gpointer hardware)
{
  cairn_hardware_free (hardware);
}

static int
compare_guids (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const CairnHardware *const *)a)->vm->guid,
                 (*(const CairnHardware *const *)b)->vm->guid);
}

/* Of the tracker, with what the store keeps of its VMs. */
static GPtrArray *
ask_tracker (CairnService *service, const char *vm, GError **error)
{
  GPtrArray *found = service->tracker->ops->list_hardware (service->tracker, vm, error);

  for (guint i = 0; found && i < found->len; i++)
    cairn_service_merge_record (service, ((CairnHardware *)found->pdata[i])->vm);
  return found;
}

/* Those of VMS (taken over) that the connection has. */
static GPtrArray *
from_records (GPtrArray *vms)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (free_hardware);

  for (guint i = 0; i < vms->len; i++)
    {
      CairnVm *vm = vms->pdata[i];

      if (!vm->is_domain)
        g_ptr_array_add (found, cairn_hardware_new (cairn_vm_copy (vm)));
    }
  g_ptr_array_unref (vms);
  return found;
}

GPtrArray *
cairn_service_list_hardware (CairnService *service, GError **error)
{
  GPtrArray *found, *vms;

  cairn_service_start_look (service);
  if (service->tracker->ops->list_hardware)
    found = ask_tracker (service, NULL, error);
  else
    {
      vms = service->store->ops->list_vms (service->store, error);
      found = vms ? from_records (vms) : NULL;
    }
  if (found)
    g_ptr_array_sort (found, compare_guids);
  return found;
}

CairnHardware *
cairn_service_get_hardware (CairnService *service, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found = NULL;
  CairnVm *vm;

  cairn_service_start_look (service);
  if (!service->tracker->ops->list_hardware || !name || !*name)
    {
      vm = cairn_service_find_vm (service, name, error);
      return vm ? cairn_hardware_new (vm) : NULL;
    }
  found = ask_tracker (service, name, error);
  return found ? g_ptr_array_steal_index (found, 0) : NULL;
}
