/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the disks of a VM allow an import: each is matched, judged, and compared with what was
 * dirty at export. */
#include "refpoint/import.h"

#include "refpoint/attachment.h"
#include "refpoint/dirty.h"
#include "refpoint/questions.h"

/* The verdict of a disk is that of the first point it fails. */
static void
note_verdict (CairnImporting *import, const CairnAnchor *anchor, const CairnDisk *disk,
              CairnVerdict verdict, const char *reason)
{
  CairnDiskVerdict *known = g_hash_table_lookup (import->by_disk, anchor->disk_identifier);

  if (!known)
    {
      known = cairn_disk_verdict_new (disk ? disk->target : anchor->target,
                                      disk ? disk->path : anchor->path, verdict, reason);
      g_ptr_array_add (import->verdicts, known);
      g_hash_table_insert (import->by_disk, anchor->disk_identifier, known);
    }
  else if (known->verdict == CAIRN_VERDICT_TRACKED && verdict != CAIRN_VERDICT_TRACKED)
    {
      known->verdict = verdict;
      g_free (known->reason);
      known->reason = g_strdup (reason);
    }
}

/* Whether all that was dirty at export is dirty still; else the answer's verdict is changed. */
static void
check_dirty (CairnQuestion *answer, GBytes *dirty_then)
{
  const CairnAnchor *anchor = answer->anchor;
  CairnJudgement *judgement = &answer->judgement;
  g_autoptr (GArray) then = NULL;

  if (!answer->extents)
    return;
  /* One that was never anchored has no granularity to decode with. */
  then = cairn_dirty_decode (dirty_then, anchor->granularity_bytes, anchor->virtual_size_bytes);
  if (cairn_extents_cover (answer->extents, then))
    return;
  judgement->verdict = CAIRN_VERDICT_DISABLED;
  g_free (judgement->reason);
  judgement->reason = g_strdup_printf (
      "image '%s': an extent that had changed when point '%s' was exported is clean now, so its "
      "bitmap was cleared or the image is an older copy; bring the disks of the export, or make a "
      "full backup and a new point",
      answer->disk->path, anchor->bitmap);
}

/* Whether the target and the path of an anchor speak for two disks: then they may well have been
 * swapped, and both hold a bitmap of the point's name. An identifier settles it. */
static gboolean
is_ambiguous (const CairnVm *vm, const CairnAnchor *anchor, const CairnDisk *disk)
{
  if (g_ascii_strcasecmp (disk->identifier, anchor->disk_identifier) == 0)
    return FALSE;
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *other = vm->disks->pdata[i];

      if (other != disk && g_str_equal (other->path, anchor->path))
        return TRUE;
    }
  return FALSE;
}

/* The disk an anchor of the file means; none that an anchor of the same point has taken. */
static CairnDisk *
match_disk (CairnImporting *import, const CairnAnchor *anchor, GHashTable *taken)
{
  const CairnVm *vm = import->operation->vm;
  CairnDisk *disk = cairn_anchor_find_disk (anchor, vm);

  if (!disk || is_ambiguous (vm, anchor, disk))
    return NULL;
  return g_hash_table_add (taken, disk) ? disk : NULL;
}

/* The path in a file is a hint: on this host another VM may have its disk there. A disk that is
 * found counts as having been where it is; what its bitmap must hold is in the runtime-state file.
 */
static void
take_path (CairnAnchor *anchor, const CairnDisk *disk)
{
  if (!disk)
    return;
  g_free (anchor->path);
  anchor->path = g_strdup (disk->path);
}

/* The question about ANCHOR, settled when KNOWN or the lack of a disk answers it. */
static CairnQuestion
pose_question (const CairnVm *vm, const CairnAnchor *anchor, const CairnDisk *disk,
               const CairnDiskVerdict *known)
{
  CairnQuestion question = { .disk = disk, .anchor = anchor, .length_bytes = UINT64_MAX };

  question.is_settled = known->verdict != CAIRN_VERDICT_TRACKED;
  if (question.is_settled)
    {
      question.judgement.verdict = known->verdict;
      question.judgement.reason = g_strdup (known->reason);
    }
  else if (!disk)
    question.is_settled = cairn_anchor_judge_unattached (anchor, vm, NULL, &question.judgement);
  return question;
}

