/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells what an image is and how much it holds, without any reference point in mind. */
#include "tracker/offline/look.h"

#include "tracker/offline/directory.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/image.h"
#include "tracker/offline/layout.h"
#include "tracker/offline/mapping.h"

/* The largest disk that a new point's bitmap covers: 256 TiB. (Measured, QEMU 7.2: a disk of this
 * size gets one; with 512 bytes more, QEMU says "Use larger granularity".) */
#define MAX_TRACKED_BYTES (MAX_BITMAP_BYTES * 8 * CAIRN_DEFAULT_GRANULARITY)

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

static void G_GNUC_PRINTF (2, 3) refuse_bitmap (CairnDiskProbe *probe, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_free (probe->reason);
  probe->verdict = CAIRN_VERDICT_UNSUPPORTED_FORMAT;
  probe->reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

/* What QEMU adds no bitmap to, so that it's known before it is tried. KEY: or NULL. */
static void
check_bitmap_possible (const CairnImage *image, const GBytes *key, CairnDiskProbe *probe)
{
  if (probe->verdict != CAIRN_VERDICT_TRACKED)
    return;
  if (image->qcow2 && image->qcow2->is_encrypted && !image->qcow2->has_luks)
    refuse_bitmap (probe, "image '%s' " CAIRN_OLD_ENCRYPTION, image->path);
  else if (image->qcow2 && image->qcow2->is_encrypted && !key)
    refuse_bitmap (probe, "image '%s' " CAIRN_NO_KEY, image->path);
  else if (probe->virtual_size_bytes == 0)
    /* QEMU takes it, and loses all bitmaps of the image when it closes it. */
    refuse_bitmap (probe,
                   "image '%s' is a disk of 0 bytes, on which QEMU keeps no bitmap; enlarge it "
                   "with 'qemu-img resize', or take it out of the VM",
                   image->path);
  else if (probe->virtual_size_bytes > MAX_TRACKED_BYTES)
    refuse_bitmap (probe,
                   "image '%s' is a disk of %" G_GUINT64_FORMAT
                   " bytes, and QEMU's bitmaps of granularity %u cover %" G_GUINT64_FORMAT
                   "; move what is on it to smaller disks",
                   image->path, probe->virtual_size_bytes, CAIRN_DEFAULT_GRANULARITY,
                   MAX_TRACKED_BYTES);
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
    count_allocated (image, probe);
  else
    ask_qemu (image, probe);
  check_bitmap_possible (image, disk->key, probe);
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
