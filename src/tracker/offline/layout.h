/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layout.h: the parts of the qcow2 format that reading bitmaps needs. All numbers are big-endian.
 * SOURCE of all of it: QEMU docs/interop/qcow2.txt, sections in brackets.
 *
 *   cluster 0                 anywhere, cluster-aligned
 *   +--------+-----+-------+  +-----------+     +-------+     +------+
 *   | header | ext | name  |  | directory |---->| table |---->| bits |   one table per bitmap
 *   +--------+-----+-------+  +-----------+     +-------+     +------+
 *       |       '---------------^
 *       '------------------------------> L1 ---> L2 ---> guest clusters
 *
 * Header [Header]
 * OFFSET  SIZE  FIELD                    UNIT
 * 0       4     magic "QFI\xfb"
 * 4       4     version                  2 or 3; version 2 ends at 72 and has no feature bits
 * 8       8     backing file name at     bytes into the file, 0 = none
 * 16      4     its length               bytes, <= 1023
 * 20      4     cluster bits             9..21 in QEMU
 * 24      8     virtual size             bytes
 * 32      4     encryption               0 none, 1 AES, 2 LUKS: guest clusters only, never metadata
 * 36      4     L1 entries
 * 40      8     L1 at                    bytes into the file
 * 72      8     incompatible features    see INCOMPATIBLE_*
 * 80      8     compatible features
 * 88      8     autoclear features       bit 0: the bitmaps extension is consistent
 * 100     4     header length            bytes
 *
 * Header extension, from the end of the header on, 8-aligned [Header extensions]
 * 0       4     type                     0 ends the list
 * 4       4     length                   bytes, without these 8 and the padding
 *
 * Bitmaps extension, type 0x23852875, length 24 [Bitmaps extension]
 * 0       4     bitmaps                  >= 1, at most 65535 in QEMU
 * 4       4     reserved, 0
 * 8       8     directory size           bytes
 * 16      8     directory at             bytes into the file
 *
 * Directory entry, 8-aligned [Bitmap directory]
 * 0       8     table at                 bytes into the file
 * 8       4     table entries
 * 12      4     flags                    1 in use, 2 auto (recording), 4 extra data is compatible
 * 16      1     type                     1 = dirty tracking
 * 17      1     granularity bits         9..31 in QEMU
 * 18      2     name length              bytes, 1..1023 in QEMU
 * 20      4     extra data length        bytes
 * 24      -     extra data, name (no NUL)
 *
 * Table entry, 8 bytes [Bitmap table]: bits 9-55 the host offset of one cluster of bits; where that
 * is 0, bit 0 says whether the cluster is all ones or all zeros. All else reserved, 0.
 * Bits [Bitmap data]: bit n of byte b stands for granule 8 * b + n of the virtual disk.
 *
 * L1 entry [Cluster mapping]: bits 9-55 the offset of an L2 table, 0 = nothing allocated.
 * L2 table: one cluster of entries of 8 bytes, or 16 with extended L2 entries; an entry that is all
 * zeros is unallocated.
 *
 * What a crash leaves behind: QEMU sets "in use" on every bitmap when it opens an image read-write,
 * keeps the bits in memory, and writes them and clears the flag when it closes it. A crash leaves
 * the flag, and bits as of the last clean close. A program that doesn't know bitmaps clears
 * autoclear bit 0 and leaves the extension.
 */
#ifndef CAIRN_OFFLINE_LAYOUT_H
#define CAIRN_OFFLINE_LAYOUT_H

#define QCOW2_MAGIC                 0x514649fbu
#define QCOW2_HEADER_BYTES_V2       72
#define QCOW2_HEADER_BYTES_V3       104
#define QCOW2_MIN_CLUSTER_BITS      9
#define QCOW2_MAX_CLUSTER_BITS      21 /* QEMU's limit */

#define INCOMPATIBLE_CORRUPT        (UINT64_C (1) << 1)
#define INCOMPATIBLE_DATA_FILE      (UINT64_C (1) << 2)
#define INCOMPATIBLE_COMPRESSION    (UINT64_C (1) << 3) /* another than zlib's */
#define INCOMPATIBLE_EXTENDED_L2    (UINT64_C (1) << 4)
#define INCOMPATIBLE_KNOWN          UINT64_C (0x1f) /* dirty, corrupt, data file, compression, ext. L2 */
#define EXTENDED_L2_MIN_BITS        14

#define ENCRYPTION_LUKS             2u

#define AUTOCLEAR_BITMAPS           UINT64_C (1)

#define EXTENSION_END               0u
#define EXTENSION_BACKING_FORMAT    0xe2792acau
#define EXTENSION_BITMAPS           0x23852875u
#define EXTENSION_BITMAPS_BYTES     24
#define EXTENSION_HEADER_BYTES      8

#define BITMAP_ENTRY_BYTES          24
#define BITMAP_FLAG_IN_USE          1u
#define BITMAP_FLAG_AUTO            2u
#define BITMAP_FLAG_EXTRA_OK        4u
#define BITMAP_FLAGS_KNOWN          7u
#define BITMAP_TYPE_DIRTY           1
#define BITMAP_MIN_GRANULARITY_BITS 9 /* QEMU's limits */
#define BITMAP_MAX_GRANULARITY_BITS 31

#define ENTRY_OFFSET_MASK           UINT64_C (0x00fffffffffffe00)
#define TABLE_ENTRY_ALL_ONES        UINT64_C (1)
#define TABLE_ENTRY_RESERVED        UINT64_C (0xff000000000001fe)

/* Limits on what a file may declare. */
#define MAX_BACKING_NAME_BYTES 1023  /* the format's own */
#define MAX_BITMAP_NAME_BYTES  1023  /* QEMU's */
#define MAX_BITMAPS            65535 /* QEMU's */
#define MAX_EXTENSIONS         256   /* QEMU writes at most six; a chain of empty ones ends here */
/* 65535 entries with names of 1000 bytes: what QEMU writes at the very most. */
#define MAX_DIRECTORY_BYTES (UINT64_C (64) << 20)
/* QEMU's own limit on one bitmap's bits, whatever the cluster size (block/qcow2-bitmap.c,
 * BME_MAX_PHYS_SIZE): 256 TiB at a granularity of 64 KiB. */
#define MAX_BITMAP_BYTES (UINT64_C (512) << 20)
/* QEMU's own limit on the L1 table. */
#define MAX_L1_BYTES (UINT64_C (32) << 20)

#endif
