/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2.h: an open qcow2 file: its header, and checked reads.
 *
 * Errors here and in directory.h, bitmap.h, mapping.h:
 *   CAIRN_ERROR_NOT_SUPPORTED        something this reader doesn't know; QEMU may
 *   CAIRN_ERROR_INCORRECT_DATA_TYPE  damaged; the message has the offset
 *   CAIRN_ERROR_FAILED               the file can't be read
 *   CAIRN_ERROR_TIMEOUT, CAIRN_ERROR_OUT_OF_MEMORY
 * Messages name what is wrong, not the image: the caller knows its path.
 * One thread at a time per file.
 */
#ifndef CAIRN_OFFLINE_QCOW2_H
#define CAIRN_OFFLINE_QCOW2_H

#include <glib.h>
#include <inttypes.h>
#include <stdint.h>

#include <cairn/error.h>

typedef struct
{
  int fd; /* borrowed */
  uint64_t file_bytes;
  uint32_t version; /* 2 or 3 */
  uint32_t cluster_bits;
  uint64_t cluster_bytes;
  uint64_t virtual_size_bytes;
  uint64_t incompatible_features;
  uint64_t autoclear_features;
  gboolean is_encrypted; /* its bitmaps can be read, but QEMU opens it with its key only */
  gboolean has_luks;     /* encrypted with LUKS, and not with what QEMU had before */
  uint32_t n_l1_entries;
  uint64_t l1_offset;
  char *backing_file;   /* as written in the header; NULL = none; owned */
  char *backing_format; /* NULL = not said; owned */
  gboolean has_bitmaps; /* the bitmaps extension is there, whether consistent or not */
  uint32_t n_bitmaps;
  uint64_t directory_offset, directory_bytes;
} CairnQcow2;

/* Reads the header of FD, which is open for reading, belongs to the caller and must stay open.
 * FILE_BYTES is its size. NOT_SUPPORTED covers versions after 3 and unknown features. */
CairnQcow2 *cairn_qcow2_new (int fd, uint64_t file_bytes, GError **error);
void cairn_qcow2_free (CairnQcow2 *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnQcow2, cairn_qcow2_free)

/* Reads exactly SIZE bytes at OFFSET; WHAT names them in errors ("bitmap table"). */
gboolean cairn_qcow2_read (const CairnQcow2 *image, uint64_t offset, void *buffer, size_t size,
                           const char *what, GError **error);

/* Whether the bitmaps extension is there and consistent. */
gboolean cairn_qcow2_has_valid_bitmaps (const CairnQcow2 *image);

/* FALSE with TIMEOUT when DEADLINE (g_get_monotonic_time) has passed. */
gboolean cairn_qcow2_check_deadline (int64_t deadline, GError **error);

#endif
