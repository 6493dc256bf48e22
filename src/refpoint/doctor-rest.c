/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operations left that were cut off, and disks that can't be looked at. */
#include "refpoint/adoption.h"
#include "refpoint/doctor.h"
#include "refpoint/recovery.h"
#include "refpoint/snapshots.h"

/* How an intent of KIND is told, and what finishing it does. */
static const struct
{
  CairnIntentKind kind;
  const char *doing;
  const char *ending;
} intent_words[] = {
  { CAIRN_INTENT_CREATE, "creating", "undo it" },
  { CAIRN_INTENT_CREATE_FROZEN, "creating", "undo it" },
  { CAIRN_INTENT_DESTROY, "destroying", "finish it" },
  { CAIRN_INTENT_EXPORT, "exporting", "undo it" },
  { CAIRN_INTENT_PUBLISH, "exporting", "finish it" },
  { CAIRN_INTENT_ADOPTED, "adopting", "finish it" },
  { CAIRN_INTENT_FORGET, "removing the data of", "finish it" },
};

static void
describe_intent (CairnDiagnosis *diagnosis, CairnFault *fault)
{
  const CairnIntent *intent = fault->intent;
  const char *doing = "an operation of a kind that this version doesn't know on",
             *ending = "end it";

  if (intent->kind == CAIRN_INTENT_ADOPT)
    {
      fault->what
          = g_strdup_printf ("adopting reference point '%s' was interrupted", fault->object);
      fault->remedy = g_strdup_printf ("repeat that `cairn adopt` to go on with it, or give it up "
                                       "with `cairn doctor %s --repair`",
                                       diagnosis->vm->name);
      return;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (intent_words); i++)
    if (intent_words[i].kind == intent->kind)
      {
        doing = intent_words[i].doing;
        ending = intent_words[i].ending;
      }
  fault->what = g_strdup_printf ("%s '%s' was cut off and isn't finished", doing, fault->object);
  fault->remedy = cairn_diagnosis_remedy (diagnosis, ending);
}

/* What an intent is about: its point, or the file it was to write. */
static const char *
subject_of (const CairnIntent *intent)
{
  if (*intent->point)
    return intent->point;
  return intent->final_files->len > 0 ? intent->final_files->pdata[0] : intent->id;
}

gboolean
cairn_doctor_look_at_intents (CairnDiagnosis *diagnosis, GError **error)
{
  CairnFault *fault;

  for (guint i = 0; i < diagnosis->intents->len; i++)
    {
      const CairnIntent *intent = diagnosis->intents->pdata[i];

      fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_UNFINISHED_INTENT, subject_of (intent));
      fault->intent = intent;
      describe_intent (diagnosis, fault);
    }
  if (!diagnosis->inventory->leftover_job)
    return TRUE;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_LEFTOVER_JOB, diagnosis->vm->name);
  fault->what = g_strdup_printf ("%s runs on VM '%s', and the process that began it is gone",
                                 diagnosis->inventory->leftover_job, diagnosis->vm->name);
  fault->remedy = cairn_diagnosis_remedy (diagnosis, "end it");
  return TRUE;
}

gboolean
cairn_doctor_look_at_snapshots (CairnDiagnosis *diagnosis, GError **error)
{
  for (guint i = 0; i < diagnosis->snapshots->len; i++)
    {
      const CairnSnapshot *snapshot = diagnosis->snapshots->pdata[i];
      CairnFault *fault;

      if (!cairn_snapshot_is_stale (diagnosis->service, snapshot))
        continue;
      fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_STALE_SNAPSHOT, snapshot->instance_id);
      if (cairn_snapshot_is_held (diagnosis->service, snapshot))
        fault->what = g_strdup_printf ("the lease of recovery checkpoint '%s' is over, and process "
                                       "%" G_GINT64_FORMAT " holds it still",
                                       snapshot->instance_id, snapshot->holder_pid);
      else
        fault->what = g_strdup_printf ("recovery checkpoint '%s' is held by nobody any more",
                                       snapshot->instance_id);
      fault->remedy = cairn_diagnosis_remedy (diagnosis, "destroy it");
    }
  return TRUE;
}

gboolean
cairn_doctor_end_snapshot (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  for (guint i = 0; i < diagnosis->snapshots->len; i++)
    {
      const CairnSnapshot *snapshot = diagnosis->snapshots->pdata[i];

      if (g_str_equal (snapshot->instance_id, fault->object))
        return cairn_snapshot_remove (diagnosis->service, snapshot, error);
    }
  return TRUE;
}

gboolean
cairn_doctor_look_at_disks (CairnDiagnosis *diagnosis, GError **error)
{
  const GPtrArray *unread = diagnosis->inventory->unread;

  for (guint i = 0; i < unread->len; i++)
    {
      const CairnDiskVerdict *verdict = unread->pdata[i];
      CairnFault *fault
          = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_UNREAD_DISK, verdict->target);

      fault->what = g_strdup_printf ("disk '%s' couldn't be looked at (%s)", verdict->target,
                                     cairn_verdict_name (verdict->verdict));
      fault->remedy = g_strdup (verdict->reason);
    }
  return TRUE;
}

gboolean
cairn_doctor_finish_intent (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  if (fault->intent->kind == CAIRN_INTENT_ADOPT)
    return cairn_adoption_discard (diagnosis->service, fault->intent, error);
  return cairn_recovery_finish (diagnosis->service, fault->intent, error);
}

gboolean
cairn_doctor_end_job (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  CairnTracker *tracker = diagnosis->service->tracker;

  return tracker->ops->end_leftover_job (tracker, diagnosis->vm, error);
}
