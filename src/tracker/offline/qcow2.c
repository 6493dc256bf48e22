/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the header of a qcow2 file and its extensions. */
#include "tracker/offline/qcow2.h"

#include <errno.h>
#include <unistd.h>

#include "tracker/offline/cursor.h"
#include "tracker/offline/layout.h"

gboolean
cairn_qcow2_check_deadline (int64_t deadline, GError **error)
{
  if (deadline == G_MAXINT64 || g_get_monotonic_time () < deadline)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
               "reading the image ran past the time limit; raise the limit or try again later");
  return FALSE;
}

static gboolean fail_damaged (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail_damaged (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE, message);
  return FALSE;
}

gboolean
cairn_qcow2_read (const CairnQcow2 *image, uint64_t offset, void *buffer, size_t size,
                  const char *what, GError **error)
{
  size_t done = 0;

  if (offset > image->file_bytes || image->file_bytes - offset < size)
    return fail_damaged (error, "the %s at 0x%" PRIx64 " lies past the end of the file", what,
                         offset);
  while (done < size)
    {
      ssize_t n = pread (image->fd, (char *)buffer + done, size - done, (off_t)(offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "the %s at 0x%" PRIx64 " can't be read: %s", what, offset,
                       g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        return fail_damaged (error, "the file ends within the %s at 0x%" PRIx64, what, offset);
      done += (size_t)n;
    }
  return TRUE;
}

gboolean
cairn_qcow2_has_valid_bitmaps (const CairnQcow2 *image)
{
  return image->has_bitmaps && (image->autoclear_features & AUTOCLEAR_BITMAPS);
}

static gboolean
read_bitmaps_extension (CairnQcow2 *image, uint64_t offset, uint32_t length, GError **error)
{
  uint8_t bytes[EXTENSION_BITMAPS_BYTES];
  CairnCursor cursor = cairn_cursor (bytes, sizeof bytes);
  uint32_t reserved;

  if (image->has_bitmaps)
    return fail_damaged (error, "a second bitmaps extension at 0x%" PRIx64, offset);
  image->has_bitmaps = TRUE;
  /* Inconsistent ones mean nothing, so they can't be wrong either. */
  if (!(image->autoclear_features & AUTOCLEAR_BITMAPS))
    return TRUE;
  if (length != sizeof bytes)
    return fail_damaged (error, "the bitmaps extension at 0x%" PRIx64 " has %" PRIu32 " bytes",
                         offset, length);
  if (!cairn_qcow2_read (image, offset, bytes, sizeof bytes, "bitmaps extension", error))
    return FALSE;
  image->n_bitmaps = cairn_cursor_u32 (&cursor);
  reserved = cairn_cursor_u32 (&cursor);
  image->directory_bytes = cairn_cursor_u64 (&cursor);
  image->directory_offset = cairn_cursor_u64 (&cursor);
  if (reserved != 0 || image->n_bitmaps == 0 || image->n_bitmaps > MAX_BITMAPS
      || image->directory_bytes > MAX_DIRECTORY_BYTES
      || image->directory_bytes < (uint64_t)image->n_bitmaps * BITMAP_ENTRY_BYTES
      || image->directory_offset == 0 || image->directory_offset % image->cluster_bytes != 0)
    return fail_damaged (error, "the bitmaps extension at 0x%" PRIx64 " can't be right", offset);
  return TRUE;
}

static gboolean
read_string (CairnQcow2 *image, uint64_t offset, uint32_t length, const char *what, char **out,
             GError **error)
{
  g_autofree char *string = NULL;

  if (length > MAX_BACKING_NAME_BYTES)
    return fail_damaged (error, "the %s at 0x%" PRIx64 " has %" PRIu32 " bytes", what, offset,
                         length);
  string = g_malloc0 (length + 1u);
  if (!cairn_qcow2_read (image, offset, string, length, what, error))
    return FALSE;
  g_free (*out);
  *out = g_steal_pointer (&string);
  return TRUE;
}

static gboolean
read_extensions (CairnQcow2 *image, uint64_t offset, uint64_t end, GError **error)
{
  for (int i = 0; i < MAX_EXTENSIONS && end - offset >= EXTENSION_HEADER_BYTES; i++)
    {
      uint8_t bytes[EXTENSION_HEADER_BYTES];
      CairnCursor cursor = cairn_cursor (bytes, sizeof bytes);
      uint32_t type, length;
      gboolean ok = TRUE;

      /* A file may end within its first cluster, after an unpadded header. */
      if (offset >= image->file_bytes)
        return TRUE;
      if (!cairn_qcow2_read (image, offset, bytes, sizeof bytes, "header extension", error))
        return FALSE;
      type = cairn_cursor_u32 (&cursor);
      length = cairn_cursor_u32 (&cursor);
      if (type == EXTENSION_END)
        return TRUE;
      offset += sizeof bytes;
      if (length > end - offset)
        return fail_damaged (error, "the header extension at 0x%" PRIx64 " is too long",
                             offset - sizeof bytes);
      if (type == EXTENSION_BITMAPS)
        ok = read_bitmaps_extension (image, offset, length, error);
      else if (type == EXTENSION_BACKING_FORMAT)
        ok = read_string (image, offset, length, "backing format", &image->backing_format, error);
      if (!ok)
        return FALSE;
      offset += MIN (((uint64_t)length + 7) & ~UINT64_C (7), end - offset);
    }
  return TRUE;
}

/* The fields of version 3, and where the header ends. */
static gboolean
read_features (CairnQcow2 *image, CairnCursor *cursor, uint64_t *header_bytes, GError **error)
{
  uint64_t unknown;

  image->incompatible_features = cairn_cursor_u64 (cursor);
  cairn_cursor_u64 (cursor); /* compatible features */
  image->autoclear_features = cairn_cursor_u64 (cursor);
  cairn_cursor_u32 (cursor); /* refcount order */
  *header_bytes = cairn_cursor_u32 (cursor);
  if (cursor->ran_out)
    return fail_damaged (error, "the file ends within its header");
  unknown = image->incompatible_features & ~INCOMPATIBLE_KNOWN;
  if (unknown)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "it uses unknown features (0x%" PRIx64 ")", unknown);
      return FALSE;
    }
  if (image->incompatible_features & INCOMPATIBLE_CORRUPT)
    return fail_damaged (error, "it is marked corrupt");
  if ((image->incompatible_features & INCOMPATIBLE_EXTENDED_L2)
      && image->cluster_bits < EXTENDED_L2_MIN_BITS)
    return fail_damaged (error, "extended L2 entries need larger clusters");
  if (*header_bytes < QCOW2_HEADER_BYTES_V3 || *header_bytes % 8 != 0
      || *header_bytes > image->cluster_bytes)
    return fail_damaged (error, "the header length at 0x64 is %" PRIu64, *header_bytes);
  return TRUE;
}

