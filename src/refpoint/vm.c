/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual machines and disks as values. */
#include <cairn/vm.h>

CairnDisk *
cairn_disk_copy (const CairnDisk *disk)
{
  CairnDisk *copy = g_new0 (CairnDisk, 1);

  copy->identifier = g_strdup (disk->identifier);
  copy->target = g_strdup (disk->target);
  copy->path = g_strdup (disk->path);
  copy->format = g_strdup (disk->format);
  copy->virtual_size_bytes = disk->virtual_size_bytes;
  copy->key = disk->key ? g_bytes_ref (disk->key) : NULL;
  copy->is_medium = disk->is_medium;
  return copy;
}

void
cairn_disk_free (CairnDisk *disk)
{
  if (!disk)
    return;
  g_free (disk->identifier);
  g_free (disk->target);
  g_free (disk->path);
  g_free (disk->format);
  g_clear_pointer (&disk->key, g_bytes_unref);
  g_free (disk);
}

CairnVm *
cairn_vm_new (const char *guid, const char *name)
{
  CairnVm *vm = g_new0 (CairnVm, 1);

  vm->guid = g_strdup (guid);
  vm->name = g_strdup (name);
  vm->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  vm->aliases = g_ptr_array_new_with_free_func (g_free);
  return vm;
}

CairnVm *
cairn_vm_copy (const CairnVm *vm)
{
  CairnVm *copy = cairn_vm_new (vm->guid, vm->name);

  copy->is_domain = vm->is_domain;
  for (guint i = 0; i < vm->disks->len; i++)
    g_ptr_array_add (copy->disks, cairn_disk_copy (vm->disks->pdata[i]));
  for (guint i = 0; i < vm->aliases->len; i++)
    g_ptr_array_add (copy->aliases, g_strdup (vm->aliases->pdata[i]));
  return copy;
}

void
cairn_vm_free (CairnVm *vm)
{
  if (!vm)
    return;
  g_free (vm->guid);
  g_free (vm->name);
  g_ptr_array_unref (vm->disks);
  g_ptr_array_unref (vm->aliases);
  g_free (vm);
}

CairnDisk *
cairn_vm_find_disk (const CairnVm *vm, const char *identifier)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      CairnDisk *disk = vm->disks->pdata[i];

      if (g_ascii_strcasecmp (disk->identifier, identifier) == 0)
        return disk;
    }
  return NULL;
}

CairnDisk *
cairn_vm_find_target (const CairnVm *vm, const char *target)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      CairnDisk *disk = vm->disks->pdata[i];

      if (g_str_equal (disk->target, target))
        return disk;
    }
  return NULL;
}
