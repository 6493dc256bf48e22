/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merges one group of clusters after the other, in each the images from the newest on. */
#include "data/layers.h"

#include "data/file.h"

/* Of a cluster that nothing is known of yet. */
#define NOBODY UINT32_MAX

typedef struct
{
  const GPtrArray *images;
  uint64_t size_bytes;
  gboolean keeps_zeroes;
  GArray *runs;
  /* Of the group at hand. */
  uint64_t group;
  uint64_t n_clusters;
  uint32_t sources[CAIRN_L2_ENTRIES];
  uint64_t places[CAIRN_L2_ENTRIES];
  uint64_t table[CAIRN_L2_ENTRIES];
} Merge;

/* What image INDEX says, where no newer one said anything. */
static void
put_under (Merge *merge, guint index)
{
  for (uint64_t i = 0; i < merge->n_clusters; i++)
    {
      uint64_t entry = merge->table[i];

      if (entry == 0 || merge->sources[i] != NOBODY)
        continue;
      merge->sources[i] = entry == CAIRN_ENTRY_ZERO ? CAIRN_RUN_ZERO : index + 1;
      merge->places[i] = entry;
    }
}

static void
append (const Merge *merge)
{
  uint64_t first = merge->group * CAIRN_L2_ENTRIES;

  for (uint64_t i = 0; i < merge->n_clusters; i++)
    {
      uint32_t source = merge->sources[i];

      if (source != NOBODY && (source != CAIRN_RUN_ZERO || merge->keeps_zeroes))
        cairn_runs_append (merge->runs, first + i, 1, source,
                           source == CAIRN_RUN_ZERO ? 0 : merge->places[i]);
    }
}

/* Every table is read, also where newer images have all: it is checked, and counted. */
static gboolean
merge_group (Merge *merge, GError **error)
{
  gboolean is_begun = FALSE, has;

  for (guint i = merge->images->len; i-- > 0;)
    {
      CairnDataImage *image = merge->images->pdata[i];

      if (!cairn_data_image_has_table (image, merge->group, &has, error))
        return FALSE;
      if (!has)
        continue;
      for (uint64_t k = 0; k < merge->n_clusters && !is_begun; k++)
        merge->sources[k] = NOBODY;
      is_begun = TRUE;
      if (!cairn_data_image_read_table (image, merge->group, merge->table, error))
        return FALSE;
      put_under (merge, i);
    }
  if (is_begun)
    append (merge);
  return TRUE;
}

static gboolean
check_sizes (const Merge *merge, GError **error)
{
  for (guint i = 0; i < merge->images->len; i++)
    {
      const CairnDataImage *image = merge->images->pdata[i];

      if (image->size_bytes != merge->size_bytes)
        return cairn_data_refuse (error,
                                  "file '%s' is of a disk of another size than the later ones; use "
                                  "the files as `cairn backup` wrote them",
                                  image->path);
    }
  return TRUE;
}

GArray *
cairn_layers_merge (const GPtrArray *images, uint64_t size_bytes, gboolean keeps_zeroes,
                    GError **error)
{
  g_autofree Merge *merge = g_new0 (Merge, 1);
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (CairnRun));
  uint64_t n_clusters = CAIRN_DIVIDE_UP (size_bytes, CAIRN_CLUSTER_BYTES);

  *merge = (Merge){ .images = images, .size_bytes = size_bytes, .keeps_zeroes = keeps_zeroes };
  merge->runs = runs;
  if (!check_sizes (merge, error))
    return NULL;
  for (; merge->group * CAIRN_L2_ENTRIES < n_clusters; merge->group++)
    {
      merge->n_clusters = MIN (n_clusters - merge->group * CAIRN_L2_ENTRIES, CAIRN_L2_ENTRIES);
      if (!merge_group (merge, error))
        return NULL;
    }
  for (guint i = 0; i < images->len; i++)
    if (!cairn_data_image_check_end (images->pdata[i], error))
      return NULL;
  return g_steal_pointer (&runs);
}
