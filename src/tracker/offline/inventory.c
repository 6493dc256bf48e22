/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists all bitmaps of a VM's images, whoever made them. */
#include "tracker/offline/look.h"

#include <string.h>

#include "tracker/offline/directory.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/image.h"
#include "tracker/offline/layout.h"

static void
take_bitmap (CairnInventory *inventory, const CairnDisk *disk, const char *name, size_t name_bytes,
             gboolean is_in_use, gboolean is_recording)
{
  CairnFoundBitmap *bitmap = g_new0 (CairnFoundBitmap, 1);

  bitmap->disk = disk;
  bitmap->name = g_strndup (name, name_bytes);
  bitmap->is_in_use = is_in_use;
  bitmap->is_recording = is_recording;
  g_ptr_array_add (inventory->bitmaps, bitmap);
}

static void
take_unread (CairnInventory *inventory, const CairnDisk *disk, CairnVerdict verdict,
             const char *reason)
{
  g_ptr_array_add (inventory->unread,
                   cairn_disk_verdict_new (disk->target, disk->path, verdict, reason));
}

static gboolean
read_natively (CairnInventory *inventory, const CairnDisk *disk, const CairnImage *image,
               GError **error)
{
  g_autoptr (CairnDirectory) directory = cairn_directory_read (image->qcow2, error);

  for (guint i = 0; directory && i < directory->entries->len; i++)
    {
      const CairnBitmapEntry *entry = &g_array_index (directory->entries, CairnBitmapEntry, i);

      take_bitmap (inventory, disk, entry->name, entry->name_bytes,
                   (entry->flags & BITMAP_FLAG_IN_USE) != 0,
                   (entry->flags & BITMAP_FLAG_AUTO) != 0);
    }
  return directory != NULL;
}

/* An image that only QEMU may know. */
static gboolean
read_by_qemu (CairnInventory *inventory, const CairnDisk *disk, int64_t deadline, GError **error)
{
  CairnNbdImage *described = cairn_fallback_describe (disk->path, deadline, error);

  if (!described)
    return FALSE;
  for (guint i = 0; i < described->bitmaps->len; i++)
    {
      const CairnNbdBitmap *bitmap = described->bitmaps->pdata[i];

      take_bitmap (inventory, disk, bitmap->name, strlen (bitmap->name), bitmap->is_in_use,
                   bitmap->is_recording);
    }
  cairn_fallback_free_image (described);
  return TRUE;
}

static CairnImageState
look_once (CairnInventory *inventory, const CairnDisk *disk, int64_t deadline, GError **error)
{
  g_autoptr (CairnImage) image = cairn_image_open (disk->path);
  g_autoptr (GError) cause = NULL;
  g_autofree char *reason = NULL;

  if (image->verdict != CAIRN_VERDICT_TRACKED)
    {
      /* What has nowhere to keep a bitmap has none. */
      if (image->verdict != CAIRN_VERDICT_UNSUPPORTED_FORMAT)
        take_unread (inventory, disk, image->verdict, image->reason);
      return CAIRN_IMAGE_SETTLED;
    }
  if (image->qcow2 ? read_natively (inventory, disk, image, &cause)
                   : read_by_qemu (inventory, disk, deadline, &cause))
    return cairn_image_state (image);
  if (cause->code == CAIRN_ERROR_TIMEOUT || cause->code == CAIRN_ERROR_OUT_OF_MEMORY)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&cause), "image '%s': ", disk->path);
      return CAIRN_IMAGE_SETTLED;
    }
  reason = g_strdup_printf ("the bitmaps of image '%s' can't be read: %s; restore it, or repair it "
                            "with 'qemu-img check -r all'",
                            disk->path, cause->message);
  take_unread (inventory, disk, CAIRN_VERDICT_UNREADABLE, reason);
  return cairn_image_state (image);
}

static gboolean
look_until_settled (CairnInventory *inventory, const CairnDisk *disk, int64_t deadline,
                    GError **error)
{
  guint n_bitmaps = inventory->bitmaps->len, n_unread = inventory->unread->len;
  CairnImageState state = CAIRN_IMAGE_CHANGED;
  g_autofree char *reason = NULL;
  GError *failure = NULL;

  for (int i = 0; i < CAIRN_LOOKS && state == CAIRN_IMAGE_CHANGED; i++)
    {
      g_ptr_array_set_size (inventory->bitmaps, (int)n_bitmaps);
      g_ptr_array_set_size (inventory->unread, (int)n_unread);
      state = look_once (inventory, disk, deadline, &failure);
    }
  if (failure)
    g_propagate_error (error, failure);
  if (failure || state == CAIRN_IMAGE_SETTLED)
    return !failure;
  g_ptr_array_set_size (inventory->bitmaps, (int)n_bitmaps);
  g_ptr_array_set_size (inventory->unread, (int)n_unread);
  reason = g_strdup_printf (CAIRN_BUSY_REASON, disk->path);
  take_unread (inventory, disk, CAIRN_VERDICT_BUSY, reason);
  return TRUE;
}

CairnInventory *
cairn_offline_take_inventory (const CairnVm *vm, int64_t deadline, GError **error)
{
  g_autoptr (CairnInventory) inventory = cairn_inventory_new ();

  for (guint i = 0; i < vm->disks->len; i++)
    if (!cairn_qcow2_check_deadline (deadline, error)
        || !look_until_settled (inventory, vm->disks->pdata[i], deadline, error))
      return NULL;
  return g_steal_pointer (&inventory);
}
