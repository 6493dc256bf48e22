/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three rules of evidence.h. */
#include "tracker/offline/evidence.h"

#include "refpoint/witness.h"
#include "tracker/offline/layout.h"
#include "tracker/offline/tally.h"

/* Bitmaps up to this size are compared bit by bit (2 TiB of disk at 64 KiB); larger ones by their
 * counts, so that memory stays flat. Two such buffers per granularity in use. */
#define MAX_COMPARED_WORDS ((size_t)(4u << 20) / sizeof (uint64_t))

/* What newer bitmaps of one granularity hold. */
typedef struct
{
  uint64_t *bits; /* of the oldest so far; it covers all newer ones. NULL: none yet, or too large */
  uint64_t *spare;            /* room for the next */
  uint64_t n_dirty;           /* the most that one holds */
  const CairnAnchor *witness; /* whose that is; borrowed; NULL: none yet */
} Newer;

struct CairnEvidence
{
  const CairnImage *image;
  Newer newer[BITMAP_MAX_GRANULARITY_BITS + 1];
};

CairnEvidence *
cairn_evidence_new (const CairnImage *image)
{
  CairnEvidence *evidence = g_new0 (CairnEvidence, 1);

  evidence->image = image;
  return evidence;
}

void
cairn_evidence_free (CairnEvidence *evidence)
{
  if (!evidence)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (evidence->newer); i++)
    {
      g_free (evidence->newer[i].bits);
      g_free (evidence->newer[i].spare);
    }
  g_free (evidence);
}

gboolean
cairn_evidence_shrank (const CairnImage *image, const CairnAnchor *anchor, uint64_t dirty_bytes,
                       CairnJudgement *judgement)
{
  if (dirty_bytes >= anchor->dirty_seen_bytes)
    return FALSE;
  cairn_judgement_set (
      judgement, CAIRN_VERDICT_DISABLED,
      "bitmap '%s' in image '%s' was cleared or made anew: it held %" G_GUINT64_FORMAT
      " bytes of changes and holds %" G_GUINT64_FORMAT " now; " CAIRN_ANCHOR_AGAIN,
      anchor->bitmap, image->path, anchor->dirty_seen_bytes, dirty_bytes);
  return TRUE;
}

static gboolean
lacks_newer (const CairnEvidence *evidence, const CairnAnchor *anchor, const Newer *newer,
             const CairnTally *tally, CairnJudgement *judgement)
{
  if (!newer->witness || !cairn_anchor_must_cover (anchor, newer->witness))
    return FALSE;
  if (tally->n_dirty >= newer->n_dirty && (!newer->bits || tally->n_shared == newer->n_dirty))
    return FALSE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_DISABLED,
                       "bitmap '%s' in image '%s' was cleared or made anew: it lacks changes that "
                       "the bitmap of a newer reference point holds; " CAIRN_ANCHOR_AGAIN,
                       anchor->bitmap, evidence->image->path);
  return TRUE;
}

/* A multiple of the cluster size at that time, so where it's none of today's, the image was
 * rewritten with other clusters ('qemu-img convert --bitmaps -o cluster_size'), and what is
 * allocated can't be compared. That it is one doesn't prove the contrary: docs/verdicts.md. */
static gboolean
is_comparable (const CairnStrand *strand, const CairnAnchor *anchor)
{
  return anchor->allocated_bytes > 0
         && anchor->allocated_bytes % cairn_strand_bottom (strand)->image->qcow2->cluster_bytes
                == 0;
}

/* The bytes of guest clusters that the strand's bitmaps touch, each in its own image. TALLY is that
 * of their union. */
static gboolean
sum_explained (const CairnStrand *strand, const CairnTally *tally, uint64_t *bytes,
               int64_t deadline, GError **error)
{
  const CairnBitmap *bitmap = cairn_strand_bitmap (strand);

  *bytes = tally->n_dirty_clusters * bitmap->image->cluster_bytes;
  if (!bitmap->below)
    return TRUE;
  *bytes = 0;
  for (; bitmap; bitmap = bitmap->below)
    {
      CairnBitmap alone = *bitmap;
      CairnTally own;

      alone.below = NULL;
      if (!cairn_tally_bitmap (&alone, NULL, NULL, &own, deadline, error))
        return FALSE;
      *bytes += own.n_dirty_clusters * bitmap->image->cluster_bytes;
    }
  return TRUE;
}

