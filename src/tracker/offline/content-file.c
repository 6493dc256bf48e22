/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens one image file for its content, and reads it. */
#include "tracker/offline/content-file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tracker/offline/backing.h"
#include "tracker/offline/format.h"
#include "tracker/offline/image.h"
#include "tracker/offline/layout.h"

/* What QEMU compresses with (block/qcow2-threads.c): no header, a window of 4 KiB. */
#define WINDOW_BITS -12

/* Features of an image whose guest data lie elsewhere, or otherwise than is read here. */
#define INCOMPATIBLE_FOREIGN                                                                       \
  (INCOMPATIBLE_DATA_FILE | INCOMPATIBLE_COMPRESSION | INCOMPATIBLE_EXTENDED_L2)

static gboolean
fail_open (const char *path, const GError *cause, GError **error)
{
  const char *remedy = cause->code == CAIRN_ERROR_FILE_NOT_FOUND  ? "name one that is there"
                       : cause->code == CAIRN_ERROR_ACCESS_DENIED ? "allow reading it"
                                                                  : "check it and its storage";

  g_set_error (error, CAIRN_ERROR, cause->code, "image '%s' can't be opened: %s; %s", path,
               cause->message, remedy);
  return FALSE;
}

static gboolean
refuse (const CairnContentFile *file, const char *what, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED, "image '%s' is %s", file->path, what);
  return FALSE;
}

static gboolean
open_qcow2 (CairnContentFile *file, uint64_t file_bytes, GError **error)
{
  g_autoptr (GError) cause = NULL;

  file->qcow2 = cairn_qcow2_new (file->fd, file_bytes, &cause);
  if (!file->qcow2)
    {
      g_set_error (error, CAIRN_ERROR, cause->code,
                   "image '%s': %s; restore it or repair it with "
                   "'qemu-img check -r all'",
                   file->path, cause->message);
      return FALSE;
    }
  file->size_bytes = file->qcow2->virtual_size_bytes;
  if (file->qcow2->is_encrypted)
    return refuse (file, "encrypted", error);
  if (file->qcow2->incompatible_features & INCOMPATIBLE_FOREIGN)
    return refuse (file, "qcow2 with features that are read by QEMU alone", error);
  return TRUE;
}

static gboolean
open_vhdx (CairnContentFile *file, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (!cairn_vhdx_open (file->fd, &file->vhdx, &cause))
    return refuse (file, cause->message, error);
  file->is_vhdx = TRUE;
  file->size_bytes = file->vhdx.size_bytes;
  return TRUE;
}

static gboolean
open_file (CairnContentFile *file, const char *format, GError **error)
{
  uint64_t file_bytes, size_bytes;
  g_autoptr (GError) cause = NULL;

  file->fd = cairn_image_open_file (file->path, &file_bytes, &cause);
  if (file->fd < 0)
    return fail_open (file->path, cause, error);
  if (fstat (file->fd, &file->status) != 0)
    return refuse (file, "gone", error);
  if (!format || !*format)
    format = cairn_format_detect (file->fd, file_bytes, &size_bytes);
  if (strcmp (format, "qcow2") == 0)
    return open_qcow2 (file, file_bytes, error);
  if (strcmp (format, "vhdx") == 0)
    return open_vhdx (file, error);
  if (strcmp (format, "raw") != 0)
    return refuse (file, format, error);
  file->size_bytes = (file_bytes + 511) & ~UINT64_C (511); /* as QEMU rounds it */
  return TRUE;
}

CairnContentFile *
cairn_content_file_open (const char *path, const char *format, GError **error)
{
  g_autoptr (CairnContentFile) file = g_new0 (CairnContentFile, 1);

  file->path = g_strdup (path);
  file->fd = -1;
  return open_file (file, format, error) ? g_steal_pointer (&file) : NULL;
}

void
cairn_content_file_free (CairnContentFile *file)
{
  if (!file)
    return;
  if (file->fd >= 0)
    close (file->fd);
  cairn_qcow2_free (file->qcow2);
  g_free (file->path);
  g_free (file);
}

gboolean
cairn_content_file_read (const CairnContentFile *file, uint64_t place_bytes, void *buffer,
                         size_t length_bytes, GError **error)
{
  size_t done = 0;

  while (done < length_bytes)
    {
      ssize_t n = pread (file->fd, (char *)buffer + done, length_bytes - done,
                         (off_t)(place_bytes + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "image '%s' can't be read at 0x%" PRIx64 ": %s; check its storage",
                       file->path, place_bytes + done, g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        {
          memset ((char *)buffer + done, 0, length_bytes - done);
          return TRUE;
        }
      done += (size_t)n;
    }
  return TRUE;
}

/* Whether PACKED was a whole cluster. */
static gboolean
inflate_cluster (uint8_t *packed, size_t packed_bytes, void *buffer, size_t cluster_bytes)
{
  z_stream stream = { .next_in = packed,
                      .avail_in = (uInt)packed_bytes,
                      .next_out = buffer,
                      .avail_out = (uInt)cluster_bytes };
  int result;

  if (inflateInit2 (&stream, WINDOW_BITS) != Z_OK)
    return FALSE;
  /* What lies behind the data, up to the end of its sector, is none of it. */
  result = inflate (&stream, Z_FINISH);
  inflateEnd (&stream);
  return (result == Z_STREAM_END || result == Z_BUF_ERROR) && stream.avail_out == 0;
}

gboolean
cairn_content_file_unpack (const CairnContentFile *file, const CairnStretch *stretch, void *buffer,
                           GError **error)
{
  g_autofree uint8_t *packed = g_try_malloc (stretch->packed_bytes);

  if (!packed)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "no memory to read image '%s'; free some and try again", file->path);
      return FALSE;
    }
  if (!cairn_content_file_read (file, stretch->place_bytes, packed, stretch->packed_bytes, error))
    return FALSE;
  if (inflate_cluster (packed, stretch->packed_bytes, buffer, file->qcow2->cluster_bytes))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "image '%s' is damaged: the compressed cluster at 0x%" PRIx64
               " can't be unpacked; restore it",
               file->path, stretch->place_bytes);
  return FALSE;
}

char *
cairn_content_file_backing_path (const CairnContentFile *file, gboolean *has_backing)
{
  const char *name = file->qcow2 ? file->qcow2->backing_file : NULL;

  *has_backing = name != NULL;
  return name ? cairn_backing_path (file->path, name) : NULL;
}
