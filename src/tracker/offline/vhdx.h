/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vhdx.h: where a VHDX file has what of its virtual disk. Disks from Hyper-V are copies of this
 * format, QEMU's reader knows no holes in them and one request at a time.
 *
 * SOURCE: [MS-VHDX] 2. All numbers are little-endian.
 *
 *   64 KiB, 128 KiB   headers: the valid one with the higher sequence number counts
 *   OFFSET  SIZE  FIELD
 *   0       4     "head"
 *   4       4     CRC-32C of these 4 KiB, this field taken as 0
 *   8       8     sequence number
 *   48      16    log GUID; not zero: a log may have to be replayed
 *   66      2     version, 1
 *
 *   192 KiB           region table of 64 KiB
 *   0       4     "regi"
 *   4       4     CRC-32C of the 64 KiB
 *   8       4     entries, from byte 16 on, of 32 bytes each:
 *   0       16    GUID; 16: offset in the file, 8; 24: length, 4; 28: bit 0 = required, 4
 *
 *   metadata region
 *   0       8     "metadata"
 *   10      2     entries, from byte 32 on, of 32 bytes each:
 *   0       16    GUID; 16: offset in the region, 4; 20: length, 4; 24: bit 2 = required, 4
 *
 *   BAT region: an entry of 8 bytes for each block of the disk, and after every chunk of blocks one
 *   for a sector bitmap, which only differencing disks have. Bits 0-2: state; bits 20-63: offset of
 *   the block in the file, in MiB.
 */
#ifndef CAIRN_OFFLINE_VHDX_H
#define CAIRN_OFFLINE_VHDX_H

#include <glib.h>
#include <stdint.h>

typedef struct
{
  uint64_t size_bytes;
  uint64_t block_bytes;
  uint64_t blocks_per_chunk;
  uint64_t bat_offset;
} CairnVhdx;

#define CAIRN_VHDX_STATE_MASK        UINT64_C (7)
#define CAIRN_VHDX_OFFSET_MASK       (~((UINT64_C (1) << 20) - 1))
#define CAIRN_VHDX_FULLY_PRESENT     6u
#define CAIRN_VHDX_PARTIALLY_PRESENT 7u /* of differencing disks */

/* Reads what is needed to find blocks. NOT_SUPPORTED for all that QEMU may know better: a log to be
 * replayed, a parent, unknown parts that are required, damage. */
gboolean cairn_vhdx_open (int fd, CairnVhdx *vhdx, GError **error);

/* The place in the file of block NUMBER's entry. */
static inline uint64_t
cairn_vhdx_entry_place (const CairnVhdx *vhdx, uint64_t number)
{
  return vhdx->bat_offset + (number + number / vhdx->blocks_per_chunk) * sizeof (uint64_t);
}

#endif
