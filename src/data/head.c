/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clusters of an image that come before its data. */
#include <string.h>

#include "data/plan.h"

typedef struct
{
  const CairnDataPlan *plan;
  CairnPutFunc put;
  gpointer user;
  uint64_t cluster[CAIRN_CLUSTER_BYTES / 8]; /* big-endian */
} Head;

static gboolean
put (Head *head)
{
  gboolean ok = head->put ((const uint8_t *)head->cluster, head->user);

  memset (head->cluster, 0, sizeof head->cluster);
  return ok;
}

static void
set32 (Head *head, size_t offset, uint32_t value)
{
  uint32_t big = GUINT32_TO_BE (value);

  memcpy ((uint8_t *)head->cluster + offset, &big, sizeof big);
}

static void
set64 (Head *head, size_t offset, uint64_t value)
{
  head->cluster[offset / 8] = GUINT64_TO_BE (value);
}

static gboolean
put_header (Head *head)
{
  const CairnDataPlan *plan = head->plan;

  set32 (head, 0, CAIRN_QCOW2_MAGIC);
  set32 (head, 4, 3);   /* version */
  set32 (head, 20, 16); /* cluster bits */
  set64 (head, 24, plan->size_bytes);
  set32 (head, 36, (uint32_t)plan->l1_entries);
  set64 (head, 40, cairn_plan_l1_place (plan) * CAIRN_CLUSTER_BYTES);
  set64 (head, 48, CAIRN_CLUSTER_BYTES); /* refcount table */
  set32 (head, 56, (uint32_t)plan->table_clusters);
  set32 (head, 96, 4); /* refcount order: 16 bits */
  set32 (head, 100, CAIRN_HEADER_BYTES);
  return put (head);
}

/* N numbers, the places of consecutive clusters from FIRST on, in N_CLUSTERS clusters. */
static gboolean
put_table (Head *head, uint64_t n, uint64_t first, uint64_t n_clusters)
{
  uint64_t done = 0;

  for (uint64_t i = 0; i < n_clusters; i++)
    {
      for (size_t k = 0; k < CAIRN_L2_ENTRIES && done < n; k++, done++)
        head->cluster[k] = GUINT64_TO_BE ((first + done) * CAIRN_CLUSTER_BYTES);
      if (!put (head))
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_refcounts (Head *head)
{
  uint64_t rest = cairn_plan_n_clusters (head->plan);

  for (uint64_t i = 0; i < head->plan->n_blocks; i++)
    {
      uint16_t *counts = (uint16_t *)head->cluster;

      for (size_t k = 0; k < CAIRN_BLOCK_ENTRIES && rest > 0; k++, rest--)
        counts[k] = GUINT16_TO_BE (1);
      if (!put (head))
        return FALSE;
    }
  return TRUE;
}

/* Whether an L2 table says something, and moves *RUN to the first run that reaches past it. */
static gboolean
is_table_used (const CairnDataPlan *plan, uint64_t table, guint *run)
{
  uint64_t begin = table * CAIRN_L2_ENTRIES;
  const CairnRun *at;

  for (; *run < plan->runs->len; ++*run)
    {
      at = &g_array_index (plan->runs, CairnRun, *run);
      if (at->first + at->count > begin)
        return at->first < begin + CAIRN_L2_ENTRIES;
    }
  return FALSE;
}

static gboolean
put_l1 (Head *head)
{
  const CairnDataPlan *plan = head->plan;
  uint64_t next = cairn_plan_l1_place (plan) + plan->l1_clusters, table = 0;
  guint run = 0;

  for (uint64_t i = 0; i < plan->l1_clusters; i++)
    {
      for (size_t k = 0; k < CAIRN_L2_ENTRIES && table < plan->l1_entries; k++, table++)
        if (is_table_used (plan, table, &run))
          head->cluster[k] = GUINT64_TO_BE (next++ * CAIRN_CLUSTER_BYTES | CAIRN_ENTRY_COPIED);
      if (!put (head))
        return FALSE;
    }
  return TRUE;
}

/* The L2 tables are full of one entry for each cluster of the runs; DATA counts what is stored. */
static gboolean
put_l2 (Head *head)
{
  const CairnDataPlan *plan = head->plan;
  uint64_t data = cairn_plan_data_place (plan), table = 0;
  gboolean is_begun = FALSE;

  for (guint i = 0; i < plan->runs->len; i++)
    {
      const CairnRun *run = &g_array_index (plan->runs, CairnRun, i);

      for (uint64_t at = run->first; at < run->first + run->count; at++)
        {
          gboolean is_zero = run->source == CAIRN_RUN_ZERO;
          uint64_t entry
              = is_zero ? CAIRN_ENTRY_ZERO : (data * CAIRN_CLUSTER_BYTES) | CAIRN_ENTRY_COPIED;

          if (is_begun && at / CAIRN_L2_ENTRIES != table && !put (head))
            return FALSE;
          is_begun = TRUE;
          table = at / CAIRN_L2_ENTRIES;
          head->cluster[at % CAIRN_L2_ENTRIES] = GUINT64_TO_BE (entry);
          data += !is_zero;
        }
    }
  return !is_begun || put (head);
}

gboolean
cairn_plan_write_head (const CairnDataPlan *plan, CairnPutFunc put_cluster, gpointer user)
{
  g_autofree Head *head = g_new0 (Head, 1);

  head->plan = plan;
  head->put = put_cluster;
  head->user = user;
  return put_header (head)
         && put_table (head, plan->n_blocks, 1 + plan->table_clusters, plan->table_clusters)
         && put_refcounts (head) && put_l1 (head) && put_l2 (head);
}
