/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The services: one instance of each, always running. */
#include "provider/services.h"

#include <string.h>

#define SYSTEM_CLASS "Msvm_ComputerSystem"

/* RequestedState, and what RequestStateChange returns. */
#define STATE_ENABLED        2u
#define STATE_NOT_APPLICABLE 12u
#define COMPLETED            0u
#define NOT_SUPPORTED        1u

static const struct
{
  const char *class_name;
  const char *name; /* the key: Hyper-V's, where it is known */
  const char *element_name;
} services[] = {
  { "Msvm_VirtualSystemReferencePointService", "vsrefpointsvc",
    "Hyper-V Virtual System Reference Point Service" },
  { "Msvm_ImageManagementService", "vhdsvc", "Hyper-V Image Management Service" },
  { "Msvm_VirtualSystemSnapshotService", "vssnapsvc", "Hyper-V Virtual System Snapshot Service" },
  { "Msvm_VirtualSystemManagementService", "vmms", "Hyper-V Virtual System Management Service" },
};

static void
describe (CimInstance *service, guint i, const char *server)
{
  static const uint64_t ok[] = { 2 };
  static const char *const descriptions[] = { "The service is running normally" };

  cim_instance_set_text (service, "SystemCreationClassName", SYSTEM_CLASS);
  cim_instance_set_text (service, "SystemName", server);
  cim_instance_set_text (service, "CreationClassName", services[i].class_name);
  cim_instance_set_text (service, "Name", services[i].name);
  cim_instance_set_text (service, "Caption", services[i].element_name);
  cim_instance_set_text (service, "Description", services[i].element_name);
  cim_instance_set_text (service, "ElementName", services[i].element_name);
  cim_instance_set_numbers (service, "OperationalStatus", ok, 1);
  cim_instance_set_texts (service, "StatusDescriptions", descriptions, 1);
  cim_instance_set_text (service, "Status", "OK");
  cim_instance_set_number (service, "HealthState", 5);
  cim_instance_set_number (service, "EnabledState", STATE_ENABLED);
  cim_instance_set_number (service, "EnabledDefault", STATE_ENABLED);
  cim_instance_set_number (service, "RequestedState", STATE_NOT_APPLICABLE);
  cim_instance_set_number (service, "TransitioningToState", STATE_NOT_APPLICABLE);
  cim_instance_set_boolean (service, "Started", TRUE);
}

static CimInstance *
make (CimCall *call, const CimClass *class)
{
  CimInstance *service = cim_instance_new (class);
  guint i = 0;

  while (!g_str_equal (services[i].class_name, class->name))
    i++;
  describe (service, i, cairn_backend_server (cairn_backend_of (call)));
  return service;
}

static gboolean
page_services (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
               GError **error)
{
  if (!page->after)
    g_ptr_array_add (instances, make (call, class));
  return TRUE;
}

static CimInstance *
get_service (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  return make (call, class);
}

#define SERVICE(variable, name)                                                                    \
  const CimProvider variable                                                                       \
      = { .class_name = name, .is_quick = TRUE, .page = page_services, .get = get_service }

SERVICE (cairn_point_service_provider, "Msvm_VirtualSystemReferencePointService");
SERVICE (cairn_image_service_provider, "Msvm_ImageManagementService");
SERVICE (cairn_snapshot_service_provider, "Msvm_VirtualSystemSnapshotService");
SERVICE (cairn_management_service_provider, "Msvm_VirtualSystemManagementService");

/* ---- the host that has them ---- */

static gboolean
services_of_host (CimCall *call, const CimInstance *source, const CimPage *page,
                  GPtrArray *instances, GError **error)
{
  const char *name = cim_instance_text (source, "Name");
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  if (g_ascii_strcasecmp (name, cairn_backend_server (cairn_backend_of (call))) != 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    g_ptr_array_add (all, make (call, cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                                                       services[i].class_name)));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
host_of_service (CimCall *call, const CimInstance *source, const CimPage *page,
                 GPtrArray *instances, GError **error)
{
  return page->after
         || cairn_backend_append_instance (call, SYSTEM_CLASS, "Name",
                                           cim_instance_text (source, "SystemName"), instances,
                                           error);
}

const CimAssociation cairn_hosted_service = {
  .class_name = "Msvm_HostedService",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { SYSTEM_CLASS, "CIM_Service" },
  .across = { services_of_host, host_of_service },
};

/* ---- methods ---- */

gboolean
cairn_invoke_service_state (CimCall *call, const CimInstance *object, const CimInstance *in,
                            CimInstance *out, uint32_t *return_value, char **message,
                            GError **error)
{
  uint64_t state = cim_instance_number (in, "RequestedState", 0);

  *return_value = state == STATE_ENABLED ? COMPLETED : NOT_SUPPORTED;
  if (*return_value != COMPLETED)
    *message = g_strdup_printf ("service %s always runs; only RequestedState 2 (enabled) is taken",
                                cim_instance_text (object, "Name"));
  return TRUE;
}
