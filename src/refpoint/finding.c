/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings as values. */
#include <cairn/finding.h>

static const char *const names[] = {
  [CAIRN_FINDING_UNFINISHED_INTENT] = "unfinished-intent",
  [CAIRN_FINDING_LEFTOVER_JOB] = "leftover-job",
  [CAIRN_FINDING_STALE_SNAPSHOT] = "stale-snapshot",
  [CAIRN_FINDING_IN_USE_BITMAP] = "in-use-bitmap",
  [CAIRN_FINDING_DESTROYED_BITMAP] = "destroyed-bitmap",
  [CAIRN_FINDING_ORPHAN_BITMAP] = "orphan-bitmap",
  [CAIRN_FINDING_GHOST_CHECKPOINT] = "ghost-checkpoint",
  [CAIRN_FINDING_STALE_PARENT] = "stale-parent",
  [CAIRN_FINDING_MISSING_CHECKPOINT] = "missing-checkpoint",
  [CAIRN_FINDING_LEFTOVER_LOG] = "leftover-log",
  [CAIRN_FINDING_MISSING_LOG] = "missing-log",
  [CAIRN_FINDING_FOREIGN_BITMAP] = "foreign-bitmap",
  [CAIRN_FINDING_FOREIGN_CHECKPOINT] = "foreign-checkpoint",
  [CAIRN_FINDING_UNREAD_DISK] = "unread-disk",
  [CAIRN_FINDING_UNREAD_VM] = "unread-vm",
};

const char *
cairn_finding_kind_name (CairnFindingKind kind)
{
  return (size_t)kind < G_N_ELEMENTS (names) ? names[kind] : "unread-vm";
}

void
cairn_finding_free (CairnFinding *finding)
{
  if (!finding)
    return;
  g_free (finding->vm);
  g_free (finding->object);
  g_free (finding->sentence);
  g_free (finding);
}

gboolean
cairn_finding_is_open (const CairnFinding *finding)
{
  return !finding->repaired && finding->kind != CAIRN_FINDING_FOREIGN_BITMAP
         && finding->kind != CAIRN_FINDING_FOREIGN_CHECKPOINT;
}
