/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's domains are made of: a few questions to libvirt for each, none to their QEMUs, so
 * that hundreds are listed in a moment and none that hangs keeps us waiting. */
#include "tracker/libvirt/hardware.h"

#include <libvirt/virterror.h>
#include <stdlib.h>

#include "refpoint/guid.h"
#include "refpoint/hardware.h"
#include "tracker/libvirt/devices.h"
#include "tracker/libvirt/domains.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/node.h"
#include "tracker/libvirt/process.h"

static CairnPower
read_power (virDomainPtr domain)
{
  int state = VIR_DOMAIN_NOSTATE;

  if (virDomainGetState (domain, &state, NULL, 0) != 0)
    return CAIRN_POWER_UNKNOWN;
  switch (state)
    {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
      return CAIRN_POWER_RUNNING;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
      return CAIRN_POWER_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
      return CAIRN_POWER_STOPPING;
    case VIR_DOMAIN_SHUTOFF:
      return virDomainHasManagedSaveImage (domain, 0) == 1 ? CAIRN_POWER_SAVED : CAIRN_POWER_OFF;
    case VIR_DOMAIN_CRASHED:
      return CAIRN_POWER_OFF;
    default:
      return CAIRN_POWER_UNKNOWN;
    }
}

static void
read_state (CairnHardware *hardware, virDomainPtr domain, const char *uuid)
{
  CairnLibvirtProcess process = { 0 };
  int starts = 0;

  hardware->power = read_power (domain);
  hardware->starts_with_host = virDomainGetAutostart (domain, &starts) == 0 && starts != 0;
  if (hardware->power != CAIRN_POWER_OFF && hardware->power != CAIRN_POWER_SAVED)
    process = cairn_libvirt_process_find (hardware->vm->name, uuid);
  hardware->process_id = process.id;
  hardware->uptime_ms = process.uptime_ms;
}

static CairnHardware *
hardware_new (virDomainPtr domain, xmlNode *root)
{
  g_autoptr (CairnLibvirtDescription) description = cairn_libvirt_description_of (root);
  CairnHardware *hardware = cairn_hardware_new (cairn_libvirt_vm_of (description));

  cairn_libvirt_devices_read (hardware, root);
  cairn_libvirt_drives_add (hardware, description);
  read_state (hardware, domain, description->uuid);
  return hardware;
}

/* NULL when DOMAIN is gone, or can't be looked at. */
static CairnHardware *
look_at (virDomainPtr domain, GError **error)
{
  char *xml = virDomainGetXMLDesc (domain, 0);
  xmlDoc *document = NULL;
  CairnHardware *hardware = NULL;

  if (!xml)
    {
      cairn_libvirt_fail (error, "VM '%s' can't be looked at", virDomainGetName (domain));
      return NULL;
    }
  document = cairn_libvirt_domain_parse (xml, error);
  free (xml);
  if (document)
    {
      hardware = hardware_new (domain, xmlDocGetRootElement (document));
      xmlFreeDoc (document);
    }
  return hardware;
}

static void
free_hardware (gpointer hardware)
{
  cairn_hardware_free (hardware);
}

static GPtrArray *
list_all (CairnLibvirt *libvirt, GError **error)
{
  virConnectPtr conn = cairn_libvirt_connect (libvirt, error);
  virDomainPtr *domains = NULL;
  int n = conn ? virConnectListAllDomains (conn, &domains, 0) : 0;
  GPtrArray *found;

  if (!conn)
    return NULL;
  if (n < 0)
    return cairn_libvirt_fail (error, "the VMs can't be listed"), NULL;
  found = g_ptr_array_new_with_free_func (free_hardware);
  for (int i = 0; i < n; i++)
    {
      /* One that was undefined meanwhile isn't there. */
      CairnHardware *hardware = look_at (domains[i], NULL);

      if (hardware)
        g_ptr_array_add (found, hardware);
      virDomainFree (domains[i]);
    }
  free (domains);
  return found;
}

static GPtrArray *
list_one (CairnLibvirt *libvirt, const char *name_or_guid, GError **error)
{
  virDomainPtr domain = cairn_libvirt_domain_find (libvirt, name_or_guid, error);
  CairnHardware *hardware = domain ? look_at (domain, error) : NULL;
  GPtrArray *found;

  if (domain)
    virDomainFree (domain);
  if (!hardware)
    return NULL;
  found = g_ptr_array_new_with_free_func (free_hardware);
  g_ptr_array_add (found, hardware);
  return found;
}

GPtrArray *
cairn_libvirt_list_hardware (CairnTracker *tracker, const char *name_or_guid, GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;

  g_hash_table_remove_all (self->looks);
  return name_or_guid ? list_one (self->libvirt, name_or_guid, error)
                      : list_all (self->libvirt, error);
}
