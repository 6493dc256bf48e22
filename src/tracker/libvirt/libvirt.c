/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt tracker's table of methods: a running domain is asked through its QEMU, a shut-off
 * one's images are the offline tracker's. When a domain starts or stops in the middle, the method
 * begins again the other way, once. */
#include "tracker/libvirt/libvirt.h"

#include "refpoint/deadline.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/changes.h"
#include "tracker/libvirt/domains.h"
#include "tracker/libvirt/edit.h"
#include "tracker/libvirt/freeze.h"
#include "tracker/libvirt/graft.h"
#include "tracker/libvirt/hardware.h"
#include "tracker/libvirt/hold.h"
#include "tracker/libvirt/judge.h"
#include "tracker/libvirt/moved.h"
#include "tracker/libvirt/probe.h"
#include "tracker/libvirt/records.h"
#include "tracker/libvirt/state.h"
#include "tracker/libvirt/view.h"

static CairnLibvirtTracker *
tracker_of (CairnTracker *tracker)
{
  return (CairnLibvirtTracker *)tracker;
}

static void
close_tracker (CairnTracker *tracker)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  cairn_libvirt_watch_end (self->watch);
  g_hash_table_unref (self->looks);
  self->offline->ops->close (self->offline);
  cairn_libvirt_free (self->libvirt);
  g_free (self);
}

/* ---- bitmaps ---- */

static gboolean
is_volatile (CairnTracker *tracker, const CairnVm *vm)
{
  return cairn_libvirt_look_at_running (tracker_of (tracker), vm, NULL) != NULL;
}

static gboolean
add_bitmap (CairnTracker *tracker, const CairnBitmapOrder *order, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, order->vm, &cause);

      if (look ? cairn_libvirt_add (self, look, order, NULL, NULL, &cause)
               : !cause && self->offline->ops->add_bitmap (self->offline, order, &cause))
        return TRUE;
      if (cause->code != CAIRN_ERROR_SYSTEM_NOT_AVAILABLE
          && cause->code != CAIRN_ERROR_STATUS_UNKNOWN
          && cairn_libvirt_should_look_again (self, order->vm, attempt))
        continue;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
}

static gboolean
remove_bitmap (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks, const char *name,
               int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);
  CairnTracker *offline = self->offline;

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

      if (look && cairn_deadline_check (deadline, &cause)
          && cairn_libvirt_remove (look, disks, name, &cause))
        return TRUE;
      if (!look && !cause
          && offline->ops->remove_bitmap (offline, vm, disks, name, deadline, &cause))
        {
          cairn_libvirt_forget_unused (self, vm, disks, name);
          return TRUE;
        }
      if (cairn_libvirt_should_look_again (self, vm, attempt))
        continue;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
}

/* ---- answers ---- */

static void
clear_judgements (CairnJudgement *judgements, size_t n)
{
  for (size_t i = 0; i < n; i++)
    {
      cairn_judgement_clear (&judgements[i]);
      judgements[i] = (CairnJudgement){ 0 };
    }
}

/* What the domain's description rules out for all anchors of DISK. */
static gboolean
judge_by_description (CairnLibvirtTracker *self, const CairnVm *vm, const CairnDisk *disk,
                      CairnJudgement *judgements, size_t n)
{
  CairnDiskProbe probe = { 0 };

  if (!cairn_libvirt_probe_by_description (self, vm, disk, &probe))
    return FALSE;
  for (size_t i = 0; i < n; i++)
    {
      judgements[i].verdict = probe.verdict;
      judgements[i].reason = g_strdup (probe.reason);
    }
  cairn_disk_probe_clear (&probe);
  return TRUE;
}

static gboolean
judge_once (CairnLibvirtTracker *self, const CairnVm *vm, const CairnDisk *disk,
            const CairnAnchor *const *anchors, size_t n, CairnJudgement *judgements,
            int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

  if (cause)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (look)
    {
      if (!cairn_libvirt_look_read_bitmaps (look, error))
        return FALSE;
      cairn_libvirt_judge (look, disk, anchors, n, judgements);
      return cairn_deadline_check (deadline, error)
             && cairn_libvirt_confirm_moved (self, look, disk, anchors, n, judgements, deadline,
                                             error);
    }
  return judge_by_description (self, vm, disk, judgements, n)
         || self->offline->ops->judge (self->offline, vm, disk, anchors, n, judgements, deadline,
                                       error);
}

