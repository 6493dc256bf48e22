/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bitmap.h: the bits of a bitmap, read in pieces, as extents or as counts. Errors: qcow2.h. */
#ifndef CAIRN_OFFLINE_BITMAP_H
#define CAIRN_OFFLINE_BITMAP_H

#include <string.h>

#include "tracker/offline/directory.h"

/* One bitmap, checked against its image. Plain value; the image must outlive it.
 * With BELOW it stands for the union of the bitmaps of that list, which have one granularity: a bit
 * is set where any of theirs is. They are of layers of one disk, whose size is the first one's;
 * what others have beyond it is left out. */
typedef struct CairnBitmap CairnBitmap;
struct CairnBitmap
{
  const CairnQcow2 *image;
  const CairnBitmap *below; /* borrowed; NULL = the last one */
  const char *path;         /* of the image, for errors about those below; borrowed, or NULL */
  uint64_t table_offset;
  uint64_t n_table_entries; /* those that are needed; the table may be longer */
  uint32_t granularity_bits;
  uint64_t n_bits;
};

/* NOT_SUPPORTED: another type, extra data, a granularity or size that QEMU doesn't make. */
gboolean cairn_bitmap_open (const CairnQcow2 *image, const CairnBitmapEntry *entry,
                            CairnBitmap *bitmap, GError **error);

/* Called with pieces of the bitmap, in order, all that has a set bit at least: N bytes from byte
 * FIRST_BYTE of the bitmap on, followed by zeros up to a multiple of 8; bits past the end of the
 * disk are 0. FIRST_BYTE is a multiple of 8. What is left out is all zeros. */
typedef void (*CairnBitsSink) (void *sink, uint64_t first_byte, const uint8_t *bytes, size_t n);

/* The first of the words [I, N) at BYTES that isn't zero, or N. Nearly all of them are zero. */
static inline size_t
cairn_bits_skip_zeros (const uint8_t *bytes, size_t i, size_t n)
{
  uint64_t four[4];

  for (; i + G_N_ELEMENTS (four) <= n; i += G_N_ELEMENTS (four))
    {
      memcpy (four, bytes + i * sizeof *four, sizeof four);
      if ((four[0] | four[1] | four[2] | four[3]) != 0)
        break;
    }
  for (; i < n; i++)
    {
      memcpy (four, bytes + i * sizeof *four, sizeof *four);
      if (*four != 0)
        break;
    }
  return i;
}

/* Gives the bits of bytes [FIRST_BYTE, END_BYTE) of the bitmap to TAKE; pieces may reach beyond
 * them. Holds one buffer of CAIRN_BITMAP_PIECE_BYTES, and one more for a union. */
gboolean cairn_bitmap_scan (const CairnBitmap *bitmap, uint64_t first_byte, uint64_t end_byte,
                            CairnBitsSink take, void *sink, int64_t deadline, GError **error);

/* The dirty ranges of [OFFSET, OFFSET + LENGTH), clipped to it and to the disk. The caller unrefs.
 */
GArray *cairn_bitmap_extents (const CairnBitmap *bitmap, uint64_t offset_bytes,
                              uint64_t length_bytes, int64_t deadline, GError **error);

#define CAIRN_BITMAP_PIECE_BYTES                                                                   \
  (1u << 20) /* large enough for the disk, small enough for caches                                 \
              */

#endif
