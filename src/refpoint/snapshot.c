/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery checkpoints as values. */
#include <cairn/snapshot.h>

void
cairn_frozen_disk_free (CairnFrozenDisk *disk)
{
  if (!disk)
    return;
  g_free (disk->identifier);
  g_free (disk->target);
  g_free (disk->address);
  g_free (disk);
}

CairnSnapshot *
cairn_snapshot_new (void)
{
  CairnSnapshot *snapshot = g_new0 (CairnSnapshot, 1);

  snapshot->point = cairn_point_new ();
  snapshot->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_frozen_disk_free);
  return snapshot;
}

void
cairn_snapshot_free (CairnSnapshot *snapshot)
{
  if (!snapshot)
    return;
  g_free (snapshot->instance_id);
  cairn_point_free (snapshot->point);
  g_ptr_array_unref (snapshot->disks);
  g_free (snapshot);
}