/* No overflow: disks are below 2^63 bytes, and what is dirty is within them but for one rounded
 * granule; chains that long don't exist in 2^64 bytes. */
static gboolean
grew_unseen (const CairnEvidence *evidence, const CairnAnchor *anchor, uint64_t now,
             uint64_t explained, CairnJudgement *judgement)
{
  if (now <= anchor->allocated_bytes || now - anchor->allocated_bytes <= explained)
    return FALSE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_DISABLED,
                       "bitmap '%s' in image '%s' was cleared or made anew: the image grew by "
                       "%" G_GUINT64_FORMAT " bytes since the reference point, and the bitmap "
                       "explains %" G_GUINT64_FORMAT " of them; " CAIRN_ANCHOR_AGAIN,
                       anchor->bitmap, evidence->image->path, now - anchor->allocated_bytes,
                       explained);
  return TRUE;
}

/* A copy may hold clusters that its original hadn't: libvirt's block copy writes out all zeros
 * (measured, QEMU 7.2). From the new place on, growth counts again. */
static gboolean
count_anew (const CairnStrand *strand, CairnJudgement *judgement, int64_t deadline, GError **error)
{
  uint64_t bytes;
  gboolean counted;

  if (!cairn_strand_count_allocated (strand, &counted, &bytes, deadline, error))
    return FALSE;
  judgement->allocated_bytes = counted ? bytes : 0;
  return TRUE;
}

/* Rule 3: sets JUDGEMENT when it finds something. */
static gboolean
compare_growth (const CairnEvidence *evidence, const CairnAnchor *anchor, const CairnStrand *strand,
                const CairnTally *tally, CairnJudgement *judgement, int64_t deadline,
                GError **error)
{
  uint64_t now, explained;
  gboolean counted;

  if (judgement->moved_to)
    return count_anew (strand, judgement, deadline, error);
  if (!is_comparable (strand, anchor))
    return TRUE;
  if (!cairn_strand_count_allocated (strand, &counted, &now, deadline, error)
      || !sum_explained (strand, tally, &explained, deadline, error))
    return FALSE;
  if (counted)
    grew_unseen (evidence, anchor, now, explained, judgement);
  return TRUE;
}

/* The bitmap is sound: older ones must cover it. */
static void
remember (Newer *newer, const CairnAnchor *anchor, const CairnTally *tally)
{
  uint64_t *old = newer->bits;

  if (cairn_anchor_is_adopted (anchor))
    return;
  newer->witness = anchor;
  newer->n_dirty = tally->n_dirty;
  if (!newer->spare)
    {
      /* Too large, or no memory: from here on counts must do. */
      g_clear_pointer (&newer->bits, g_free);
      return;
    }
  newer->bits = newer->spare;
  newer->spare = old;
}

gboolean
cairn_evidence_judge (CairnEvidence *evidence, const CairnAnchor *anchor, const CairnStrand *strand,
                      CairnJudgement *judgement, int64_t deadline, GError **error)
{
  const CairnBitmap *bitmap = cairn_strand_bitmap (strand);
  Newer *newer = &evidence->newer[bitmap->granularity_bits];
  size_t n_words = cairn_tally_words (bitmap);
  uint64_t dirty_bytes;
  CairnTally tally;

  /* Without memory for it, counts must do. */
  if (!newer->spare && n_words <= MAX_COMPARED_WORDS)
    newer->spare = g_try_new (uint64_t, MAX (1, n_words));
  if (!cairn_tally_bitmap (bitmap, newer->bits, newer->spare, &tally, deadline, error))
    return FALSE;
  dirty_bytes = tally.n_dirty << bitmap->granularity_bits;
  if (cairn_evidence_shrank (evidence->image, anchor, dirty_bytes, judgement)
      || lacks_newer (evidence, anchor, newer, &tally, judgement))
    return TRUE;
  if (!compare_growth (evidence, anchor, strand, &tally, judgement, deadline, error))
    return FALSE;
  if (judgement->reason)
    return TRUE;
  remember (newer, anchor, &tally);
  cairn_judgement_set (judgement, CAIRN_VERDICT_TRACKED, "%s", "");
  judgement->dirty_bytes = dirty_bytes;
  return TRUE;
}
