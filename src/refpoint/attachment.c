/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ties anchors to a VM's disks and judges them. */
#include "refpoint/attachment.h"

/* How many newer points are looked at to see whether a bitmap was cleared. The next one holds
 * nearly as much as its elder; a few more in case that one was cleared as well. */
#define SIBLING_LIMIT 8u

CairnDisk *
cairn_anchor_find_disk (const CairnAnchor *anchor, const CairnVm *vm)
{
  CairnDisk *disk;

  if (!vm)
    return NULL;
  disk = cairn_vm_find_disk (vm, anchor->disk_identifier);
  if (!disk)
    disk = cairn_vm_find_target (vm, anchor->target);
  for (guint i = 0; !disk && i < vm->disks->len; i++)
    {
      CairnDisk *candidate = vm->disks->pdata[i];

      if (g_str_equal (candidate->path, anchor->path))
        disk = candidate;
    }
  return disk;
}

gboolean
cairn_anchor_judge_unattached (const CairnAnchor *anchor, const CairnVm *vm, const CairnDisk *disk,
                               CairnJudgement *judgement)
{
  if (!anchor->bitmap)
    {
      judgement->verdict = CAIRN_VERDICT_UNANCHORED;
      judgement->reason
          = g_strdup_printf ("disk '%s' ('%s') came from Hyper-V and no bitmap was ever tied to "
                             "the point here; " CAIRN_ANCHOR_AGAIN,
                             anchor->target, anchor->path);
      return TRUE;
    }
  if (!vm)
    {
      judgement->verdict = CAIRN_VERDICT_NO_FILE;
      judgement->reason = g_strdup_printf (
          "the point's VM isn't known here, so disk '%s' ('%s') can't be looked at; define the VM "
          "again, or name the connection that knows it with --connect",
          anchor->target, anchor->path);
      return TRUE;
    }
  if (!disk)
    {
      judgement->verdict = CAIRN_VERDICT_NO_FILE;
      judgement->reason = g_strdup_printf (
          "disk '%s' ('%s') of the point isn't attached to the VM under that target and path; "
          "attach it so and try again",
          anchor->target, anchor->path);
      return TRUE;
    }
  return FALSE;
}

/* The anchors of one disk, oldest point first. */
typedef struct
{
  const CairnDisk *disk; /* borrowed */
  GPtrArray *anchors;    /* of CairnAnchor, borrowed */
  GPtrArray *places;     /* of CairnDiskVerdict, borrowed: where each verdict goes */
  GPtrArray *points;     /* of CairnPoint, borrowed */
  GPtrArray *paths;      /* of char *, owned: where bitmaps have moved to */
} DiskGroup;

static DiskGroup *
disk_group_new (const CairnDisk *disk)
{
  DiskGroup *group = g_new0 (DiskGroup, 1);

  group->disk = disk;
  group->anchors = g_ptr_array_new ();
  group->places = g_ptr_array_new ();
  group->points = g_ptr_array_new ();
  group->paths = g_ptr_array_new_with_free_func (g_free);
  return group;
}

static void
disk_group_free (DiskGroup *group)
{
  g_ptr_array_unref (group->anchors);
  g_ptr_array_unref (group->places);
  g_ptr_array_unref (group->points);
  g_ptr_array_unref (group->paths);
  g_free (group);
}

static DiskGroup *
find_group (GPtrArray *groups, const CairnDisk *disk)
{
  for (guint i = 0; i < groups->len; i++)
    {
      DiskGroup *group = groups->pdata[i];

      if (group->disk == disk)
        return group;
    }
  g_ptr_array_add (groups, disk_group_new (disk));
  return groups->pdata[groups->len - 1];
}

