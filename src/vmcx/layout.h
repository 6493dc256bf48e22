/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layout.h: the bytes of a Hyper-V storage container, format 4.0.
 *
 * Little-endian, packed; offsets from the start of the file unless said otherwise. SOURCE: V = seen
 * and computed on genuine files, M = microsoft/openvmm support/hvs_file FORMAT.md; docs/vmcx.md.
 *
 *      0x0000  +--------------------+
 *              | file header copy 0 |  the higher sequence wins; a commit overwrites the older copy
 *      0x1000  +--------------------+
 *              | file header copy 1 |
 *      0x2000  +--------------------+     one alignment long, at 0x2000 whatever the alignment is
 *              | root object table  |--+--> key tables     entries that name their parent by
 *              +--------------------+  |                   (table index, offset in that table)
 *              | key tables, file   |  +--> file objects   raw values of 0x800 bytes and more
 *              | objects, free      |  +--> free space
 *              | space, further     |  +--> next object table (last slot only)
 *              | object tables      |
 *              +--------------------+
 *              | replay log         |  header area (header, entries), then the entries' new bytes
 *              +--------------------+  may end short of its declared size
 *
 * What a crash leaves behind: a log header with n > 0 whose entries describe bytes that may or may
 * not have reached their places (write them again: harmless), and one file header copy that is torn
 * (the other one is whole). Bytes of free space, slack and used-up log entries are stale, never
 * zero.
 *
 * FILE HEADER, at 0x0000 and 0x1000                                               SOURCE
 *  OFFSET SIZE FIELD            UNIT, RULE
 *       0    4 signature        0x01282014                                         V
 *       4    4 checksum         of these 46 bytes                                  V
 *       8    2 sequence         modulo 65536                                       V
 *      10    4 version          major << 8 | minor; 0x0400                         M
 *      14    4 data_version     the application's                                  M
 *      18    4 flags            reserved, 0                                        V
 *      22    4 alignment        bytes; power of two 0x1000..0x10000                V
 *      26    8 log_offset       bytes; multiple of the alignment                   V
 *      34    8 log_size         bytes; multiple of the alignment                   V
 *      42    4 log_header_size  bytes; log data start at log_offset + this         V
 *
 * OBJECT TABLE: header, then as many entries as fit
 *       0    4 signature        0x01110001                                         V
 *       4    4 count            entries                                            V
 * OBJECT ENTRY, from table offset 8
 *       0    1 type             VmcxObjectType                                     V
 *       1    4 checksum         of these 18 bytes                                  V
 *       5    8 offset           bytes; multiple of the alignment                   V
 *      13    4 size             bytes; multiple of the alignment                   V
 *      17    1 flags            1 = required                                       M
 *
 * KEY TABLE: header, then entries that fill it exactly
 *       0    2 signature        2                                                  V
 *       2    2 index            from 1                                             V
 *       4    2 sequence         +1 per commit that touches the table               V
 *       6    4 checksum         of these 10 bytes                                  V
 * KEY ENTRY, from table offset 10: header, name, value, slack
 *       0    1 type             VmcxType, or 1 = free                              V
 *       1    1 flags            VMCX_KEY_FLAG_*                                    M
 *       2    4 size             bytes up to the next entry                         V
 *       6    2 parent_table     index; 0 = top level                               V
 *       8    4 parent_offset    bytes from the parent table's start                V
 *      12    4 checksum         of header, name and value; 0 in free entries       V
 *      16    4 sequence         insertion sequence                                 V
 *      20    1 name_length      bytes with the NUL; 0 in free entries              V
 *
 * LOG HEADER, at log_offset
 *       0    4 signature        0x01110003                                         V
 *       4    4 checksum         of these 34 bytes                                  V
 *       8    4 n_pending        entries; 0 = clean                                 V
 *      12    1 reserved         0                                                  V
 *      13    4 max_entries      that fit the header area                           V
 *      17    1 tracking         change tracking enabled, 0                         M
 *      18    8 tracking_offset  0                                                  M
 *      26    4 tracking_size    0                                                  M
 *      30    4 tracking_used    0                                                  M
 * LOG ENTRY, from log offset 34
 *       0    8 target           bytes from the start of the file                   V
 *       8    4 size             bytes                                              V
 *      12    8 position         bytes from the log offset                          V
 *      20    4 checksum         of these 28 bytes                                  V
 *      24    4 bytes_checksum   of the new bytes                                   V
 */
#ifndef VMCX_LAYOUT_H
#define VMCX_LAYOUT_H

#include "cursor.h"

#define VMCX_HEADER_COPY_DISTANCE   0x1000u
#define VMCX_ROOT_TABLE_OFFSET      0x2000u
#define VMCX_VERSION                0x0400u
#define VMCX_ALIGNMENT_MIN          0x1000u
#define VMCX_ALIGNMENT_MAX          0x10000u

#define VMCX_HEADER_SIGNATURE       0x01282014u
#define VMCX_OBJECT_TABLE_SIGNATURE 0x01110001u
#define VMCX_KEY_TABLE_SIGNATURE    2u
#define VMCX_LOG_SIGNATURE          0x01110003u

