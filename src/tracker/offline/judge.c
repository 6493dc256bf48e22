/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the verdict about one anchor. docs/verdicts.md tells the same to users. */
#include "tracker/offline/judge.h"

#include "tracker/offline/layout.h"

CairnLook *
cairn_look_new (const char *path, int64_t deadline)
{
  CairnLook *look = g_new0 (CairnLook, 1);

  look->image = cairn_image_open (path);
  look->deadline = deadline;
  return look;
}

void
cairn_look_free (CairnLook *look)
{
  if (!look)
    return;
  cairn_evidence_free (look->evidence);
  cairn_directory_free (look->directory);
  g_clear_pointer (&look->layers, g_ptr_array_unref);
  if (look->described)
    cairn_fallback_free_image (look->described);
  cairn_image_free (look->image);
  g_free (look);
}

/* Turns what reading the image says into a verdict; TIMEOUT and OUT_OF_MEMORY are passed on.
 * Consumes PROBLEM. */
static gboolean
take_problem (const CairnLook *look, GError *problem, CairnJudgement *judgement, GError **error)
{
  if (problem->code == CAIRN_ERROR_TIMEOUT || problem->code == CAIRN_ERROR_OUT_OF_MEMORY)
    {
      g_propagate_prefixed_error (error, problem, "image '%s': ", look->image->path);
      return FALSE;
    }
  cairn_judgement_set (judgement, CAIRN_VERDICT_UNREADABLE,
                       "image '%s' is damaged: %s; restore it, or repair it with 'qemu-img check "
                       "-r all', then " CAIRN_START_OVER,
                       look->image->path, problem->message);
  g_error_free (problem);
  return TRUE;
}

static void
set_no_bitmap (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement)
{
  const CairnImage *image = look->image;
  const char *below = NULL;

  if (image->qcow2 && image->qcow2->has_bitmaps && !cairn_qcow2_has_valid_bitmaps (image->qcow2))
    {
      cairn_judgement_set (
          judgement, CAIRN_VERDICT_MISSING,
          "image '%s' has no valid bitmap '%s': a program that doesn't know "
          "bitmaps wrote to the image and made all of them void; " CAIRN_START_OVER,
          image->path, anchor->bitmap);
      return;
    }
  if (image->qcow2 && !look->layers)
    look->layers = cairn_backing_layers (image->path, image->qcow2);
  if (look->layers)
    below = cairn_backing_find (look->layers, anchor->bitmap);
  if (below)
    cairn_judgement_set (judgement, CAIRN_VERDICT_BACKING_ONLY,
                         "bitmap '%s' lies in '%s', a backing image of '%s', and doesn't know what "
                         "was written above it; commit the overlay into it, or " CAIRN_START_OVER,
                         anchor->bitmap, below, image->path);
  else
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_MISSING,
        "image '%s' has no bitmap '%s': it was removed, or the image was converted "
        "or restored without it; " CAIRN_START_OVER,
        image->path, anchor->bitmap);
}

static gboolean
has_other_size (const CairnImage *image, const CairnAnchor *anchor, uint64_t size_bytes,
                CairnJudgement *judgement)
{
  if (size_bytes == anchor->virtual_size_bytes)
    return FALSE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_SIZE_DIFFERS,
                       "image '%s' has a virtual size of %" G_GUINT64_FORMAT
                       " bytes, and %" G_GUINT64_FORMAT " at the reference point; attach the right "
                       "image, or " CAIRN_START_OVER,
                       image->path, size_bytes, anchor->virtual_size_bytes);
  return TRUE;
}

/* The verdicts that flags and granularity give; FALSE when they are as they should be. */
static gboolean
refuse_by_flags (const CairnImage *image, const CairnAnchor *anchor, gboolean is_in_use,
                 gboolean is_recording, uint64_t granularity_bytes, CairnJudgement *judgement)
{
  if (is_in_use)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_IN_USE,
        "bitmap '%s' in image '%s' was left in use by a crash of QEMU, so it lacks "
        "changes; " CAIRN_START_OVER,
        anchor->bitmap, image->path);
  else if (granularity_bytes != anchor->granularity_bytes)
    cairn_judgement_set (judgement, CAIRN_VERDICT_GRANULARITY_DIFFERS,
                         "bitmap '%s' in image '%s' has a granularity of %" G_GUINT64_FORMAT
                         " bytes instead of %" G_GUINT64_FORMAT
                         ", so it isn't the one that was made; " CAIRN_START_OVER,
                         anchor->bitmap, image->path, granularity_bytes, anchor->granularity_bytes);
  else if (!is_recording)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_DISABLED,
        "bitmap '%s' in image '%s' was disabled, so it lacks changes; " CAIRN_START_OVER,
        anchor->bitmap, image->path);
  else
    return FALSE;
  return TRUE;
}

/* What QEMU's programs say of an image that isn't known here. */
static CairnNbdImage *
describe (CairnLook *look, GError **error)
{
  if (!look->described)
    look->described = cairn_fallback_describe (look->image->path, look->deadline, error);
  return look->described;
}

static gboolean
take_qemu_problem (const CairnLook *look, const char *unknown, GError *problem,
                   CairnJudgement *judgement, GError **error)
{
  if (problem->code == CAIRN_ERROR_TIMEOUT || problem->code == CAIRN_ERROR_OUT_OF_MEMORY)
    return take_problem (look, problem, judgement, error);
  cairn_judgement_set (judgement, CAIRN_VERDICT_UNREADABLE,
                       "image '%s' can't be judged: %s, and QEMU says: %s; install a QEMU that "
                       "knows it, or " CAIRN_START_OVER,
                       look->image->path, unknown, problem->message);
  g_error_free (problem);
  return TRUE;
}