static gboolean
read_header (CairnQcow2 *image, GError **error)
{
  uint8_t bytes[QCOW2_HEADER_BYTES_V3];
  CairnCursor cursor = cairn_cursor (bytes, MIN (sizeof bytes, image->file_bytes));
  uint64_t header_bytes = QCOW2_HEADER_BYTES_V2, end, backing_offset;
  uint32_t magic, backing_length, encryption;

  if (image->file_bytes < QCOW2_HEADER_BYTES_V2)
    return fail_damaged (error, "the file ends within its header");
  if (!cairn_qcow2_read (image, 0, bytes, MIN (sizeof bytes, image->file_bytes), "header", error))
    return FALSE;
  magic = cairn_cursor_u32 (&cursor);
  image->version = cairn_cursor_u32 (&cursor);
  backing_offset = cairn_cursor_u64 (&cursor);
  backing_length = cairn_cursor_u32 (&cursor);
  image->cluster_bits = cairn_cursor_u32 (&cursor);
  image->virtual_size_bytes = cairn_cursor_u64 (&cursor);
  encryption = cairn_cursor_u32 (&cursor); /* of guest clusters only */
  image->is_encrypted = encryption != 0;
  image->has_luks = encryption == ENCRYPTION_LUKS;
  image->n_l1_entries = cairn_cursor_u32 (&cursor);
  image->l1_offset = cairn_cursor_u64 (&cursor);
  cairn_cursor_take (&cursor, 24); /* refcounts, snapshots */
  if (magic != QCOW2_MAGIC)
    return fail_damaged (error, "it isn't a qcow2 image");
  if (image->version < 2 || image->version > 3)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "it has the unknown version %" PRIu32, image->version);
      return FALSE;
    }
  if (image->cluster_bits < QCOW2_MIN_CLUSTER_BITS || image->cluster_bits > QCOW2_MAX_CLUSTER_BITS)
    return fail_damaged (error, "the cluster bits at 0x14 are %" PRIu32, image->cluster_bits);
  if (image->virtual_size_bytes > G_MAXINT64)
    return fail_damaged (error, "the virtual size at 0x18 is 0x%" PRIx64,
                         image->virtual_size_bytes);
  image->cluster_bytes = UINT64_C (1) << image->cluster_bits;
  if (image->version == 3 && !read_features (image, &cursor, &header_bytes, error))
    return FALSE;
  end = image->cluster_bytes;
  if (backing_offset != 0)
    {
      if (backing_offset < header_bytes || backing_offset > image->cluster_bytes)
        return fail_damaged (error, "the backing file name's offset at 0x8 is 0x%" PRIx64,
                             backing_offset);
      end = backing_offset;
      if (!read_string (image, backing_offset, backing_length, "backing file name",
                        &image->backing_file, error))
        return FALSE;
    }
  return read_extensions (image, header_bytes, end, error);
}

CairnQcow2 *
cairn_qcow2_new (int fd, uint64_t file_bytes, GError **error)
{
  g_autoptr (CairnQcow2) image = g_new0 (CairnQcow2, 1);

  image->fd = fd;
  image->file_bytes = file_bytes;
  if (!read_header (image, error))
    return NULL;
  return g_steal_pointer (&image);
}

void
cairn_qcow2_free (CairnQcow2 *image)
{
  if (!image)
    return;
  g_free (image->backing_file);
  g_free (image->backing_format);
  g_free (image);
}
