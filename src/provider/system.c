/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the providers that describe VMs and the host. */
#include "provider/system.h"

#include "provider/describe.h"

const CimProvider *const cairn_system_providers[] = {
  &cairn_computer_system_provider,  &cairn_system_settings_provider,
  &cairn_export_settings_provider,  &cairn_processor_settings_provider,
  &cairn_memory_settings_provider,  &cairn_resource_settings_provider,
  &cairn_storage_settings_provider, &cairn_serial_settings_provider,
  &cairn_port_settings_provider,    &cairn_connection_settings_provider,
  &cairn_switch_provider,           &cairn_host_system_provider,
  &cairn_host_product_provider,     &cairn_host_os_provider,
  &cairn_host_processor_provider,   NULL,
};

const CimAssociation *const cairn_system_associations[] = {
  &cairn_settings_define_state,
  &cairn_system_settings_component,
  &cairn_export_settings_of_system,
  &cairn_host_processor_of_system,
  NULL,
};

/* ---- methods ---- */

#define NOT_SUPPORTED 1u

/* VMs are started and stopped by libvirt's own clients. */
static gboolean
refuse_state_change (CimCall *call, const CimInstance *object, const CimInstance *in,
                     CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  *return_value = NOT_SUPPORTED;
  *message
      = g_strdup_printf ("'%s' can't be started or stopped through this service; use virsh, or "
                         "another client of libvirt",
                         cim_instance_text (object, "ElementName"));
  return TRUE;
}

const CimMethodHandler cairn_system_methods[] = {
  { "Msvm_ComputerSystem", "RequestStateChange", FALSE, refuse_state_change },
  { NULL },
};