static gboolean
judge_by_qemu (CairnLook *look, const CairnAnchor *anchor, const char *unknown,
               CairnJudgement *judgement, GError **error)
{
  g_autoptr (GArray) extents = NULL;
  GError *problem = NULL;
  CairnNbdImage *described = describe (look, &problem);
  const CairnNbdBitmap *bitmap = NULL;

  if (!described)
    return take_qemu_problem (look, unknown, problem, judgement, error);
  for (guint i = 0; i < described->bitmaps->len && !bitmap; i++)
    if (strcmp (((CairnNbdBitmap *)described->bitmaps->pdata[i])->name, anchor->bitmap) == 0)
      bitmap = described->bitmaps->pdata[i];
  if (has_other_size (look->image, anchor, described->virtual_size_bytes, judgement))
    return TRUE;
  if (!bitmap)
    return set_no_bitmap (look, anchor, judgement), TRUE;
  if (refuse_by_flags (look->image, anchor, bitmap->is_in_use, bitmap->is_recording,
                       bitmap->granularity_bytes, judgement))
    return TRUE;
  extents = cairn_fallback_extents (look->image->path, anchor->bitmap, 0,
                                    described->virtual_size_bytes, look->deadline, &problem);
  if (!extents)
    return take_qemu_problem (look, unknown, problem, judgement, error);
  if (!cairn_evidence_shrank (look->image, anchor, cairn_extents_total_bytes (extents), judgement))
    {
      cairn_judgement_set (judgement, CAIRN_VERDICT_TRACKED, "%s", "");
      judgement->dirty_bytes = cairn_extents_total_bytes (extents);
    }
  return TRUE;
}

/* The image's bitmap of ANCHOR, checked; NULL when JUDGEMENT or *PROBLEM says why not. */
static gboolean
judge_natively (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
                GError **problem)
{
  const CairnImage *image = look->image;
  const CairnBitmapEntry *entry;
  CairnBitmap bitmap;

  if (has_other_size (image, anchor, image->qcow2->virtual_size_bytes, judgement))
    return TRUE;
  if (!look->directory)
    look->directory = cairn_directory_read (image->qcow2, problem);
  if (!look->directory)
    return FALSE;
  entry = cairn_directory_find (look->directory, anchor->bitmap);
  if (!entry)
    return set_no_bitmap (look, anchor, judgement), TRUE;
  /* In use: nothing else about it needs to be right. */
  if (!(entry->flags & BITMAP_FLAG_IN_USE)
      && !cairn_bitmap_open (image->qcow2, entry, &bitmap, problem))
    return FALSE;
  if (refuse_by_flags (
          image, anchor, entry->flags & BITMAP_FLAG_IN_USE, entry->flags & BITMAP_FLAG_AUTO,
          entry->granularity_bits < 64 ? UINT64_C (1) << entry->granularity_bits : 0, judgement))
    return TRUE;
  if (!look->evidence)
    look->evidence = cairn_evidence_new (image);
  return cairn_evidence_judge (look->evidence, anchor, &bitmap, judgement, look->deadline, problem);
}

gboolean
cairn_look_judge (CairnLook *look, const CairnAnchor *anchor, CairnJudgement *judgement,
                  GError **error)
{
  GError *problem = NULL;
  g_autofree char *unknown = NULL;

  if (!anchor->bitmap)
    {
      cairn_judgement_set (judgement, CAIRN_VERDICT_UNANCHORED,
                           "no bitmap was ever tied to this reference point in image '%s'; compare "
                           "the disk with a copy of it as of that time, or " CAIRN_START_OVER,
                           look->image->path);
      return TRUE;
    }
  if (look->image->verdict != CAIRN_VERDICT_TRACKED)
    {
      cairn_judgement_set (judgement, look->image->verdict, "%s", look->image->reason);
      return TRUE;
    }
  if (!look->image->qcow2)
    return judge_by_qemu (look, anchor, look->image->unknown, judgement, error);
  if (judge_natively (look, anchor, judgement, &problem))
    return TRUE;
  if (problem->code != CAIRN_ERROR_NOT_SUPPORTED)
    return take_problem (look, problem, judgement, error);
  unknown = g_strdup (problem->message);
  g_clear_error (&problem);
  return judge_by_qemu (look, anchor, unknown, judgement, error);
}

gboolean
cairn_look_extents (CairnLook *look, const CairnAnchor *anchor, uint64_t offset_bytes,
                    uint64_t length_bytes, GArray **extents, CairnJudgement *judgement,
                    GError **error)
{
  uint64_t size = anchor->virtual_size_bytes; /* the image's, or it weren't tracked */
  uint64_t first = MIN (offset_bytes, size);
  uint64_t length = MIN (length_bytes, size - first);
  GError *problem = NULL;
  CairnBitmap bitmap;

  if (look->described)
    {
      *extents = cairn_fallback_extents (look->image->path, anchor->bitmap, first, length,
                                         look->deadline, &problem);
      return *extents || take_qemu_problem (look, "it is unknown", problem, judgement, error);
    }
  if (cairn_bitmap_open (look->image->qcow2, cairn_directory_find (look->directory, anchor->bitmap),
                         &bitmap, &problem))
    *extents = cairn_bitmap_extents (&bitmap, first, length, look->deadline, &problem);
  return *extents || take_problem (look, problem, judgement, error);
}
