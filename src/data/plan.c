/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which clusters of a disk an image will hold. */
#include "data/plan.h"

void
cairn_runs_append (GArray *runs, uint64_t first, uint64_t count, uint32_t source, uint64_t place)
{
  CairnRun *last = runs->len > 0 ? &g_array_index (runs, CairnRun, runs->len - 1) : NULL;

  if (last && last->source == source && last->first + last->count == first
      && (place == 0 || last->place + last->count == place))
    {
      uint64_t more = MIN (count, CAIRN_RUN_LIMIT - last->count);

      last->count = (last->count + more) & CAIRN_RUN_LIMIT;
      first += more;
      place += place ? more : 0;
      count -= more;
    }
  while (count > 0)
    {
      uint64_t some = MIN (count, CAIRN_RUN_LIMIT);
      CairnRun run = { .first = first & 0xfffffffff,
                       .source = source & 0xfffffff,
                       .place = place & 0xfffffffff,
                       .count = some & CAIRN_RUN_LIMIT };

      g_array_append_val (runs, run);
      first += some;
      place += place ? some : 0;
      count -= some;
    }
}

/* Clusters [first, end): a cluster that is partly zero is data. */
static gboolean
plan_range (CairnDataPlan *plan, uint64_t first, uint64_t end, gboolean keeps_zeroes,
            GError **error)
{
  CairnView *view = plan->view;

  while (first < end)
    {
      uint64_t at = first * CAIRN_CLUSTER_BYTES, length, next;
      gboolean is_zero;

      if (!view->ops->map (view, 0, at, &is_zero, &length, error))
        return FALSE;
      if (is_zero && at + length < view->size_bytes)
        next = first + length / CAIRN_CLUSTER_BYTES;
      else
        next = first + CAIRN_DIVIDE_UP (length, CAIRN_CLUSTER_BYTES);
      if (next == first) /* zeroes that end within the cluster */
        is_zero = FALSE, next++;
      next = MIN (next, end);
      if (!is_zero || keeps_zeroes)
        cairn_runs_append (plan->runs, first, next - first,
                           is_zero ? CAIRN_RUN_ZERO : CAIRN_RUN_DATA, 0);
      first = next;
    }
  return TRUE;
}

static gboolean
plan_extents (CairnDataPlan *plan, const GArray *extents, GError **error)
{
  uint64_t reached = 0;

  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);
      uint64_t end_bytes
          = MIN (extent->offset_bytes + extent->length_bytes, plan->view->size_bytes);
      uint64_t first = MAX (extent->offset_bytes / CAIRN_CLUSTER_BYTES, reached);
      uint64_t end = CAIRN_DIVIDE_UP (end_bytes, CAIRN_CLUSTER_BYTES);

      if (first < end && !plan_range (plan, first, end, TRUE, error))
        return FALSE;
      reached = MAX (reached, end);
    }
  return TRUE;
}

/* Counts clusters and L2 tables, and lays out the file. */
static void
lay_out (CairnDataPlan *plan)
{
  uint64_t next_table = 0, rest;

  for (guint i = 0; i < plan->runs->len; i++)
    {
      const CairnRun *run = &g_array_index (plan->runs, CairnRun, i);
      uint64_t table = MAX (run->first / CAIRN_L2_ENTRIES, next_table);
      uint64_t end = (run->first + run->count - 1) / CAIRN_L2_ENTRIES + 1;

      if (end > table)
        plan->n_l2 += end - table;
      next_table = MAX (next_table, end);
      plan->n_data += run->source == CAIRN_RUN_ZERO ? 0 : run->count;
    }
  plan->l1_entries = cairn_plan_count_l1 (plan->size_bytes);
  plan->l1_clusters = CAIRN_DIVIDE_UP (plan->l1_entries * 8, CAIRN_CLUSTER_BYTES);
  /* The refcount blocks count themselves too. */
  plan->table_clusters = plan->n_blocks = 1;
  do
    {
      rest = cairn_plan_n_clusters (plan);
      plan->n_blocks = MAX (plan->n_blocks, CAIRN_DIVIDE_UP (rest, CAIRN_BLOCK_ENTRIES));
      plan->table_clusters
          = MAX (plan->table_clusters, CAIRN_DIVIDE_UP (plan->n_blocks * 8, CAIRN_CLUSTER_BYTES));
    }
  while (rest != cairn_plan_n_clusters (plan));
}

CairnDataPlan *
cairn_plan_new (CairnView *view, const GArray *extents, GError **error)
{
  CairnDataPlan *plan;
  gboolean ok;

  if (view->size_bytes > CAIRN_DISK_LIMIT_BYTES)
    {
      g_set_error_literal (
          error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
          "a disk of more than 2 PiB doesn't fit into a qcow2 image; leave it out");
      return NULL;
    }
  plan = g_new0 (CairnDataPlan, 1);
  plan->view = view;
  plan->size_bytes = view->size_bytes;
  plan->runs = g_array_new (FALSE, FALSE, sizeof (CairnRun));
  if (extents)
    ok = plan_extents (plan, extents, error);
  else
    ok = plan_range (plan, 0, CAIRN_DIVIDE_UP (view->size_bytes, CAIRN_CLUSTER_BYTES), FALSE,
                     error);
  if (!ok)
    {
      cairn_plan_free (plan);
      return NULL;
    }
  lay_out (plan);
  return plan;
}

CairnDataPlan *
cairn_plan_new_of_runs (uint64_t size_bytes, GArray *runs)
{
  CairnDataPlan *plan = g_new0 (CairnDataPlan, 1);

  plan->size_bytes = size_bytes;
  plan->runs = g_array_ref (runs);
  lay_out (plan);
  return plan;
}

void
cairn_plan_free (CairnDataPlan *plan)
{
  if (!plan)
    return;
  g_array_unref (plan->runs);
  g_free (plan);
}

uint64_t
cairn_plan_bytes (const CairnDataPlan *plan)
{
  return plan->n_data * CAIRN_CLUSTER_BYTES;
}