/* Whether the first of N judgements that gives reason to has the VM looked at again. */
static gboolean
should_judge_again (CairnLibvirtTracker *self, const CairnVm *vm, const CairnAnchor *const *anchors,
                    size_t n, const CairnJudgement *judgements, int attempt)
{
  if (n > 0 && judgements[0].verdict == CAIRN_VERDICT_BUSY)
    return cairn_libvirt_should_look_again (self, vm, attempt);
  for (size_t i = 0; i < n && attempt == 0; i++)
    if (cairn_libvirt_doubts (self, vm, anchors[i], &judgements[i]))
      return TRUE;
  return FALSE;
}

static gboolean
judge (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
       const CairnAnchor *const *anchors, size_t n_anchors, CairnJudgement *judgements,
       int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      gboolean ok;

      clear_judgements (judgements, n_anchors);
      ok = judge_once (self, vm, disk, anchors, n_anchors, judgements, deadline, &cause);
      if (ok ? should_judge_again (self, vm, anchors, n_anchors, judgements, attempt)
             : cairn_libvirt_should_look_again (self, vm, attempt))
        continue;
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&cause));
      return ok;
    }
}

static gboolean
changes_once (CairnLibvirtTracker *self, const CairnVm *vm, CairnQuestion *questions, size_t n,
              int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

  if (look)
    return cairn_libvirt_tell_changes (self, look, questions, n, deadline, error);
  if (!cause)
    return self->offline->ops->changes (self->offline, vm, questions, n, deadline, error);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
should_ask_again (CairnLibvirtTracker *self, const CairnVm *vm, const CairnQuestion *questions,
                  size_t n, int attempt)
{
  for (size_t i = 0; i < n; i++)
    if (should_judge_again (self, vm, &questions[i].anchor, 1, &questions[i].judgement, attempt))
      return TRUE;
  return FALSE;
}

static gboolean
changes (CairnTracker *tracker, const CairnVm *vm, CairnQuestion *questions, size_t n_questions,
         int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      gboolean ok = changes_once (self, vm, questions, n_questions, deadline, &cause);

      if (ok ? should_ask_again (self, vm, questions, n_questions, attempt)
             : cairn_libvirt_should_look_again (self, vm, attempt))
        {
          for (size_t i = 0; i < n_questions; i++)
            {
              cairn_question_clear (&questions[i]);
              questions[i].judgement = (CairnJudgement){ 0 };
            }
          continue;
        }
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&cause));
      return ok;
    }
}

static gboolean
thaw (CairnTracker *tracker, const CairnVm *vm, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (tracker_of (tracker), vm, &cause);

  if (look)
    return cairn_libvirt_thaw_leftover (look, error);
  if (!cause)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
end_leftover_job (CairnTracker *tracker, const CairnVm *vm, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

  if (look)
    return cairn_libvirt_backup_end_leftover (self->libvirt, look, error);
  if (!cause)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* ---- adopt ---- */

static CairnView *
open_view (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk, const char *bitmap,
           int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);
      CairnView *view = NULL;

      if (look)
        view = cairn_libvirt_view_open (self, look, disk, bitmap, deadline, &cause);
      else if (!cause)
        view = self->offline->ops->open_view (self->offline, vm, disk, bitmap, deadline, &cause);
      if (view)
        return view;
      if (cairn_libvirt_should_look_again (self, vm, attempt))
        continue;
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
}

/* ---- frozen views ---- */

static CairnFrozen *
freeze (CairnTracker *tracker, const CairnBitmapOrder *order, const GPtrArray *disks,
        const char *const *bases, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);
  CairnTracker *offline = self->offline;

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, order->vm, &cause);
      CairnFrozen *frozen = NULL;

      if (look)
        frozen = cairn_libvirt_hold (self, look, order, disks, bases, &cause);
      else if (!cause)
        frozen = offline->ops->freeze (offline, order, disks, bases, &cause);
      if (frozen)
        return frozen;
      if (cause->code != CAIRN_ERROR_SYSTEM_NOT_AVAILABLE
          && cause->code != CAIRN_ERROR_STATUS_UNKNOWN
          && cairn_libvirt_should_look_again (self, order->vm, attempt))
        continue;
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
}

