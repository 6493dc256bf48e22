/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares a bitmap with what its file of before still has. */
#include "tracker/offline/origin.h"

#include <string.h>

/* Granules compared at once: a few MiB of extents at most. */
#define WINDOW_GRANULES (UINT64_C (1) << 18)

static CairnLayer *
open_origin (GPtrArray *origins, const char *path)
{
  for (guint i = 0; i < origins->len; i++)
    {
      CairnLayer *layer = origins->pdata[i];

      if (strcmp (layer->image->path, path) == 0)
        return layer;
    }
  g_ptr_array_add (origins, cairn_layer_open (path));
  return origins->pdata[origins->len - 1];
}

static GArray *
read_now (const CairnHolding *holding, uint64_t offset_bytes, uint64_t length_bytes,
          int64_t deadline, GError **error)
{
  if (holding->extents)
    return g_array_ref ((GArray *)holding->extents);
  return cairn_strand_extents (holding->strand, offset_bytes, length_bytes, deadline, error);
}

/* Whether all that BEFORE holds is in HOLDING, within the disk. */
static gboolean
compare (const CairnHolding *holding, const CairnBitmap *before, uint64_t size_bytes,
         gboolean *covers, int64_t deadline, GError **error)
{
  uint64_t window = WINDOW_GRANULES << before->granularity_bits;

  *covers = TRUE;
  for (uint64_t offset = 0; offset < size_bytes && *covers; offset += window)
    {
      uint64_t length = MIN (window, size_bytes - offset);
      g_autoptr (GArray) then = cairn_bitmap_extents (before, offset, length, deadline, error);
      g_autoptr (GArray) now = NULL;

      if (then && then->len > 0)
        now = read_now (holding, offset, length, deadline, error);
      if (!then || (then->len > 0 && !now))
        return FALSE;
      *covers = then->len == 0 || cairn_extents_cover (now, then);
    }
  return TRUE;
}

/* What keeps the origin from being looked at: a verdict that passes when its cause does. */
static gboolean
refuse_unseen (const CairnImage *origin, const CairnHolding *holding, CairnVerdict verdict,
               const char *cause, CairnJudgement *judgement)
{
  cairn_judgement_set (
      judgement, verdict,
      "image '%s' isn't where the disk was at the reference point, and '%s', which "
      "would show whether all changes came along, %s; make it readable, or move it "
      "away if it has nothing to do with this disk any more",
      holding->path, origin->path, cause);
  return TRUE;
}

static void
refuse_lost (const CairnImage *origin, const CairnAnchor *anchor, const CairnHolding *holding,
             CairnJudgement *judgement)
{
  cairn_judgement_set (
      judgement, CAIRN_VERDICT_DISABLED,
      "bitmap '%s' in image '%s' lacks changes that it has in '%s', where the disk "
      "was at the reference point: the disk was flattened or copied without them, "
      "or from an older state; " CAIRN_ANCHOR_AGAIN,
      anchor->bitmap, holding->path, origin->path);
}

static gboolean
is_passed_on (const GError *error)
{
  return error->code == CAIRN_ERROR_TIMEOUT || error->code == CAIRN_ERROR_OUT_OF_MEMORY;
}

/* ORIGIN can be read. Sets JUDGEMENT unless all is well. */
static gboolean
judge_readable (CairnLayer *origin, const CairnAnchor *anchor, const CairnHolding *holding,
                CairnJudgement *judgement, int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnLayerBitmap found;
  gboolean covers = TRUE;

  /* As it was stored last: what it holds since a crash, or for another VM, isn't this disk's. */
  if (!cairn_layer_find_stored (origin, anchor->bitmap, &found, &cause)
      || (found.is_there
          && !compare (holding, &found.bitmap, anchor->virtual_size_bytes, &covers, deadline,
                       &cause)))
    {
      if (!is_passed_on (cause))
        return refuse_unseen (origin->image, holding, CAIRN_VERDICT_UNREADABLE, "is damaged",
                              judgement);
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (!covers)
    refuse_lost (origin->image, anchor, holding, judgement);
  return TRUE;
}

gboolean
cairn_origin_compare (GPtrArray *origins, const CairnAnchor *anchor, const CairnHolding *holding,
                      CairnJudgement *judgement, int64_t deadline, GError **error)
{
  CairnLayer *origin = open_origin (origins, anchor->path);
  const CairnImage *image = origin->image;

  if (image->verdict == CAIRN_VERDICT_BUSY)
    return refuse_unseen (image, holding, CAIRN_VERDICT_BUSY,
                          "is open for writing in another program", judgement);
  if (image->verdict == CAIRN_VERDICT_UNREADABLE
      || (image->verdict == CAIRN_VERDICT_TRACKED && !image->qcow2))
    return refuse_unseen (image, holding, CAIRN_VERDICT_UNREADABLE, "can't be read", judgement);
  /* Gone, or another format: it can't tell anything. */
  return image->verdict != CAIRN_VERDICT_TRACKED
         || judge_readable (origin, anchor, holding, judgement, deadline, error);
}

gboolean
cairn_origin_judge (GPtrArray *origins, const CairnAnchor *anchor, const CairnStrand *strand,
                    CairnJudgement *judgement, int64_t deadline, GError **error)
{
  CairnHolding holding = { .path = cairn_chain_top (strand->chain)->image->path, .strand = strand };

  if (!anchor->path || !*anchor->path || cairn_strand_reaches (strand, anchor->path))
    return TRUE;
  if (!cairn_origin_compare (origins, anchor, &holding, judgement, deadline, error))
    return FALSE;
  if (!judgement->reason)
    judgement->moved_to = g_strdup (cairn_strand_bottom (strand)->image->path);
  return TRUE;
}