static gboolean
judge_point (CairnImporting *import, guint index, const CairnPointState *state, GError **error)
{
  CairnPoint *point = import->metadata->points->pdata[index];
  const GPtrArray *dirty = import->metadata->dirty->pdata[index];
  g_autoptr (GHashTable) taken = g_hash_table_new (g_direct_hash, g_direct_equal);
  g_autoptr (GArray) questions = cairn_questions_new ();

  for (guint k = 0; k < point->anchors->len; k++)
    {
      CairnAnchor *anchor = point->anchors->pdata[k];
      const CairnDisk *disk = match_disk (import, anchor, taken);
      CairnQuestion question
          = pose_question (import->operation->vm, anchor, disk, state->disks->pdata[k]);

      take_path (anchor, disk);
      g_array_append_val (questions, question);
    }
  if (!cairn_questions_ask (import->operation->service, import->operation->vm, questions,
                            import->operation->deadline, error))
    return FALSE;
  for (guint k = 0; k < questions->len; k++)
    {
      CairnQuestion *answer = cairn_questions_at (questions, k);
      const CairnJudgement *judgement = &answer->judgement;
      CairnAnchor *anchor = point->anchors->pdata[k];

      check_dirty (answer, dirty->pdata[k]);
      anchor->dirty_seen_bytes = judgement->dirty_bytes;
      note_verdict (import, anchor, answer->disk, judgement->verdict,
                    judgement->reason ? judgement->reason : "");
    }
  return TRUE;
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const CairnPoint *left = *(const CairnPoint *const *)a;
  const CairnPoint *right = *(const CairnPoint *const *)b;

  return left->creation_time_ms < right->creation_time_ms   ? -1
         : left->creation_time_ms > right->creation_time_ms ? 1
                                                            : 0;
}

/* A point of the file as it would be here. */
static CairnPoint *
point_here (CairnImporting *import, const CairnPoint *point)
{
  CairnPoint *here = cairn_point_copy (point);

  for (guint i = 0; i < here->anchors->len; i++)
    {
      CairnAnchor *anchor = here->anchors->pdata[i];

      take_path (anchor, cairn_anchor_find_disk (anchor, import->operation->vm));
    }
  return here;
}

/* The file's points, oldest first, and those in the store that are newer than the newest of them or
 * come next to it. Copies. */
static GPtrArray *
points_to_judge (CairnImporting *import, GError **error)
{
  g_autoptr (GPtrArray) batch = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  g_autoptr (GPtrArray) siblings = NULL;

  for (guint i = 0; i < import->metadata->points->len; i++)
    g_ptr_array_add (batch, point_here (import, import->metadata->points->pdata[i]));
  g_ptr_array_sort (batch, compare_age);
  siblings = cairn_point_newer_siblings (import->operation->service, batch->pdata[batch->len - 1],
                                         error);
  if (!siblings)
    return NULL;
  while (siblings->len > 0)
    g_ptr_array_add (batch, g_ptr_array_steal_index (siblings, 0));
  return g_steal_pointer (&batch);
}

/* Judges every disk for every point, together with newer points that are there: a newer bitmap may
 * show that an older one was cleared. */
gboolean
cairn_import_judge (CairnImporting *import, GError **error)
{
  g_autoptr (GPtrArray) batch = points_to_judge (import, error);
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) states = NULL;

  if (!batch || !cairn_service_proceed (import->operation->service, 10, error))
    return FALSE;
  states = cairn_points_judge (import->operation->service, import->operation->vm, batch,
                               import->operation->deadline, error);
  for (guint i = 0; states && i < states->len; i++)
    {
      CairnPointState *state = states->pdata[i];

      g_hash_table_insert (places, state->point->guid, state);
    }
  for (guint i = 0; states && i < import->metadata->points->len; i++)
    {
      const CairnPoint *point = import->metadata->points->pdata[i];
      guint percent = 30 + 60 * i / import->metadata->points->len;

      if (!cairn_service_proceed (import->operation->service, percent, error)
          || !judge_point (import, i, g_hash_table_lookup (places, point->guid), error))
        return FALSE;
    }
  return states != NULL;
}
