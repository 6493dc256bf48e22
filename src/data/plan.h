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

#define CAIRN_DIVIDE_UP(a, b)  (((a) + (b)-1) / (b))

/* Consecutive clusters of the disk. Small, since a disk can be in millions of pieces: what a plan
 * needs of memory is these. */
typedef struct
{
  uint64_t first : 36;
  uint64_t source : 28; /* CAIRN_RUN_ZERO: nothing is stored for them but their entries; otherwise
                           where they come from, if there is more than one place */
  uint64_t place : 36;  /* the first one's cluster in the source, if that is an image */
  uint64_t count : 28;
} CairnRun;

#define CAIRN_RUN_ZERO 0u
#define CAIRN_RUN_DATA 1u

/* 16 TiB in one run. */
#define CAIRN_RUN_LIMIT ((UINT64_C (1) << 28) - 1)

/* Appends COUNT clusters, which come after the last run's; runs that go on are one. */
void cairn_runs_append (GArray *runs, uint64_t first, uint64_t count, uint32_t source,
                        uint64_t place);

struct CairnDataPlan
{
  CairnView *view; /* borrowed; NULL when restore supplies the data */
  uint64_t size_bytes;
  GArray *runs;    /* of CairnRun, by first */
  uint64_t n_data; /* clusters */
  uint64_t l1_entries;
  uint64_t l1_clusters, table_clusters, n_blocks, n_l2;
};

CairnDataPlan *cairn_plan_new (CairnView *view, const GArray *extents, GError **error);

/* A plan of a full image of a disk of SIZE bytes that has RUNS (kept). */
CairnDataPlan *cairn_plan_new_of_runs (uint64_t size_bytes, GArray *runs);

void cairn_plan_free (CairnDataPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDataPlan, cairn_plan_free)
uint64_t cairn_plan_bytes (const CairnDataPlan *plan);

/* Entries of the L1 table. */
static inline uint64_t
cairn_plan_count_l1 (uint64_t size_bytes)
{
  return MAX (CAIRN_DIVIDE_UP (size_bytes, CAIRN_CLUSTER_BYTES * CAIRN_L2_ENTRIES), 1);
}

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

#endif
