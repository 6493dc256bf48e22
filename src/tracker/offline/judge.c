/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the verdict about one anchor. docs/verdicts.md tells the same to users. */
#include "tracker/offline/judge.h"

#include "tracker/offline/origin.h"

CairnLook *
cairn_look_new (const char *path, int64_t deadline)
{
  CairnLook *look = g_new0 (CairnLook, 1);

  look->chain = cairn_chain_open (path);
  look->deadline = deadline;
  look->origins = cairn_layers_new ();
  return look;
}

void
cairn_look_free (CairnLook *look)
{
  if (!look)
    return;
  cairn_evidence_free (look->evidence);
  g_ptr_array_unref (look->origins);
  cairn_chain_free (look->chain);
  g_free (look);
}

const CairnImage *
cairn_look_image (const CairnLook *look)
{
  return cairn_chain_top (look->chain)->image;
}

CairnImageState
cairn_look_state (const CairnLook *look, const char **path)
{
  CairnImageState state = cairn_layers_state (look->chain->layers, path);

  return state == CAIRN_IMAGE_SETTLED ? cairn_layers_state (look->origins, path) : state;
}

/* Turns what reading the image says into a verdict; TIMEOUT and OUT_OF_MEMORY are passed on.
 * Consumes PROBLEM. */
static gboolean
take_problem (const CairnLook *look, GError *problem, CairnJudgement *judgement, GError **error)
{
  const char *path = cairn_look_image (look)->path;

  if (problem->code == CAIRN_ERROR_TIMEOUT || problem->code == CAIRN_ERROR_OUT_OF_MEMORY)
    {
      g_propagate_prefixed_error (error, problem, "image '%s': ", path);
      return FALSE;
    }
  if (problem->code == CAIRN_ERROR_NOT_SUPPORTED)
    cairn_judgement_set (judgement, CAIRN_VERDICT_UNREADABLE,
                         "image '%s' can't be judged: %s; install a QEMU that knows it, "
                         "or " CAIRN_START_OVER,
                         path, problem->message);
  else
    cairn_judgement_set (judgement, CAIRN_VERDICT_UNREADABLE,
                         "image '%s' is damaged: %s; restore it, or repair it with 'qemu-img check "
                         "-r all', then " CAIRN_START_OVER,
                         path, problem->message);
  g_error_free (problem);
  return TRUE;
}

/* The active image doesn't have the bitmap. */
static void
set_no_bitmap (const CairnStrand *strand, const CairnAnchor *anchor, CairnJudgement *judgement)
{
  const CairnChain *chain = strand->chain;
  const CairnImage *image = cairn_chain_top (chain)->image;

  if (image->qcow2 && image->qcow2->has_bitmaps && !cairn_qcow2_has_valid_bitmaps (image->qcow2))
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_MISSING,
        "image '%s' has no valid bitmap '%s': a program that doesn't know "
        "bitmaps wrote to the image and made all of them void; " CAIRN_ANCHOR_AGAIN,
        image->path, anchor->bitmap);
  else if (strand->beyond)
    cairn_judgement_set (judgement, CAIRN_VERDICT_BACKING_ONLY,
                         "bitmap '%s' lies in '%s', a backing image of '%s', and doesn't know what "
                         "was written above it; commit the overlay into it, or " CAIRN_ANCHOR_AGAIN,
                         anchor->bitmap, strand->beyond->image->path, image->path);
  else if (chain->end == CAIRN_CHAIN_BROKEN)
    cairn_judgement_set (judgement, chain->verdict, "%s", chain->reason);
  else
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_MISSING,
        "image '%s' has no bitmap '%s': it was removed, or the image was converted, "
        "block-copied or restored without it; " CAIRN_ANCHOR_AGAIN,
        image->path, anchor->bitmap);
}

/* The verdicts that the shape of the chain gives; FALSE when STRAND may be believed so far. */
static gboolean
refuse_by_shape (const CairnStrand *strand, const CairnAnchor *anchor, CairnJudgement *judgement)
{
  const CairnChain *chain = strand->chain;
  gboolean knows_all = chain->end == CAIRN_CHAIN_WHOLE
                       || (chain->end == CAIRN_CHAIN_ELSEWHERE && anchor->path
                           && cairn_strand_reaches (strand, anchor->path));

  if (strand->parts->len == 0)
    set_no_bitmap (strand, anchor, judgement);
  else if (strand->gap)
    cairn_judgement_set (judgement, CAIRN_VERDICT_BACKING_ONLY,
                         "image '%s' has no bitmap '%s', though it lies between '%s' and '%s', "
                         "which have it, so what was written to it isn't known; commit it into the "
                         "one below, or " CAIRN_ANCHOR_AGAIN,
                         strand->gap->image->path, anchor->bitmap,
                         cairn_chain_top (chain)->image->path, strand->beyond->image->path);
  else if (!knows_all)
    cairn_judgement_set (judgement, chain->verdict, "%s", chain->reason);
  else
    return FALSE;
  return TRUE;
}

/* A backing image that is shorter than the disk was cut, and what was behind reads as zeros. A
 * longer one shows its first part. */
static gboolean
refuse_by_layer_size (CairnLook *look, CairnLayer *layer, const CairnAnchor *anchor,
                      CairnJudgement *judgement, GError **problem)
{
  uint64_t size_bytes;

  return cairn_layer_get_size (layer, &size_bytes, look->deadline, problem)
         && (size_bytes >= anchor->virtual_size_bytes
             || cairn_judgement_refuse_size (judgement, layer->image->path, anchor, size_bytes));
}