/* Where each structure's checksum stands in it. */
#define VMCX_HEADER_CHECKSUM_AT    4
#define VMCX_OBJECT_CHECKSUM_AT    1
#define VMCX_KEY_TABLE_CHECKSUM_AT 6
#define VMCX_ENTRY_CHECKSUM_AT     12
#define VMCX_LOG_CHECKSUM_AT       4
#define VMCX_LOG_ENTRY_CHECKSUM_AT 20

#define VMCX_OBJECT_FLAG_REQUIRED  0x01u

#define VMCX_ENTRY_TYPE_FREE       1
#define VMCX_FREE_ENTRY_BYTES_MIN  22  /* no entry may begin within a table's last 21 bytes */
#define VMCX_NAME_LENGTH_MIN       2   /* one character and the NUL */
#define VMCX_NAME_BYTES_MAX        254 /* without the NUL */
#define VMCX_NODE_VALUE_BYTES      12 /* u64 change-tracking sequence, u32 next insertion sequence */
#define VMCX_OBJECT_VALUE_BYTES    12     /* u32 length, u64 file offset */
#define VMCX_VALUE_SLACK_BYTES     12     /* room to turn a value into a file object's address */
#define VMCX_OBJECT_THRESHOLD      0x800u /* values of this many bytes and more go to file objects */
#define VMCX_KEY_TABLES_MAX        0xffffu /* a table's index is 16 bits, from 1 */

typedef enum
{
  VMCX_OBJECT_EMPTY = 0,
  VMCX_OBJECT_TABLE = 1,
  VMCX_OBJECT_KEY_TABLE = 2,
  VMCX_OBJECT_FILE = 3,
  VMCX_OBJECT_FREE = 4,
  VMCX_OBJECT_HEADER = 5, /* 5 to 7 are named by Microsoft and were never seen in a file */
  VMCX_OBJECT_LOG = 6,
  VMCX_OBJECT_TRACKING = 7,
} VmcxObjectType;

#define VMCX_HEADER_FIELDS(F)                                                                      \
  F (32, signature)                                                                                \
  F (32, checksum)                                                                                 \
  F (16, sequence)                                                                                 \
  F (32, version)                                                                                  \
  F (32, data_version)                                                                             \
  F (32, flags)                                                                                    \
  F (32, alignment) F (64, log_offset) F (64, log_size) F (32, log_header_size)
VMCX_RECORD (VmcxHeader, vmcx_header, VMCX_HEADER_BYTES, VMCX_HEADER_FIELDS)

#define VMCX_OBJECT_TABLE_FIELDS(F) F (32, signature) F (32, count)
VMCX_RECORD (VmcxObjectTableHeader, vmcx_object_table_header, VMCX_OBJECT_TABLE_HEADER_BYTES,
             VMCX_OBJECT_TABLE_FIELDS)

#define VMCX_OBJECT_FIELDS(F) F (8, type) F (32, checksum) F (64, offset) F (32, size) F (8, flags)
VMCX_RECORD (VmcxObjectEntry, vmcx_object_entry, VMCX_OBJECT_ENTRY_BYTES, VMCX_OBJECT_FIELDS)

#define VMCX_KEY_TABLE_FIELDS(F) F (16, signature) F (16, index) F (16, sequence) F (32, checksum)
VMCX_RECORD (VmcxKeyTableHeader, vmcx_key_table_header, VMCX_KEY_TABLE_HEADER_BYTES,
             VMCX_KEY_TABLE_FIELDS)

#define VMCX_ENTRY_FIELDS(F)                                                                       \
  F (8, type)                                                                                      \
  F (8, flags)                                                                                     \
  F (32, size)                                                                                     \
  F (16, parent_table) F (32, parent_offset) F (32, checksum) F (32, sequence) F (8, name_length)
VMCX_RECORD (VmcxEntry, vmcx_entry, VMCX_ENTRY_BYTES, VMCX_ENTRY_FIELDS)

#define VMCX_LOG_FIELDS(F)                                                                         \
  F (32, signature)                                                                                \
  F (32, checksum)                                                                                 \
  F (32, n_pending)                                                                                \
  F (8, reserved)                                                                                  \
  F (32, max_entries)                                                                              \
  F (8, tracking) F (64, tracking_offset) F (32, tracking_size) F (32, tracking_used)
VMCX_RECORD (VmcxLogHeader, vmcx_log_header, VMCX_LOG_HEADER_BYTES, VMCX_LOG_FIELDS)

#define VMCX_LOG_ENTRY_FIELDS(F)                                                                   \
  F (64, target) F (32, size) F (64, position) F (32, checksum) F (32, bytes_checksum)
VMCX_RECORD (VmcxLogEntry, vmcx_log_entry, VMCX_LOG_ENTRY_BYTES, VMCX_LOG_ENTRY_FIELDS)

_Static_assert(VMCX_HEADER_BYTES == 46, "file header");
_Static_assert(VMCX_OBJECT_TABLE_HEADER_BYTES == 8, "object table header");
_Static_assert(VMCX_OBJECT_ENTRY_BYTES == 18, "object entry");
_Static_assert(VMCX_KEY_TABLE_HEADER_BYTES == 10, "key table header");
_Static_assert(VMCX_ENTRY_BYTES == 21, "key entry");
_Static_assert(VMCX_LOG_HEADER_BYTES == 34, "log header");
_Static_assert(VMCX_LOG_ENTRY_BYTES == 28, "log entry");

#endif
