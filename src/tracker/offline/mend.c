/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes "in use" marks back that stem from our own qemu-storage-daemon. */
#include "tracker/offline/mend.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tracker/offline/layout.h"

/* Fields of layout.h that are written here. */
#define BACKING_OFFSET     8 /* the place of the backing file's name, which follows the extensions */
#define BACKING_BYTES      12
#define AUTOCLEAR_OFFSET   88
#define ENTRY_FLAGS_OFFSET 12

static gboolean
fail_io (const char *what, uint64_t offset, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the %s at 0x%" G_GINT64_MODIFIER "x can't be written: %s; check its storage", what,
               offset, g_strerror (errno));
  return FALSE;
}

static gboolean
write_at (int fd, const void *bytes, size_t size, uint64_t offset, const char *what, GError **error)
{
  ssize_t done;

  do
    done = pwrite (fd, bytes, size, (off_t)offset);
  while (done < 0 && errno == EINTR);
  if (done == (ssize_t)size)
    return TRUE;
  if (done >= 0)
    errno = ENOSPC;
  return fail_io (what, offset, error);
}

CairnBitmapState *
cairn_bitmap_state_read (int fd, GError **error)
{
  g_autoptr (CairnBitmapState) state = g_new0 (CairnBitmapState, 1);
  off_t end = lseek (fd, 0, SEEK_END);

  if (end < 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "its size can't be told: %s; check its storage", g_strerror (errno));
      return NULL;
    }
  state->image = cairn_qcow2_new (fd, (uint64_t)end, error);
  if (state->image)
    state->directory = cairn_directory_read (state->image, error);
  return state->directory ? g_steal_pointer (&state) : NULL;
}

void
cairn_bitmap_state_free (CairnBitmapState *state)
{
  if (!state)
    return;
  cairn_directory_free (state->directory);
  cairn_qcow2_free (state->image);
  g_free (state);
}

/* A name with a NUL byte in it, which QEMU never writes, is found by nothing. */
const CairnBitmapEntry *
cairn_bitmap_state_find (const CairnBitmapState *state, const CairnBitmapEntry *entry)
{
  g_autofree char *name = g_strndup (entry->name, entry->name_bytes);
  const CairnBitmapEntry *found = cairn_directory_find (state->directory, name);

  return found && found->name_bytes == entry->name_bytes ? found : NULL;
}

/* Whether bitmap NOW is marked, wasn't BEFORE, and nothing else about it changed. */
static gboolean
is_mendable (const CairnBitmapState *before, const CairnBitmapEntry *now)
{
  const CairnBitmapEntry *was = cairn_bitmap_state_find (before, now);

  return was && (now->flags & BITMAP_FLAG_IN_USE) && !(was->flags & BITMAP_FLAG_IN_USE)
         && now->table_offset == was->table_offset && now->n_table_entries == was->n_table_entries
         && now->type == was->type && now->granularity_bits == was->granularity_bits;
}

static gboolean
mend_flags (int fd, const CairnBitmapState *before, const CairnDirectory *now, guint *n_mended,
            GError **error)
{
  for (guint i = 0; i < now->entries->len; i++)
    {
      const CairnBitmapEntry *entry = &g_array_index (now->entries, CairnBitmapEntry, i);
      const CairnBitmapEntry *was;
      uint32_t flags;

      if (!is_mendable (before, entry))
        continue;
      was = cairn_bitmap_state_find (before, entry);
      flags = GUINT32_TO_BE (was->flags);
      if (!write_at (fd, &flags, sizeof flags, entry->entry_offset + ENTRY_FLAGS_OFFSET,
                     "bitmap's flags", error))
        return FALSE;
      ++*n_mended;
    }
  return TRUE;
}

/* QEMU clears this bit while it rewrites the directory; only a process that was killed in that
 * moment leaves it so. The directory goes to the disk before the bit that vouches for it. */
static gboolean
mend_autoclear (int fd, const CairnQcow2 *image, GError **error)
{
  uint64_t features = GUINT64_TO_BE (image->autoclear_features | AUTOCLEAR_BITMAPS);

  return write_at (fd, &features, sizeof features, AUTOCLEAR_OFFSET, "autoclear features", error);
}

/* Without the bit the extension isn't read. QEMU rewrites the directory in place then, so it lies
 * where it lay; what is wrong with that shows when the image is read again. */
static void
adopt_directory (CairnQcow2 *image, const CairnQcow2 *before)
{
  image->autoclear_features |= AUTOCLEAR_BITMAPS;
  image->n_bitmaps = before->n_bitmaps;
  image->directory_offset = before->directory_offset;
  image->directory_bytes = before->directory_bytes;
}

static gboolean
sync_file (int fd, GError **error)
{
  if (fdatasync (fd) == 0)
    return TRUE;
  return fail_io ("image", 0, error);
}

gboolean
cairn_bitmap_state_mend (int fd, const CairnBitmapState *before, guint *n_mended, GError **error)
{
  off_t end = lseek (fd, 0, SEEK_END);
  g_autoptr (CairnQcow2) image = cairn_qcow2_new (fd, (uint64_t)MAX (end, 0), error);
  g_autoptr (CairnDirectory) directory = NULL;
  gboolean lacks_bit;

  *n_mended = 0;
  if (!image)
    return FALSE;
  if (!image->has_bitmaps || !cairn_qcow2_has_valid_bitmaps (before->image))
    return TRUE;
  lacks_bit = !cairn_qcow2_has_valid_bitmaps (image);
  if (lacks_bit)
    adopt_directory (image, before->image);
  directory = cairn_directory_read (image, error);
  if (!directory || !mend_flags (fd, before, directory, n_mended, error))
    return FALSE;
  if (*n_mended && !sync_file (fd, error))
    return FALSE;
  return !lacks_bit || (mend_autoclear (fd, image, error) && sync_file (fd, error));
}

/* Extensions and the bits that vouch for them. Not the rest: QEMU may have moved the table of
 * reference counts, and the mark that the image is corrupt must stay. */
static void
patch_header (uint8_t *now, const uint8_t *then, size_t size)
{
  memcpy (now + BACKING_OFFSET, then + BACKING_OFFSET, BACKING_BYTES);
  memcpy (now + AUTOCLEAR_OFFSET, then + AUTOCLEAR_OFFSET, sizeof (uint64_t));
  memcpy (now + QCOW2_HEADER_BYTES_V3, then + QCOW2_HEADER_BYTES_V3, size - QCOW2_HEADER_BYTES_V3);
}

gboolean
cairn_bitmap_state_restore (int fd, GBytes *header, GError **error)
{
  size_t size;
  const uint8_t *then = g_bytes_get_data (header, &size);
  g_autofree uint8_t *now = g_malloc (size);

  if (size < QCOW2_HEADER_BYTES_V3 || pread (fd, now, size, 0) != (ssize_t)size)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "its header can't be read; check its storage");
      return FALSE;
    }
  if (memcmp (now, then, size) == 0)
    return TRUE;
  patch_header (now, then, size);
  return write_at (fd, now, size, 0, "header", error) && sync_file (fd, error);
}