static CairnFrozen *
open_frozen (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks,
             const char *order_name, int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);
  CairnTracker *offline = self->offline;
  GError *cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

  if (look)
    return cairn_libvirt_open_held (self, look, disks, order_name, deadline, error);
  if (!cause)
    return offline->ops->open_frozen (offline, vm, disks, order_name, deadline, error);
  g_propagate_error (error, cause);
  return NULL;
}

/* ---- adopt ---- */

/* The VM may have started or stopped while its disk was compared. */
static gboolean
graft_bitmap (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk, const char *name,
              const CairnGranules *granules, const char *catcher, int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);
  CairnTracker *offline = self->offline;

  cairn_libvirt_has_turned (self, vm);
  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

      if (look && cairn_libvirt_graft (look, disk, name, granules, catcher, &cause))
        return TRUE;
      if (!look && !cause
          && offline->ops->graft_bitmap (offline, vm, disk, name, granules, catcher, deadline,
                                         &cause))
        return cairn_libvirt_drop_record (tracker, vm, name, error);
      if (cairn_libvirt_should_look_again (self, vm, attempt))
        continue;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
}

/* ---- events ---- */

static gboolean
begin_watch (CairnTracker *tracker, CairnHappenedFunc happened, gpointer user, GError **error)
{
  CairnLibvirtTracker *self = tracker_of (tracker);

  self->watch = cairn_libvirt_watch_begin (self->libvirt->uri, happened, user, error);
  return self->watch != NULL;
}

static void
end_watch (CairnTracker *tracker)
{
  g_clear_pointer (&tracker_of (tracker)->watch, cairn_libvirt_watch_end);
}

/* ---- the table ---- */

static const CairnTrackerOps libvirt_ops = {
  .name = "libvirt",
  .close = close_tracker,
  .list_vms = cairn_libvirt_list_vms,
  .find_vm = cairn_libvirt_find_vm,
  .list_hardware = cairn_libvirt_list_hardware,
  .begin_change = cairn_libvirt_begin_change,
  .is_volatile = is_volatile,
  .probe_disk = cairn_libvirt_probe_disk,
  .add_bitmap = add_bitmap,
  .measure = cairn_libvirt_measure,
  .remove_bitmap = remove_bitmap,
  .judge = judge,
  .changes = changes,
  .settle = cairn_libvirt_settle,
  .lacks_record = cairn_libvirt_lacks_record,
  .take_inventory = cairn_libvirt_take_inventory,
  .drop_record = cairn_libvirt_drop_record,
  .thaw = thaw,
  .end_leftover_job = end_leftover_job,
  .open_view = open_view,
  .freeze = freeze,
  .open_frozen = open_frozen,
  .describe_state = cairn_libvirt_describe_state,
  .graft_bitmap = graft_bitmap,
  .begin_watch = begin_watch,
  .end_watch = end_watch,
};

static void
free_look (gpointer look)
{
  cairn_libvirt_look_free (look);
}

CairnTracker *
cairn_libvirt_tracker_new (const char *uri, CairnTracker *offline, GError **error)
{
  CairnLibvirt *libvirt = cairn_libvirt_new (uri, error);
  CairnLibvirtTracker *self;

  if (!libvirt)
    {
      offline->ops->close (offline);
      return NULL;
    }
  self = g_new0 (CairnLibvirtTracker, 1);
  self->tracker.ops = &libvirt_ops;
  self->libvirt = libvirt;
  self->offline = offline;
  self->looks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_look);
  return &self->tracker;
}
