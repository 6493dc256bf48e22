/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds and reads a bitmap in all layers that have it. */
#include "tracker/offline/strand.h"

void
cairn_strand_free (CairnStrand *strand)
{
  if (!strand)
    return;
  g_array_unref (strand->parts);
  g_free (strand);
}

/* Says which layer ERROR is about, unless it is the active one, which the caller knows. */
static void
name_layer (const CairnChain *chain, const CairnLayer *layer, GError **error)
{
  if (layer != cairn_chain_top (chain))
    g_prefix_error (error, "in its backing image '%s': ", layer->image->path);
}

static gboolean
add_part (CairnStrand *strand, guint index, int64_t deadline, GError **error)
{
  const CairnChain *chain = strand->chain;
  CairnStrandPart part = { .layer = chain->layers->pdata[index] };

  if (!cairn_layer_find (part.layer, strand->name, &part.found, deadline, error))
    return name_layer (chain, part.layer, error), FALSE;
  if (part.found.is_there && strand->parts->len == index)
    {
      strand->is_native &= part.found.is_native;
      g_array_append_val (strand->parts, part);
    }
  else if (part.found.is_there && !strand->beyond)
    {
      strand->gap = chain->layers->pdata[strand->parts->len];
      strand->beyond = part.layer;
    }
  return TRUE;
}

CairnStrand *
cairn_chain_find (CairnChain *chain, const char *name, int64_t deadline, GError **error)
{
  g_autoptr (CairnStrand) strand = g_new0 (CairnStrand, 1);

  strand->chain = chain;
  strand->name = name;
  strand->parts = g_array_new (FALSE, FALSE, sizeof (CairnStrandPart));
  strand->is_native = TRUE;
  if (!cairn_chain_complete (chain, deadline, error))
    return NULL;
  for (guint i = 0; i < chain->layers->len; i++)
    if (!add_part (strand, i, deadline, error))
      return NULL;
  for (guint i = 0; i + 1 < strand->parts->len; i++)
    cairn_strand_part (strand, i)->found.bitmap.below
        = &cairn_strand_part (strand, i + 1)->found.bitmap;
  return g_steal_pointer (&strand);
}

CairnLayer *
cairn_strand_bottom (const CairnStrand *strand)
{
  return cairn_strand_part (strand, strand->parts->len - 1)->layer;
}

gboolean
cairn_strand_reaches (const CairnStrand *strand, const char *path)
{
  for (guint i = 0; i < strand->parts->len; i++)
    if (cairn_layer_is_at (cairn_strand_part (strand, i)->layer, path))
      return TRUE;
  return FALSE;
}

const CairnBitmap *
cairn_strand_bitmap (const CairnStrand *strand)
{
  return &cairn_strand_part (strand, 0)->found.bitmap;
}

/* ---- extents, where QEMU has to be asked about a layer ---- */

static GArray *
part_extents (const CairnStrandPart *part, const char *name, uint64_t offset_bytes,
              uint64_t length_bytes, int64_t deadline, GError **error)
{
  CairnBitmap alone = part->found.bitmap;

  alone.below = NULL;
  if (part->found.is_native)
    return cairn_bitmap_extents (&alone, offset_bytes, length_bytes, deadline, error);
  return cairn_fallback_extents (part->layer->image->path, name, offset_bytes, length_bytes,
                                 deadline, error);
}

static int
compare_extents (gconstpointer a, gconstpointer b)
{
  uint64_t one = ((const CairnExtent *)a)->offset_bytes;
  uint64_t other = ((const CairnExtent *)b)->offset_bytes;

  return one < other ? -1 : one > other;
}

/* A list of what is in ONE or in OTHER, which it consumes. */
static GArray *
unite (GArray *one, GArray *other)
{
  GArray *united = cairn_extents_new ();
  uint64_t done = 0;

  g_array_append_vals (one, other->data, other->len);
  g_array_unref (other);
  g_array_sort (one, compare_extents);
  for (guint i = 0; i < one->len; i++)
    {
      const CairnExtent *extent = &g_array_index (one, CairnExtent, i);
      uint64_t first = MAX (extent->offset_bytes, done);
      uint64_t end = extent->offset_bytes + extent->length_bytes;

      if (first >= end)
        continue;
      cairn_extents_append (united, first, end - first);
      done = end;
    }
  g_array_unref (one);
  return united;
}

GArray *
cairn_strand_extents (const CairnStrand *strand, uint64_t offset_bytes, uint64_t length_bytes,
                      int64_t deadline, GError **error)
{
  GArray *all = NULL;

  if (strand->is_native)
    return cairn_bitmap_extents (cairn_strand_bitmap (strand), offset_bytes, length_bytes, deadline,
                                 error);
  for (guint i = 0; i < strand->parts->len; i++)
    {
      const CairnStrandPart *part = cairn_strand_part (strand, i);
      GArray *extents
          = part_extents (part, strand->name, offset_bytes, length_bytes, deadline, error);

      if (!extents)
        {
          g_clear_pointer (&all, g_array_unref);
          name_layer (strand->chain, part->layer, error);
          return NULL;
        }
      all = all ? unite (all, extents) : extents;
    }
  if (cairn_extents_check_limit (all, error))
    return all;
  g_array_unref (all);
  return NULL;
}

/* Whole clusters: evidence.c tells by that whether a figure was counted with other clusters. */
static gboolean
add_below (const CairnStrand *strand, uint64_t cluster_bytes, uint64_t *bytes)
{
  const CairnChain *chain = strand->chain;
  uint64_t n_below = chain->layers->len - strand->parts->len + (chain->is_over_other ? 1 : 0);
  uint64_t size = cairn_chain_top (chain)->image->virtual_size_bytes;
  uint64_t below;

  size = (size + cluster_bytes - 1) / cluster_bytes * cluster_bytes;
  return !__builtin_mul_overflow (n_below, size, &below)
         && !__builtin_add_overflow (*bytes, below, bytes);
}

gboolean
cairn_strand_count_allocated (const CairnStrand *strand, gboolean *counted, uint64_t *bytes,
                              int64_t deadline, GError **error)
{
  const CairnQcow2 *bottom = cairn_strand_bottom (strand)->image->qcow2;

  *counted = bottom != NULL;
  *bytes = bottom ? bottom->cluster_bytes : 0;
  for (guint i = 0; i < strand->parts->len && *counted; i++)
    {
      CairnLayer *layer = cairn_strand_part (strand, i)->layer;
      uint64_t held;

      if (!cairn_layer_count_allocated (layer, counted, &held, deadline, error))
        return name_layer (strand->chain, layer, error), FALSE;
      if (*counted)
        *bytes += held;
    }
  *counted = *counted && add_below (strand, bottom->cluster_bytes, bytes);
  return TRUE;
}
