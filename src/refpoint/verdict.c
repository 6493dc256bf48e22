/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts, their names, and the tracker's answers. */
#include <cairn/verdict.h>

#include "refpoint/tracker.h"

static const char *const names[] = {
  [CAIRN_VERDICT_TRACKED] = "tracked",
  [CAIRN_VERDICT_MISSING] = "missing",
  [CAIRN_VERDICT_IN_USE] = "in-use",
  [CAIRN_VERDICT_DISABLED] = "disabled",
  [CAIRN_VERDICT_BACKING_ONLY] = "backing-only",
  [CAIRN_VERDICT_SIZE_DIFFERS] = "size-differs",
  [CAIRN_VERDICT_GRANULARITY_DIFFERS] = "granularity-differs",
  [CAIRN_VERDICT_UNSUPPORTED_FORMAT] = "unsupported-format",
  [CAIRN_VERDICT_NO_FILE] = "no-file",
  [CAIRN_VERDICT_UNREADABLE] = "unreadable",
  [CAIRN_VERDICT_UNANCHORED] = "unanchored",
  [CAIRN_VERDICT_BUSY] = "busy",
};

const char *
cairn_verdict_name (CairnVerdict verdict)
{
  return (size_t)verdict < G_N_ELEMENTS (names) ? names[verdict] : "unreadable";
}

CairnDiskVerdict *
cairn_disk_verdict_new (const char *target, const char *path, CairnVerdict verdict,
                        const char *reason)
{
  CairnDiskVerdict *result = g_new0 (CairnDiskVerdict, 1);

  result->target = g_strdup (target);
  result->path = g_strdup (path);
  result->verdict = verdict;
  result->reason = g_strdup (reason ? reason : "");
  return result;
}

void
cairn_disk_verdict_free (CairnDiskVerdict *verdict)
{
  if (!verdict)
    return;
  g_free (verdict->target);
  g_free (verdict->path);
  g_free (verdict->reason);
  g_free (verdict);
}

void
cairn_judgement_clear (CairnJudgement *judgement)
{
  g_clear_pointer (&judgement->reason, g_free);
  g_clear_pointer (&judgement->moved_to, g_free);
}

void
cairn_question_clear (CairnQuestion *question)
{
  cairn_judgement_clear (&question->judgement);
  g_clear_pointer (&question->extents, g_array_unref);
}

void
cairn_disk_probe_clear (CairnDiskProbe *probe)
{
  g_clear_pointer (&probe->reason, g_free);
  g_clear_pointer (&probe->format, g_free);
}