/* The verdicts that flags and granularity give; FALSE when they are as they should be. */
static gboolean
refuse_by_flags (const CairnStrandPart *part, const CairnAnchor *anchor, CairnJudgement *judgement)
{
  const CairnLayerBitmap *found = &part->found;
  CairnBitmapFlags flags = { found->is_in_use, found->is_recording, found->granularity_bytes };

  return cairn_judgement_refuse_flags (judgement, part->layer->image->path, anchor, &flags);
}

/* Where QEMU has to be asked, the first rule of evidence.h alone. */
static gboolean
judge_by_qemu (CairnLook *look, const CairnAnchor *anchor, const CairnStrand *strand,
               CairnJudgement *judgement, GError **problem)
{
  g_autoptr (GArray) extents
      = cairn_strand_extents (strand, 0, anchor->virtual_size_bytes, look->deadline, problem);
  uint64_t dirty_bytes = extents ? cairn_extents_total_bytes (extents) : 0;

  if (!extents)
    return FALSE;
  if (cairn_evidence_shrank (cairn_look_image (look), anchor, dirty_bytes, judgement))
    return TRUE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_TRACKED, "%s", "");
  judgement->dirty_bytes = dirty_bytes;
  return TRUE;
}

/* The bits themselves: whether they came along when the disk moved, and what else shows that some
 * are lost. */
static gboolean
judge_bits (CairnLook *look, const CairnAnchor *anchor, const CairnStrand *strand,
            CairnJudgement *judgement, GError **problem)
{
  if (!cairn_origin_judge (look->origins, anchor, strand, judgement, look->deadline, problem))
    return FALSE;
  if (judgement->reason)
    return TRUE;
  if (!strand->is_native)
    return judge_by_qemu (look, anchor, strand, judgement, problem);
  if (!look->evidence)
    look->evidence = cairn_evidence_new (cairn_look_image (look));
  return cairn_evidence_judge (look->evidence, anchor, strand, judgement, look->deadline, problem);
}

static gboolean
judge_strand (CairnLook *look, const CairnAnchor *anchor, const CairnStrand *strand,
              CairnJudgement *judgement, GError **problem)
{
  if (refuse_by_shape (strand, anchor, judgement))
    return TRUE;
  for (guint i = 0; i < strand->parts->len; i++)
    {
      const CairnStrandPart *part = cairn_strand_part (strand, i);

      if (refuse_by_flags (part, anchor, judgement))
        return TRUE;
      if (!refuse_by_layer_size (look, part->layer, anchor, judgement, problem))
        return FALSE;
      if (judgement->reason)
        return TRUE;
    }
  return judge_bits (look, anchor, strand, judgement, problem);
}

/* Of an image that can keep bitmaps. FALSE with PROBLEM when it can't be read. */
static gboolean
judge_image (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
             GError **problem)
{
  g_autoptr (CairnStrand) strand = NULL;
  uint64_t size_bytes;

  if (!cairn_layer_get_size (cairn_chain_top (look->chain), &size_bytes, look->deadline, problem))
    return FALSE;
  if (cairn_judgement_refuse_size (judgement, cairn_look_image (look)->path, anchor, size_bytes))
    return TRUE;
  strand = cairn_chain_find (look->chain, anchor->bitmap, look->deadline, problem);
  return strand && judge_strand (look, anchor, strand, judgement, problem);
}

gboolean
cairn_look_judge (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
                  GError **error)
{
  const CairnImage *image = cairn_look_image (look);
  GError *problem = NULL;

  if (!anchor->bitmap)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_UNANCHORED,
        "no bitmap was ever tied to this reference point in image '%s'; " CAIRN_ANCHOR_AGAIN,
        image->path);
  else if (image->verdict != CAIRN_VERDICT_TRACKED)
    cairn_judgement_set (judgement, image->verdict, "%s", image->reason);
  else if (!judge_image (look, anchor, judgement, &problem))
    return take_problem (look, problem, judgement, error);
  return TRUE;
}

gboolean
cairn_look_extents (CairnLook *look, const CairnAnchor *anchor, uint64_t offset_bytes,
                    uint64_t length_bytes, GArray **extents, CairnJudgement *judgement,
                    GError **error)
{
  uint64_t size = anchor->virtual_size_bytes; /* the image's, or it weren't tracked */
  uint64_t first = MIN (offset_bytes, size);
  GError *problem = NULL;
  g_autoptr (CairnStrand) strand
      = cairn_chain_find (look->chain, anchor->bitmap, look->deadline, &problem);

  if (strand)
    *extents = cairn_strand_extents (strand, first, MIN (length_bytes, size - first),
                                     look->deadline, &problem);
  return *extents || take_problem (look, problem, judgement, error);
}

void
cairn_look_measure (CairnLook *look, CairnAnchor *anchor)
{
  g_autoptr (CairnStrand) strand = NULL;
  gboolean counted = FALSE;
  uint64_t bytes = 0;

  anchor->allocated_bytes = 0;
  if (cairn_look_image (look)->verdict == CAIRN_VERDICT_TRACKED)
    strand = cairn_chain_find (look->chain, anchor->bitmap, look->deadline, NULL);
  if (!strand || strand->parts->len == 0)
    return;
  if (cairn_strand_count_allocated (strand, &counted, &bytes, look->deadline, NULL) && counted)
    anchor->allocated_bytes = bytes;
  g_free (anchor->path);
  anchor->path = g_strdup (cairn_strand_bottom (strand)->image->path);
}