/* Prepares POINT's state; anchors that need a look at their image go into their disk's group. */
static CairnPointState *
begin_state (const CairnPoint *point, const CairnVm *vm, GPtrArray *groups)
{
  CairnPointState *state = g_new0 (CairnPointState, 1);

  state->point = cairn_point_copy (point);
  state->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];
      CairnDisk *disk = cairn_anchor_find_disk (anchor, vm);
      CairnJudgement judgement = { 0 };
      CairnDiskVerdict *verdict
          = cairn_disk_verdict_new (disk ? disk->target : anchor->target,
                                    disk ? disk->path : anchor->path, CAIRN_VERDICT_TRACKED, NULL);

      g_ptr_array_add (state->disks, verdict);
      if (cairn_anchor_judge_unattached (anchor, vm, disk, &judgement))
        {
          verdict->verdict = judgement.verdict;
          g_free (verdict->reason);
          verdict->reason = judgement.reason;
        }
      else
        {
          DiskGroup *group = find_group (groups, disk);

          g_ptr_array_add (group->anchors, anchor);
          g_ptr_array_add (group->places, verdict);
          g_ptr_array_add (group->points, (gpointer)point);
        }
    }
  return state;
}

gboolean
cairn_verdict_loses_changes (CairnVerdict verdict)
{
  return verdict == CAIRN_VERDICT_DISABLED || verdict == CAIRN_VERDICT_MISSING
         || verdict == CAIRN_VERDICT_IN_USE || verdict == CAIRN_VERDICT_SIZE_DIFFERS
         || verdict == CAIRN_VERDICT_GRANULARITY_DIFFERS;
}

/* What of JUDGEMENT is worth remembering. FALSE when nothing is. */
static gboolean
find_news (const CairnPoint *point, const CairnAnchor *anchor, const CairnJudgement *judgement,
           CairnStoreSeen *seen)
{
  *seen = (CairnStoreSeen){ .instance_id = point->instance_id,
                            .disk_identifier = anchor->disk_identifier,
                            .dirty_bytes = judgement->dirty_bytes,
                            .change_tracking_id = anchor->change_tracking_id };
  if (judgement->verdict == CAIRN_VERDICT_TRACKED)
    {
      /* From now on the new place is the one to compare with. */
      seen->moved_to = anchor->lost ? NULL : judgement->moved_to;
      seen->allocated_bytes = judgement->allocated_bytes;
      return judgement->dirty_bytes > anchor->dirty_seen_bytes || seen->moved_to;
    }
  seen->lost = cairn_verdict_name (judgement->verdict);
  return !anchor->lost && cairn_verdict_loses_changes (judgement->verdict);
}

/* An anchor that was lost once stays so. */
static void
distrust_lost (const CairnAnchor *anchor, CairnJudgement *judgement)
{
  if (!anchor->lost || judgement->verdict != CAIRN_VERDICT_TRACKED)
    return;
  judgement->verdict = CAIRN_VERDICT_DISABLED;
  g_free (judgement->reason);
  judgement->reason = g_strdup_printf ("bitmap '%s' looks whole now, but was found %s before, and "
                                       "what was written then isn't in it; " CAIRN_ANCHOR_AGAIN,
                                       anchor->bitmap, anchor->lost);
}

void
cairn_anchor_note_seen (CairnService *service, const CairnPoint *point, const CairnAnchor *anchor,
                        CairnJudgement *judgement)
{
  CairnStoreSeen seen;

  if (find_news (point, anchor, judgement, &seen))
    service->store->ops->note_seen (service->store, &seen, 1);
  distrust_lost (anchor, judgement);
}

/* Notes what of GROUP's judgements is news in SEEN, which must not outlive GROUP. */
static void
gather_seen (const DiskGroup *group, CairnJudgement *judgements, GArray *seen)
{
  for (guint i = 0; i < group->anchors->len; i++)
    {
      const CairnAnchor *anchor = group->anchors->pdata[i];
      CairnStoreSeen one;

      if (find_news (group->points->pdata[i], anchor, &judgements[i], &one))
        g_array_append_val (seen, one);
      if (judgements[i].moved_to)
        g_ptr_array_add (group->paths, g_steal_pointer (&judgements[i].moved_to));
      distrust_lost (anchor, &judgements[i]);
    }
}

