/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disks of recovery checkpoints. */
#include <string.h>

#include "provider/element.h"
#include "provider/part.h"

#define READABLE 1

static void
fill_disk (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  const CairnFrozenDisk *disk = part->device;
  const char *address[] = { disk->address };

  cim_instance_set_texts (instance, "HostResource", address, 1);
  cim_instance_set_number (instance, "Access", READABLE);
  cim_instance_set_number (instance, "IOPSLimit", 0);
  cim_instance_set_number (instance, "IOPSReservation", 0);
  cim_instance_set_boolean (instance, "PersistentReservationsSupported", FALSE);
  cim_instance_set_boolean (instance, "IgnoreFlushes", FALSE);
}

static const CairnPartKind frozen_disk = {
  "Msvm_StorageAllocationSettingData",
  "Microsoft:Hyper-V:Virtual Hard Disk",
  31,
  "Hard Disk Image",
  fill_disk,
};

char *
cairn_part_snapshot_disk_id (const CairnSnapshot *snapshot, const char *identifier)
{
  const char *rest
      = g_str_has_prefix (identifier, CAIRN_SETTING_PREFIX) ? strchr (identifier, '\\') : NULL;

  return g_strdup_printf ("%s\\%s", snapshot->instance_id, rest ? rest + 1 : identifier);
}

GPtrArray *
cairn_parts_of_snapshot (const CairnSnapshot *snapshot)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_part_free);

  for (guint i = 0; i < snapshot->disks->len; i++)
    {
      const CairnFrozenDisk *disk = snapshot->disks->pdata[i];
      CairnPart *part = cairn_part_add (parts, &frozen_disk,
                                        cairn_part_snapshot_disk_id (snapshot, disk->identifier),
                                        g_strdup (disk->target), NULL);

      /* The drive that the disk sits in. */
      part->parent = cairn_part_drive_id (disk->identifier);
      part->parent_class = "Msvm_ResourceAllocationSettingData";
      part->device = disk;
    }
  return parts;
}
