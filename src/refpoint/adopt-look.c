/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an adoption asks about its VM, disk and bitmaps. */
#include "refpoint/adopt.h"
#include "refpoint/attachment.h"

static gboolean
find_disk (CairnAdopting *adopting, GError **error)
{
  const CairnVm *vm = adopting->operation->vm;

  adopting->disk = cairn_vm_find_target (vm, adopting->options->target);
  if (!adopting->disk)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "VM '%s' has no disk '%s'; `cairn vm show` lists its disks", vm->name,
                 adopting->options->target);
  return adopting->disk != NULL;
}

static gboolean
probe_disk (CairnAdopting *adopting, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  const CairnDiskProbe *probe = &adopting->probe;

  cairn_disk_probe_clear (&adopting->probe);
  tracker->ops->probe_disk (tracker, adopting->operation->vm, adopting->disk, &adopting->probe);
  if (probe->verdict == CAIRN_VERDICT_TRACKED)
    return TRUE;
  cairn_judgement_clear (&adopting->judgement);
  adopting->judgement.verdict = probe->verdict;
  adopting->judgement.reason = g_strdup (probe->reason);
  g_set_error (
      error, CAIRN_ERROR,
      probe->verdict == CAIRN_VERDICT_BUSY ? CAIRN_ERROR_SYSTEM_IN_USE : CAIRN_ERROR_INVALID_STATE,
      "reference point '%s' can't be adopted on disk '%s' (%s): %s", adopting->point->instance_id,
      adopting->disk->target, cairn_verdict_name (probe->verdict), probe->reason);
  return FALSE;
}

gboolean
cairn_adopt_enter (CairnAdopting *adopting, const char *id, GError **error)
{
  g_autoptr (CairnPoint) known = cairn_service_find_point (adopting->service, id, error);
  CairnPoint *point;

  if (!known)
    return FALSE;
  adopting->operation
      = cairn_operation_begin (adopting->service, known->vm_guid, adopting->deadline, error);
  if (!adopting->operation)
    return FALSE;
  point = cairn_service_find_point (adopting->service, known->instance_id, error);
  if (!point)
    return FALSE;
  cairn_point_free (adopting->point);
  adopting->point = point;
  return find_disk (adopting, error) && probe_disk (adopting, error);
}

void
cairn_adopt_leave (CairnAdopting *adopting)
{
  adopting->disk = NULL;
  g_clear_pointer (&adopting->operation, cairn_operation_end);
}

gboolean
cairn_adopt_judge_anchor (CairnAdopting *adopting, GError **error)
{
  const CairnOperation *operation = adopting->operation;
  g_autoptr (CairnPointState) state = NULL;
  guint index;

  adopting->judgement.verdict = CAIRN_VERDICT_UNANCHORED;
  if (!adopting->anchor->bitmap
      || cairn_anchor_find_disk (adopting->anchor, operation->vm) != adopting->disk)
    return TRUE;
  state = cairn_point_judge (adopting->service, operation->vm, adopting->point, adopting->deadline,
                             error);
  if (state && g_ptr_array_find (adopting->point->anchors, adopting->anchor, &index))
    adopting->judgement.verdict = ((const CairnDiskVerdict *)state->disks->pdata[index])->verdict;
  return state != NULL;
}

gboolean
cairn_adopt_is_tracked (const CairnAdopting *adopting, const CairnAnchor *anchor, char **reason,
                        GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  CairnJudgement judgement = { 0 };
  gboolean ok = tracker->ops->judge (tracker, adopting->operation->vm, adopting->disk, &anchor, 1,
                                     &judgement, adopting->deadline, error);
  gboolean tracked = ok && judgement.verdict == CAIRN_VERDICT_TRACKED;

  if (reason && ok && !tracked)
    *reason = g_strdup (judgement.reason);
  cairn_judgement_clear (&judgement);
  return tracked;
}

CairnAnchor *
cairn_adopt_make_anchor (const CairnAdopting *adopting)
{
  CairnAnchor *anchor = cairn_anchor_copy (adopting->anchor);
  const CairnDisk *disk = adopting->disk;

  g_free (anchor->disk_identifier);
  anchor->disk_identifier = g_strdup (disk->identifier);
  g_free (anchor->target);
  anchor->target = g_strdup (disk->target);
  g_free (anchor->path);
  anchor->path = g_strdup (disk->path);
  g_free (anchor->format);
  anchor->format = g_strdup (adopting->probe.format);
  anchor->virtual_size_bytes = adopting->probe.virtual_size_bytes;
  g_free (anchor->bitmap);
  anchor->bitmap = g_strdup (adopting->point->guid);
  anchor->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  anchor->allocated_bytes = 0;
  anchor->dirty_seen_bytes = cairn_granules_total_bytes (adopting->record->granules);
  g_clear_pointer (&anchor->lost, g_free);
  return anchor;
}

gboolean
cairn_adopt_is_grafted (const CairnAdopting *adopting, GError **error)
{
  const CairnAdoptionRecord *record = adopting->record;
  g_autoptr (CairnAnchor) made = NULL;

  if (record->position_bytes < adopting->probe.virtual_size_bytes)
    return FALSE;
  made = cairn_adopt_make_anchor (adopting);
  return cairn_adopt_is_tracked (adopting, made, NULL, error);
}

gboolean
cairn_adopt_remove_bitmap (const CairnAdopting *adopting, const char *name, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();

  g_ptr_array_add (disks, adopting->disk);
  return tracker->ops->remove_bitmap (tracker, adopting->operation->vm, disks, name,
                                      adopting->deadline, error);
}

void
cairn_adopt_tell_stopped (const CairnAdopting *adopting, GError *cause, GError **error)
{
  uint64_t size = adopting->probe.virtual_size_bytes;
  double done = size ? (double)adopting->record->position_bytes / (double)size : 1;

  g_set_error (error, CAIRN_ERROR, cause->code,
               "adopting reference point '%s' on disk '%s' stopped at %d%%: %s; repeat the command "
               "to go on from there",
               adopting->point->instance_id, adopting->options->target, (int)(done * 100),
               cause->message);
  g_error_free (cause);
}
