/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.h: one image of a backup, read back: where its clusters lie. Reads what plan.h lays out,
 * exactly so, and nothing else of qcow2: the k-th data cluster of the disk that the image has is
 * the k-th cluster of its data. So a file's clusters come in the disk's order, and no table can
 * point anywhere else.
 *
 * Errors: INCORRECT_DATA_TYPE (not such an image), FILE_NOT_FOUND, ACCESS_DENIED, FAILED. What is
 * read is bytes from outside: until its checksum is known, any.
 */
#ifndef CAIRN_DATA_IMAGE_H
#define CAIRN_DATA_IMAGE_H

#include "data/plan.h"

/* As much of the L1 table as is kept in memory: for a disk of any size, and chains of any length.
 */
#define CAIRN_IMAGE_L1_ENTRIES 512u

typedef struct
{
  char *path;
  int fd;
  uint64_t file_bytes;
  uint64_t size_bytes; /* of the disk */
  uint64_t n_l1, l1_place;
  uint64_t l2_place, data_place, n_data; /* in clusters */
  uint64_t l1[CAIRN_IMAGE_L1_ENTRIES];   /* the entries from l1_first on, of the host's order */
  uint64_t l1_first;
  uint64_t n_tables, n_seen; /* L2 tables and data clusters that were gone through */
} CairnDataImage;

CairnDataImage *cairn_data_image_new (const char *path, GError **error);
void cairn_data_image_free (CairnDataImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDataImage, cairn_data_image_free)

/* Whether the image says anything of GROUP, 512 MiB of the disk (0, 1, ...). The groups are asked
 * for in their order, each at most once; what it says of one must be read before the next. */
gboolean cairn_data_image_has_table (CairnDataImage *image, uint64_t group, gboolean *has,
                                     GError **error);

/* Reads what it says: TABLE[i] is 0 (nothing), CAIRN_ENTRY_ZERO, or the cluster of the file (>= 2)
 * that holds the data. */
gboolean cairn_data_image_read_table (CairnDataImage *image, uint64_t group,
                                      uint64_t table[CAIRN_L2_ENTRIES], GError **error);

/* After the last group: whether all its data belonged to the disk. */
gboolean cairn_data_image_check_end (const CairnDataImage *image, GError **error);

#endif
