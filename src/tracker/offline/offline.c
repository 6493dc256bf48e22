/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The offline tracker's table of methods. */
#include "tracker/offline/offline.h"

#include "tracker/offline/edit.h"
#include "tracker/offline/freeze.h"
#include "tracker/offline/look.h"
#include "tracker/offline/view.h"

static void
offline_close (CairnTracker *tracker)
{
  g_free (tracker);
}

static void
offline_probe_disk (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                    CairnDiskProbe *probe)
{
  cairn_offline_probe (disk, probe);
}

static gboolean
offline_add_bitmap (CairnTracker *tracker, const CairnBitmapOrder *order, GError **error)
{
  if (!order->freezes)
    return cairn_offline_add (order->disks, order->name, order->granularity_bytes, order->deadline,
                              error);
  g_set_error_literal (
      error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
      "an application-consistent point needs a running guest to freeze, and this VM "
      "is shut off; ask for crash consistency, which is the same after a clean "
      "shutdown");
  return FALSE;
}

static void
offline_measure (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                 CairnAnchor *anchor)
{
  cairn_offline_measure (disk, anchor);
}

static gboolean
offline_remove_bitmap (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks,
                       const char *name, int64_t deadline, GError **error)
{
  return cairn_offline_remove (disks, name, deadline, error);
}

static CairnView *
offline_open_view (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                   const char *bitmap, int64_t deadline, GError **error)
{
  if (bitmap && !cairn_offline_ensure (disk, bitmap, CAIRN_DEFAULT_GRANULARITY, deadline, error))
    return NULL;
  return cairn_offline_view_disk (disk, deadline, error);
}

static CairnFrozen *
offline_freeze (CairnTracker *tracker, const CairnBitmapOrder *order, const GPtrArray *disks,
                const char *const *bases, GError **error)
{
  CairnFrozen *frozen;

  if (!offline_add_bitmap (tracker, order, error))
    return NULL;
  frozen = cairn_offline_hold (disks, order->deadline, error);
  if (!frozen)
    cairn_offline_remove (order->disks, order->name, order->deadline, NULL);
  return frozen;
}

static CairnFrozen *
offline_open_frozen (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks,
                     const char *order_name, int64_t deadline, GError **error)
{
  return cairn_offline_open_held (disks, order_name, deadline, error);
}

static gboolean
offline_graft_bitmap (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                      const char *name, const CairnGranules *granules, const char *catcher,
                      int64_t deadline, GError **error)
{
  return cairn_offline_graft (disk, name, granules, catcher, deadline, error);
}

static gboolean
offline_judge (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
               const CairnAnchor *const *anchors, size_t n_anchors, CairnJudgement *judgements,
               int64_t deadline, GError **error)
{
  return cairn_offline_judge (disk, anchors, n_anchors, judgements, deadline, error);
}

static gboolean
offline_changes (CairnTracker *tracker, const CairnVm *vm, CairnQuestion *questions,
                 size_t n_questions, int64_t deadline, GError **error)
{
  for (size_t i = 0; i < n_questions; i++)
    {
      CairnQuestion *one = &questions[i];

      if (!cairn_offline_changes (one->disk, one->anchor, one->offset_bytes, one->length_bytes,
                                  &one->extents, &one->judgement, deadline, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
offline_compare_origin (CairnTracker *tracker, const CairnDisk *disk, const CairnAnchor *anchor,
                        const GArray *extents, CairnJudgement *judgement, int64_t deadline,
                        GError **error)
{
  return cairn_offline_compare_origin (disk, anchor, extents, judgement, deadline, error);
}

static CairnInventory *
offline_take_inventory (CairnTracker *tracker, const CairnVm *vm, int64_t deadline, GError **error)
{
  return cairn_offline_take_inventory (vm, deadline, error);
}

static const CairnTrackerOps offline_ops = {
  .name = "offline",
  .close = offline_close,
  .probe_disk = offline_probe_disk,
  .add_bitmap = offline_add_bitmap,
  .measure = offline_measure,
  .remove_bitmap = offline_remove_bitmap,
  .judge = offline_judge,
  .compare_origin = offline_compare_origin,
  .changes = offline_changes,
  .open_view = offline_open_view,
  .freeze = offline_freeze,
  .open_frozen = offline_open_frozen,
  .graft_bitmap = offline_graft_bitmap,
  .take_inventory = offline_take_inventory,
};

CairnTracker *
cairn_offline_tracker_new (void)
{
  CairnTracker *tracker = g_new0 (CairnTracker, 1);

  tracker->ops = &offline_ops;
  return tracker;
}
