/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tracker found on a VM's disks and in its hypervisor's records. */
#include "refpoint/inventory.h"

static void
bitmap_free (CairnFoundBitmap *bitmap)
{
  g_free (bitmap->name);
  g_free (bitmap);
}

static void
record_free (CairnFoundRecord *record)
{
  g_free (record->name);
  g_free (record->parent);
  g_free (record);
}

CairnInventory *
cairn_inventory_new (void)
{
  CairnInventory *inventory = g_new0 (CairnInventory, 1);

  inventory->bitmaps = g_ptr_array_new_with_free_func ((GDestroyNotify)bitmap_free);
  inventory->records = g_ptr_array_new_with_free_func ((GDestroyNotify)record_free);
  inventory->unread = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  return inventory;
}

void
cairn_inventory_free (CairnInventory *inventory)
{
  if (!inventory)
    return;
  g_ptr_array_unref (inventory->bitmaps);
  g_ptr_array_unref (inventory->records);
  g_ptr_array_unref (inventory->unread);
  g_free (inventory->leftover_job);
  g_free (inventory);
}
