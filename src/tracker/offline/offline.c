/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The offline tracker's table of methods. */
#include "tracker/offline/offline.h"

#include "tracker/offline/edit.h"
#include "tracker/offline/look.h"

static void
offline_close (CairnTracker *tracker)
{
  g_free (tracker);
}

static void
offline_probe_disk (CairnTracker *tracker, const CairnDisk *disk, CairnDiskProbe *probe)
{
  cairn_offline_probe (disk, probe);
}

static gboolean
offline_add_bitmap (CairnTracker *tracker, GPtrArray *disks, const char *name,
                    uint64_t granularity_bytes, int64_t deadline, GError **error)
{
  return cairn_offline_add (disks, name, granularity_bytes, deadline, error);
}

static gboolean
offline_remove_bitmap (CairnTracker *tracker, GPtrArray *disks, const char *name, int64_t deadline,
                       GError **error)
{
  return cairn_offline_remove (disks, name, deadline, error);
}

static gboolean
offline_judge (CairnTracker *tracker, const CairnDisk *disk, const CairnAnchor *const *anchors,
               size_t n_anchors, CairnJudgement *judgements, int64_t deadline, GError **error)
{
  return cairn_offline_judge (disk, anchors, n_anchors, judgements, deadline, error);
}

static gboolean
offline_changes (CairnTracker *tracker, const CairnDisk *disk, const CairnAnchor *anchor,
                 uint64_t offset_bytes, uint64_t length_bytes, GArray **extents,
                 CairnJudgement *judgement, int64_t deadline, GError **error)
{
  return cairn_offline_changes (disk, anchor, offset_bytes, length_bytes, extents, judgement,
                                deadline, error);
}

static const CairnTrackerOps offline_ops = {
  .name = "offline",
  .close = offline_close,
  .list_vms = NULL,
  .find_vm = NULL,
  .probe_disk = offline_probe_disk,
  .add_bitmap = offline_add_bitmap,
  .remove_bitmap = offline_remove_bitmap,
  .judge = offline_judge,
  .changes = offline_changes,
};

CairnTracker *
cairn_offline_tracker_new (void)
{
  CairnTracker *tracker = g_new0 (CairnTracker, 1);

  tracker->ops = &offline_ops;
  return tracker;
}
