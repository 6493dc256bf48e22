/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What changed since a reference point. */
#include <inttypes.h>

#include "refpoint/attachment.h"
#include "refpoint/newcomer.h"
#include "refpoint/operation.h"
#include "refpoint/questions.h"

void
cairn_disk_changes_free (CairnDiskChanges *changes)
{
  if (!changes)
    return;
  g_free (changes->target);
  g_free (changes->reason);
  g_clear_pointer (&changes->extents, g_array_unref);
  g_free (changes);
}

/* The part of one disk that is asked about. */
typedef struct
{
  CairnService *service;
  const CairnPoint *point;
  const CairnVm *vm; /* may be NULL */
  uint64_t offset_bytes;
  uint64_t length_bytes;
  int64_t deadline;
} Question;

/* Whether the tracker must be asked about ANCHOR; else its verdict goes to ANSWER. KNOWN is its
 * verdict from a look with its siblings, or NULL. */
static gboolean
needs_asking (const CairnAnchor *anchor, const CairnVm *vm, const CairnDisk *disk,
              const CairnDiskVerdict *known, CairnJudgement *answer)
{
  if (!known || known->verdict == CAIRN_VERDICT_TRACKED)
    return !cairn_anchor_judge_unattached (anchor, vm, disk, answer);
  answer->verdict = known->verdict;
  answer->reason = g_strdup (known->reason);
  return FALSE;
}

static CairnDiskChanges *
disk_changes_new (const CairnQuestion *question)
{
  const CairnAnchor *anchor = question->anchor;
  const CairnDisk *disk = question->disk;
  CairnDiskChanges *changes = g_new0 (CairnDiskChanges, 1);

  changes->target = g_strdup (disk ? disk->target : anchor->target);
  changes->virtual_size_bytes = anchor->virtual_size_bytes;
  changes->verdict = question->judgement.verdict;
  changes->reason = g_strdup (question->judgement.reason ? question->judgement.reason : "");
  if (question->extents && changes->verdict == CAIRN_VERDICT_TRACKED)
    changes->extents = g_array_ref (question->extents);
  return changes;
}

/* Appends the disks that the point doesn't know. */
static void
add_newcomers (const Question *question, GPtrArray *answers)
{
  g_autoptr (CairnNewcomers) newcomers = cairn_newcomers_new (question->service, question->vm);
  g_autoptr (GPtrArray) verdicts
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);

  cairn_newcomers_append (newcomers, question->point, verdicts);
  for (guint i = 0; i < verdicts->len; i++)
    {
      CairnDiskVerdict *verdict = verdicts->pdata[i];
      CairnDiskChanges *changes = g_new0 (CairnDiskChanges, 1);
      const CairnDisk *disk = cairn_vm_find_target (question->vm, verdict->target);

      changes->target = g_strdup (verdict->target);
      changes->virtual_size_bytes = disk ? disk->virtual_size_bytes : 0;
      changes->verdict = verdict->verdict;
      changes->reason = g_steal_pointer (&verdict->reason);
      changes->is_newcomer = TRUE;
      g_ptr_array_add (answers, changes);
    }
}

/* The questions about the disk TARGET, or about all (NULL). STATE may be NULL. */
static GArray *
pose (const Question *question, const CairnPointState *state, const char *target)
{
  const GPtrArray *anchors = question->point->anchors;
  GArray *questions = cairn_questions_new ();

  for (guint i = 0; i < anchors->len; i++)
    {
      const CairnAnchor *anchor = anchors->pdata[i];
      const CairnDisk *disk = cairn_anchor_find_disk (anchor, question->vm);
      CairnQuestion one = { .disk = disk,
                            .anchor = anchor,
                            .offset_bytes = question->offset_bytes,
                            .length_bytes = question->length_bytes };

      if (target && g_strcmp0 (disk ? disk->target : anchor->target, target) != 0)
        continue;
      one.is_settled = !needs_asking (anchor, question->vm, disk,
                                      state ? state->disks->pdata[i] : NULL, &one.judgement);
      g_array_append_val (questions, one);
    }
  return questions;
}

/* Asks about the disk TARGET, or all (NULL). The result is empty when the point has no such disk.
 * STATE may be NULL. */
