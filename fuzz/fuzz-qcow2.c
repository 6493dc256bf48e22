/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-qcow2.c: any bytes as a qcow2 image: header, directory, every bitmap's bits, counts and
 * extents, and the mapping. What it must not do: crash, hang, or need more memory than its limits.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "target.h"
#include "tracker/offline/bitmap.h"
#include "tracker/offline/format.h"
#include "tracker/offline/mapping.h"
#include "tracker/offline/tally.h"

/* One bitmap of 512 MiB takes a while under sanitizers: the clock stops what takes too long, as it
 * does in earnest. */
#define LIMIT_MICROSECONDS 200000

static void
read_bitmap (const CairnQcow2 *image, const CairnBitmapEntry *entry, int64_t deadline)
{
  uint64_t size = image->virtual_size_bytes;
  g_autoptr (GArray) all = NULL;
  g_autoptr (GArray) some = NULL;
  CairnBitmap bitmap;
  CairnTally tally;

  if (!cairn_bitmap_open (image, entry, &bitmap, NULL))
    return;
  all = cairn_bitmap_extents (&bitmap, 0, UINT64_MAX, deadline, NULL);
  some = cairn_bitmap_extents (&bitmap, size / 3, size / 3, deadline, NULL);
  /* Both come from the same bits, so they agree on how many are set. */
  if (cairn_tally_bitmap (&bitmap, NULL, NULL, &tally, deadline, NULL) && all
      && (tally.n_dirty == 0) != (all->len == 0))
    __builtin_trap ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  int64_t deadline = g_get_monotonic_time () + LIMIT_MICROSECONDS;
  int fd = memfd_create ("image", MFD_CLOEXEC);
  g_autoptr (CairnQcow2) image = NULL;
  g_autoptr (CairnDirectory) directory = NULL;
  uint64_t n_clusters, virtual_size;
  gboolean counted;

  if (fd < 0 || write (fd, bytes, size) != (ssize_t)size)
    __builtin_trap ();
  cairn_format_detect (fd, size, &virtual_size);
  image = cairn_qcow2_new (fd, size, NULL);
  if (image)
    {
      cairn_mapping_count (image, &counted, &n_clusters, deadline, NULL);
      directory = cairn_directory_read (image, NULL);
    }
  for (guint i = 0; directory && i < directory->entries->len; i++)
    read_bitmap (image, &g_array_index (directory->entries, CairnBitmapEntry, i), deadline);
  close (fd);
  return 0;
}
