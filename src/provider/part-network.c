/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network ports of VMs, and their connections to switches. */
#include "provider/element.h"
#include "provider/part.h"
#include "provider/switch.h"
#include "refpoint/guid.h"

#define PORT_CLASS   "Msvm_SyntheticEthernetPortSettingData"

#define CONNECTED    2
#define DISCONNECTED 3

static void
fill_port (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  const CairnNic *nic = part->device;
  const char *guids[] = { part->hardware->vm->guid };

  cim_instance_set_texts (instance, "VirtualSystemIdentifiers", guids, 1);
  cim_instance_set_text (instance, "Address", nic->mac);
  cim_instance_set_boolean (instance, "StaticMacAddress", TRUE);
  cim_instance_set_boolean (instance, "ClusterMonitored", FALSE);
}

/* One that isn't plugged into a switch (user networking) has no HostResource. */
static void
fill_connection (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  const CairnNic *nic = part->device;
  g_autofree char *path = nic->bridge ? cairn_switch_path (call, nic->bridge) : NULL;
  const char *paths[] = { path };

  cim_instance_set_number (instance, "EnabledState",
                           nic->is_up && nic->bridge ? CONNECTED : DISCONNECTED);
  if (path)
    cim_instance_set_texts (instance, "HostResource", paths, 1);
}

static const CairnPartKind port = {
  .class_name = PORT_CLASS,
  .sub_type = "Microsoft:Hyper-V:Synthetic Ethernet Port",
  .resource_type = 10,
  .caption = "Network Adapter",
  .fill = fill_port,
};

static const CairnPartKind connection = {
  .class_name = "Msvm_EthernetPortAllocationSettingData",
  .sub_type = "Microsoft:Hyper-V:Ethernet Connection",
  .resource_type = 33,
  .caption = "Ethernet Switch Port Settings",
  .fill = fill_connection,
};

/* How many ports before I have the same address: libvirt doesn't forbid that. */
static guint
count_twins (const GPtrArray *nics, guint i)
{
  const CairnNic *nic = nics->pdata[i];
  guint n = 0;

  for (guint k = 0; k < i; k++)
    n += g_str_equal (((const CairnNic *)nics->pdata[k])->mac, nic->mac);
  return n;
}

void
cairn_parts_add_network (GPtrArray *parts, const CairnHardware *hardware)
{
  const GPtrArray *nics = hardware->nics;

  for (guint i = 0; i < nics->len; i++)
    {
      const CairnNic *nic = nics->pdata[i];
      g_autofree char *name = g_strdup_printf ("nic\\%s\\%u", nic->mac, count_twins (nics, i));
      g_autofree char *guid = cairn_guid_derive (hardware->vm->guid, name);
      g_autofree char *below = g_strconcat (guid, "\\C", NULL);
      char *label = g_strdup_printf ("Network Adapter %u", i + 1);
      CairnPart *part
          = cairn_part_add (parts, &port, cairn_part_id (hardware, guid), label, hardware);

      part->device = nic;
      part = cairn_part_add (parts, &connection, cairn_part_id (hardware, below), g_strdup (label),
                             hardware);
      part->device = nic;
      part->parent = cairn_part_id (hardware, guid);
      part->parent_class = PORT_CLASS;
    }
}