static GPtrArray *
ask_disks (const Question *question, const CairnPointState *state, const char *target,
           GError **error)
{
  g_autoptr (GArray) questions = pose (question, state, target);
  g_autoptr (GPtrArray) answers
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_changes_free);

  if (!cairn_questions_ask (question->service, question->vm, questions, question->deadline, error))
    return NULL;
  for (guint i = 0; i < questions->len; i++)
    {
      CairnQuestion *one = cairn_questions_at (questions, i);

      if (!state && !one->is_settled)
        cairn_anchor_note_seen (question->service, question->point, one->anchor, &one->judgement);
      g_ptr_array_add (answers, disk_changes_new (one));
    }
  return g_steal_pointer (&answers);
}

/* With newer siblings, all bitmaps are looked at together first: a newer one may show that this one
 * was cleared. *STATE stays NULL when there are none, which is the common case and the fast one. */
static gboolean
look_at_siblings (const Question *question, CairnPointState **state, GError **error)
{
  g_autoptr (GPtrArray) siblings
      = cairn_point_newer_siblings (question->service, question->point, error);

  if (!siblings)
    return FALSE;
  if (siblings->len > 0)
    *state = cairn_point_judge (question->service, question->vm, question->point,
                                question->deadline, error);
  return siblings->len == 0 || *state;
}

static gboolean
check_answers (const GPtrArray *answers, const Question *question, const char *target,
               GError **error)
{
  uint64_t largest = 0;

  for (guint i = 0; i < answers->len; i++)
    largest = MAX (largest, ((CairnDiskChanges *)answers->pdata[i])->virtual_size_bytes);
  if (answers->len == 0 && target)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' has no disk '%s'; `cairn show` lists its disks, and what "
                 "isn't among them needs a full backup",
                 question->point->instance_id, target);
  else if (question->offset_bytes > 0 && question->offset_bytes >= largest)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "offset 0x%" PRIx64 " lies past the end of the disk (0x%" PRIx64
                 " bytes); give a smaller one",
                 question->offset_bytes, largest);
  else
    return TRUE;
  return FALSE;
}

/* The sentence about the disks that can't answer; FALSE with it, TRUE when all can. */
static gboolean
require_answers (const CairnPoint *point, const GPtrArray *disks, GError **error)
{
  g_autoptr (GPtrArray) verdicts
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  g_autofree char *object = g_strdup_printf ("changes since '%s'", point->instance_id);

  if (disks->len == 0)
    {
      g_set_error (
          error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
          "%s can't be told: the point has no disk; take a full backup and create a new one",
          object);
      return FALSE;
    }
  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDiskChanges *changes = disks->pdata[i];

      if (changes->verdict == CAIRN_VERDICT_UNANCHORED)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE, "%s can't be told: %s",
                       object, changes->reason);
          return FALSE;
        }
      g_ptr_array_add (verdicts, cairn_disk_verdict_new (changes->target, "", changes->verdict,
                                                         changes->reason));
    }
  return cairn_verdicts_require (verdicts, object, "told", error);
}

gboolean
cairn_service_get_changes (CairnService *service, const char *id, const CairnChangesQuery *query,
                           GPtrArray **out, GError **error)
{
  static const CairnChangesQuery everything = { 0 };
  Question question = { .service = service, .deadline = cairn_service_start_call (service) };
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, id, error);
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (CairnPointState) state = NULL;
  g_autoptr (GPtrArray) answers = NULL;
  gboolean ok;

  if (!point || !cairn_service_look_for_vm (service, point->vm_guid, &vm, error))
    return FALSE;
  if (!query)
    query = &everything;
  if (vm)
    cairn_service_settle_for (service, vm, point->guid, question.deadline);
  question.point = point;
  question.vm = vm;
  question.offset_bytes = query->offset_bytes;
  question.length_bytes = query->length_bytes ? query->length_bytes : UINT64_MAX;
  if (!look_at_siblings (&question, &state, error))
    return FALSE;
  answers = ask_disks (&question, state, query->target, error);
  if (!answers || !check_answers (answers, &question, query->target, error))
    return FALSE;
  ok = require_answers (point, answers, error);
  if (!query->target)
    add_newcomers (&question, answers);
  if (out)
    *out = g_steal_pointer (&answers);
  return ok;
}
