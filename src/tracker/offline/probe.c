/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells what an image is and how much it holds, without any reference point in mind. */
#include "tracker/offline/look.h"

#include "tracker/offline/directory.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/image.h"
#include "tracker/offline/mapping.h"

static void
refuse (CairnDiskProbe *probe, const CairnImage *image, const GError *error)
{
  g_free (probe->reason);
  probe->verdict = CAIRN_VERDICT_UNREADABLE;
  probe->reason = g_strdup_printf (
      "image '%s' is damaged: %s; restore it, or repair it with 'qemu-img check -r all'",
      image->path, error->message);
}

/* Both the directory and the mapping must be readable: QEMU would not open the image otherwise. */
static void
count_allocated (const CairnImage *image, CairnDiskProbe *probe)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnDirectory) directory = cairn_directory_read (image->qcow2, &error);
  gboolean counted = FALSE;
  uint64_t n_clusters = 0;

  if (directory)
    cairn_mapping_count (image->qcow2, &counted, &n_clusters, G_MAXINT64, &error);
  if (error)
    refuse (probe, image, error);
  else if (counted)
    probe->allocated_bytes = (n_clusters + 1) * image->qcow2->cluster_bytes;
}

/* An image that only QEMU may know. */
static void
ask_qemu (const CairnImage *image, CairnDiskProbe *probe)
{
  g_autoptr (GError) error = NULL;
  CairnNbdImage *described = cairn_fallback_describe (image->path, G_MAXINT64, &error);

  if (described)
    {
      probe->virtual_size_bytes = described->virtual_size_bytes;
      cairn_fallback_free_image (described);
      return;
    }
  g_free (probe->reason);
  probe->verdict = CAIRN_VERDICT_UNREADABLE;
  probe->reason = g_strdup_printf ("image '%s' can't be read: %s, and QEMU says: %s; install a "
                                   "QEMU that knows it",
                                   image->path, image->unknown, error->message);
}

/* Adding a bitmap takes QEMU, which doesn't open an encrypted image without its key. */
static void
refuse_encrypted (CairnDiskProbe *probe, const CairnImage *image)
{
  if (!image->qcow2->is_encrypted || probe->verdict != CAIRN_VERDICT_TRACKED)
    return;
  g_free (probe->reason);
  probe->verdict = CAIRN_VERDICT_UNSUPPORTED_FORMAT;
  probe->reason = g_strdup_printf ("image '%s' is encrypted, and a bitmap can't be added to it "
                                   "without its key; create the point while the VM runs",
                                   image->path);
}

static CairnImageState
look_once (const CairnDisk *disk, CairnDiskProbe *probe)
{
  g_autoptr (CairnImage) image = cairn_image_open (disk->path);

  *probe = (CairnDiskProbe){ .verdict = image->verdict,
                             .reason = g_strdup (image->reason),
                             .format = g_strdup (image->format),
                             .virtual_size_bytes = image->virtual_size_bytes };
  if (image->verdict != CAIRN_VERDICT_TRACKED)
    return CAIRN_IMAGE_SETTLED;
  if (image->qcow2)
    {
      count_allocated (image, probe);
      refuse_encrypted (probe, image);
    }
  else
    ask_qemu (image, probe);
  return cairn_image_state (image);
}

void
cairn_offline_probe (const CairnDisk *disk, CairnDiskProbe *probe)
{
  CairnImageState state = CAIRN_IMAGE_CHANGED;

  *probe = (CairnDiskProbe){ 0 };
  for (int i = 0; i < CAIRN_LOOKS && state == CAIRN_IMAGE_CHANGED; i++)
    {
      cairn_disk_probe_clear (probe);
      state = look_once (disk, probe);
    }
  if (state == CAIRN_IMAGE_SETTLED)
    return;
  g_free (probe->reason);
  probe->verdict = CAIRN_VERDICT_BUSY;
  probe->reason = g_strdup_printf (CAIRN_BUSY_REASON, disk->path);
  probe->allocated_bytes = 0;
}
