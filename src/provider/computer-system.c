/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Msvm_ComputerSystem: the VMs, and the host among them. */
#include <time.h>

#include "provider/backend.h"
#include "provider/describe.h"
#include "provider/element.h"

static void
set_system (CimInstance *instance, const char *name)
{
  static const uint64_t dedicated[] = { 0 };

  cim_instance_set_text (instance, "CreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (instance, "Name", name);
  cim_instance_set_numbers (instance, "Dedicated", dedicated, 1);
  cim_instance_set_number (instance, "ResetCapability", 1);
  cim_instance_set_number (instance, "ReplicationState", 0);
  cim_instance_set_number (instance, "ReplicationHealth", 0);
  cim_instance_set_number (instance, "ReplicationMode", 0);
  cim_instance_set_number (instance, "FailedOverReplicationType", 0);
  cim_instance_set_number (instance, "LastReplicationType", 0);
  cim_instance_set_number (instance, "EnhancedSessionModeState", 3); /* not available */
  cairn_element_set_ok (instance);
}

static CimInstance *
make_vm (const CimClass *class, const CairnHardware *hardware)
{
  CimInstance *instance = cim_instance_new (class);

  set_system (instance, hardware->vm->guid);
  cairn_element_set_names (instance, "Virtual Machine", "Virtual machine of QEMU",
                           hardware->vm->name);
  cairn_element_set_enabled (instance, hardware->power);
  cim_instance_set_number (instance, "ProcessID", (uint64_t)hardware->process_id);
  cim_instance_set_number (instance, "OnTimeInMilliseconds", hardware->uptime_ms);
  cim_instance_set_number (instance, "NumberOfNumaNodes", 1);
  return instance;
}

static CimInstance *
make_host (CimCall *call, const CimClass *class)
{
  const char *server = cairn_backend_server (cairn_backend_of (call));
  CimInstance *instance = cim_instance_new (class);
  struct timespec up = { 0 };

  clock_gettime (CLOCK_BOOTTIME, &up);
  set_system (instance, server);
  cairn_element_set_names (instance, "Hosting Computer System", "Host of the virtual machines",
                           server);
  cairn_element_set_enabled (instance, CAIRN_POWER_RUNNING);
  cim_instance_set_number (instance, "OnTimeInMilliseconds",
                           (uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000);
  return instance;
}

CimInstance *
cairn_computer_system_make (const CairnHardware *hardware)
{
  return make_vm (cairn_class_find ("Msvm_ComputerSystem"), hardware);
}

/* The one of that name: the host, or a VM by its GUID; NULL without an error when there is none. */
static CimInstance *
find_named (CimCall *call, const CimClass *class, const char *name, GError **error)
{
  g_autoptr (CairnHardware) hardware = NULL;

  if (g_ascii_strcasecmp (name, cairn_backend_server (cairn_backend_of (call))) == 0)
    return make_host (call, class);
  hardware = cairn_machines_find (call, name, error);
  return hardware ? make_vm (class, hardware) : NULL;
}

static gboolean
collect (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *all, GError **error)
{
  g_autofree char *name = cairn_page_required_key (page, "Name");
  g_autoptr (GPtrArray) vms = NULL;
  GError *cause = NULL;
  CimInstance *one;

  if (name)
    {
      one = find_named (call, class, name, &cause);
      if (one)
        g_ptr_array_add (all, one);
      if (cause)
        g_propagate_error (error, cause);
      return !cause;
    }
  vms = cairn_machines_list (call, page->after != NULL, error);
  if (!vms)
    return FALSE;
  g_ptr_array_add (all, make_host (call, class));
  for (guint i = 0; i < vms->len; i++)
    g_ptr_array_add (all, make_vm (class, vms->pdata[i]));
  return TRUE;
}

static gboolean
page_systems (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  if (!collect (call, class, page, all, error))
    return FALSE;
  cim_page_take (page, all, instances);
  return TRUE;
}

static CimInstance *
get_system (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *name = cim_path_key_text (path, "Name");
  GError *cause = NULL;
  g_autoptr (CimInstance) found = name ? find_named (call, class, name, &cause) : NULL;

  if (cause)
    g_propagate_error (error, cause);
  else if (!found || !cim_instance_has_keys (found, path))
    return cairn_element_not_found (path, error);
  return g_steal_pointer (&found);
}

const CimProvider cairn_computer_system_provider = {
  .class_name = "Msvm_ComputerSystem",
  .page = page_systems,
  .get = get_system,
};
