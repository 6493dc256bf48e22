/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of VMs have in common. */
#include "provider/part.h"

#include "provider/element.h"

#define VIRTUALIZED 3

void
cairn_part_free (CairnPart *part)
{
  g_free (part->id);
  g_free (part->parent);
  g_free (part->name);
  g_free (part);
}

CairnPart *
cairn_part_add (GPtrArray *parts, const CairnPartKind *kind, char *id, char *name,
                const CairnHardware *hardware)
{
  CairnPart *part = g_new0 (CairnPart, 1);

  part->kind = kind;
  part->id = id;
  part->name = name;
  part->hardware = hardware;
  g_ptr_array_add (parts, part);
  return part;
}

char *
cairn_part_id (const CairnHardware *hardware, const char *name)
{
  return g_strdup_printf (CAIRN_SETTING_PREFIX "%s\\%s", hardware->vm->guid, name);
}

GPtrArray *
cairn_parts_of (const CairnHardware *hardware)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_part_free);

  if (!hardware)
    {
      cairn_parts_add_definitions (parts);
      return parts;
    }
  cairn_parts_add_basic (parts, hardware);
  cairn_parts_add_storage (parts, hardware);
  cairn_parts_add_network (parts, hardware);
  return parts;
}

static void
set_parent (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  g_autofree char *path = NULL;

  if (!part->parent)
    return;
  path = cairn_element_full_path (call, part->parent_class, "InstanceID", part->parent);
  cim_instance_set_text (instance, "Parent", path);
}

CimInstance *
cairn_part_make (CimCall *call, const CimClass *class, const CairnPart *part)
{
  CimInstance *instance = cim_instance_new (class);
  const CairnPartKind *kind = part->kind;

  cim_instance_set_text (instance, "InstanceID", part->id);
  cairn_element_set_names (instance, kind->caption, kind->caption, part->name);
  cim_instance_set_number (instance, "ResourceType", kind->resource_type);
  cim_instance_set_text (instance, "ResourceSubType", kind->sub_type);
  cim_instance_set_text (instance, "PoolID", "");
  cim_instance_set_number (instance, "ConsumerVisibility", VIRTUALIZED);
  cim_instance_set_text (instance, "AllocationUnits", "count");
  cim_instance_set_text (instance, "VirtualQuantityUnits", "count");
  cim_instance_set_number (instance, "VirtualQuantity", 1);
  cim_instance_set_number (instance, "Reservation", 1);
  cim_instance_set_number (instance, "Limit", 1);
  cim_instance_set_number (instance, "Weight", 0);
  cim_instance_set_boolean (instance, "AutomaticAllocation", TRUE);
  cim_instance_set_boolean (instance, "AutomaticDeallocation", TRUE);
  set_parent (call, instance, part);
  if (kind->fill)
    kind->fill (call, instance, part);
  return instance;
}