static gboolean
judge_group (CairnService *service, const CairnVm *vm, const DiskGroup *group, GArray *seen,
             int64_t deadline, GError **error)
{
  guint n = group->anchors->len;
  g_autofree CairnJudgement *judgements = g_new0 (CairnJudgement, n);

  if (!service->tracker->ops->judge (service->tracker, vm, group->disk,
                                     (const CairnAnchor *const *)group->anchors->pdata, n,
                                     judgements, deadline, error))
    {
      for (guint i = 0; i < n; i++)
        cairn_judgement_clear (&judgements[i]);
      return FALSE;
    }
  gather_seen (group, judgements, seen);
  for (guint i = 0; i < n; i++)
    {
      CairnDiskVerdict *verdict = group->places->pdata[i];

      verdict->verdict = judgements[i].verdict;
      g_free (verdict->reason);
      verdict->reason = g_steal_pointer (&judgements[i].reason);
    }
  return TRUE;
}

GPtrArray *
cairn_points_judge (CairnService *service, const CairnVm *vm, const GPtrArray *points,
                    int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) states
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_state_free);
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func ((GDestroyNotify)disk_group_free);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (CairnStoreSeen));

  for (guint i = 0; i < points->len; i++)
    g_ptr_array_add (states, begin_state (points->pdata[i], vm, groups));
  for (guint i = 0; i < groups->len; i++)
    if (!judge_group (service, vm, groups->pdata[i], seen, deadline, error))
      return NULL;
  /* In one transaction for all disks: two would write a point's page twice. */
  if (seen->len > 0)
    service->store->ops->note_seen (service->store, (const CairnStoreSeen *)(void *)seen->data,
                                    seen->len);
  return g_steal_pointer (&states);
}

GPtrArray *
cairn_point_newer_siblings (CairnService *service, const CairnPoint *point, GError **error)
{
  CairnStore *store = service->store;

  return store->ops->list_newer (store, point->vm_guid, point->creation_time_ms, SIBLING_LIMIT,
                                 error);
}

CairnPointState *
cairn_point_judge (CairnService *service, const CairnVm *vm, const CairnPoint *point,
                   int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) siblings = cairn_point_newer_siblings (service, point, error);
  g_autoptr (GPtrArray) states = NULL;

  if (!siblings)
    return NULL;
  g_ptr_array_insert (siblings, 0, cairn_point_copy (point));
  states = cairn_points_judge (service, vm, siblings, deadline, error);
  return states ? g_ptr_array_steal_index (states, 0) : NULL;
}

void
cairn_point_state_free (CairnPointState *state)
{
  if (!state)
    return;
  cairn_point_free (state->point);
  g_ptr_array_unref (state->disks);
  g_free (state);
}

static gboolean
verdict_is_good (CairnVerdict verdict)
{
  return verdict == CAIRN_VERDICT_TRACKED || verdict == CAIRN_VERDICT_UNANCHORED;
}

gboolean
cairn_verdicts_require (const GPtrArray *verdicts, const char *object, const char *doing,
                        GError **error)
{
  const CairnDiskVerdict *first = NULL;
  guint n_bad = 0;
  g_autofree char *others = NULL;

  for (guint i = 0; i < verdicts->len; i++)
    {
      const CairnDiskVerdict *verdict = verdicts->pdata[i];

      if (verdict_is_good (verdict->verdict))
        continue;
      n_bad++;
      /* A disk that is broken says more than one that is busy now. */
      if (!first
          || (first->verdict == CAIRN_VERDICT_BUSY && verdict->verdict != CAIRN_VERDICT_BUSY))
        first = verdict;
    }
  if (!first)
    return TRUE;
  others = n_bad > 1 ? g_strdup_printf (" (and %u more)", n_bad - 1) : g_strdup ("");
  g_set_error (error, CAIRN_ERROR,
               first->verdict == CAIRN_VERDICT_BUSY ? CAIRN_ERROR_SYSTEM_IN_USE
                                                    : CAIRN_ERROR_INVALID_STATE,
               "%s can't be %s: disk '%s' (%s): %s%s", object, doing, first->target,
               cairn_verdict_name (first->verdict), first->reason, others);
  return FALSE;
}
