/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What VMs are made of, as values. */
#include "refpoint/hardware.h"

void
cairn_drive_free (CairnDrive *drive)
{
  g_free (drive->target);
  g_free (drive);
}

void
cairn_nic_free (CairnNic *nic)
{
  g_free (nic->mac);
  g_free (nic->bridge);
  g_free (nic->target);
  g_free (nic);
}

CairnHardware *
cairn_hardware_new (CairnVm *vm)
{
  CairnHardware *hardware = g_new0 (CairnHardware, 1);

  hardware->vm = vm;
  hardware->power = CAIRN_POWER_OFF;
  hardware->n_processors = 1;
  hardware->n_processors_maximum = 1;
  hardware->drives = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_drive_free);
  hardware->nics = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_nic_free);
  hardware->serials = g_ptr_array_new_with_free_func (g_free);
  return hardware;
}

void
cairn_hardware_free (CairnHardware *hardware)
{
  if (!hardware)
    return;
  cairn_vm_free (hardware->vm);
  g_free (hardware->description);
  g_ptr_array_unref (hardware->drives);
  g_ptr_array_unref (hardware->nics);
  g_ptr_array_unref (hardware->serials);
  g_free (hardware);
}

const CairnDrive *
cairn_hardware_find_drive (const CairnHardware *hardware, const char *target)
{
  for (guint i = 0; i < hardware->drives->len; i++)
    {
      const CairnDrive *drive = hardware->drives->pdata[i];

      if (g_str_equal (drive->target, target))
        return drive;
    }
  return NULL;
}
