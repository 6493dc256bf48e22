/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.h: where everything lies in an image that is to be written, known before its first byte, so
 * that it is written from start to end and its checksum taken on the way.
 *
 * A qcow2 image of version 3, clusters of 64 KiB, refcounts of 16 bits, all numbers big-endian:
 *
 * OFFSET            SIZE               FIELD
 * 0                 1 cluster          header
 * refcount table    table_clusters     one u64 for each refcount block
 * refcount blocks   n_blocks           one u16 for each cluster of the file: 1
 * L1 table          l1_clusters        one u64 for each 512 MiB of the disk
 * L2 tables         n_l2               of those 512 MiB only of which the image says something
 * data              n_data             in the order of the disk
 *
 * A differential image has no entry for what didn't change, and the flag "all zeroes" for what
 * changed to zeroes; in a full one zeroes have no entry. A crash leaves a temporary file, that
 * the backup's intent names.
 * SOURCE: QEMU docs/interop/qcow2.txt.
 */
#ifndef CAIRN_DATA_PLAN_H
#define CAIRN_DATA_PLAN_H

#include "refpoint/data.h"

#define CAIRN_CLUSTER_BYTES UINT64_C (65536)
#define CAIRN_L2_ENTRIES    (CAIRN_CLUSTER_BYTES / 8)
#define CAIRN_BLOCK_ENTRIES (CAIRN_CLUSTER_BYTES / 2)

#define CAIRN_ENTRY_COPIED  (UINT64_C (1) << 63)
#define CAIRN_ENTRY_ZERO    UINT64_C (1)
#define CAIRN_ENTRY_PLACE   UINT64_C (0x00fffffffffffe00)

#define CAIRN_HEADER_BYTES  104u
#define CAIRN_QCOW2_MAGIC   0x514649fbu

/* The largest disk, QEMU's own limit for this cluster size: an L1 table of 32 MiB. */
#define CAIRN_DISK_LIMIT_BYTES (UINT64_C (1) << 51)

/* Consecutive clusters of the disk. */
typedef struct
{
  uint64_t first;
  uint64_t count;
  gboolean is_zero; /* nothing is stored for them but their entries */
} CairnRun;

struct CairnDataPlan
{
  CairnView *view; /* borrowed */
  GArray *runs;    /* of CairnRun, by first */
  uint64_t n_data; /* clusters */
  uint64_t l1_entries;
  uint64_t l1_clusters, table_clusters, n_blocks, n_l2;
};

CairnDataPlan *cairn_plan_new (CairnView *view, const GArray *extents, GError **error);
void cairn_plan_free (CairnDataPlan *plan);
uint64_t cairn_plan_bytes (const CairnDataPlan *plan);

/* Where the parts begin, in clusters. */
static inline uint64_t
cairn_plan_l1_place (const CairnDataPlan *plan)
{
  return 1 + plan->table_clusters + plan->n_blocks;
}

static inline uint64_t
cairn_plan_data_place (const CairnDataPlan *plan)
{
  return cairn_plan_l1_place (plan) + plan->l1_clusters + plan->n_l2;
}

/* The whole file. */
static inline uint64_t
cairn_plan_n_clusters (const CairnDataPlan *plan)
{
  return cairn_plan_data_place (plan) + plan->n_data;
}

/* Gives all that comes before the data to PUT, one cluster at a time. FALSE when PUT does. */
typedef gboolean (*CairnPutFunc) (const uint8_t *cluster, gpointer user);
gboolean cairn_plan_write_head (const CairnDataPlan *plan, CairnPutFunc put, gpointer user);

/* module table's write_image. */
gboolean cairn_copy_image (const CairnDataPlan *plan, int fd, const char *path,
                           const CairnDataTick *tick, CairnDataFile *file, GError **error);

#endif
