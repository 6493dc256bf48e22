/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ConvertToReferencePoint and DestroySnapshot. */
#include "refpoint/attachment.h"
#include "refpoint/destroy.h"
#include "refpoint/snapshots.h"

/* The checkpoint ID with its VM locked; *OPERATION is the caller's. */
static CairnSnapshot *
begin (CairnService *service, const char *id, CairnOperation **operation, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnSnapshot) known = cairn_snapshot_find (service, id, error);
  g_autoptr (CairnOperation) ours = NULL;
  CairnSnapshot *found;

  if (known)
    ours = cairn_operation_begin_without_vm (service, known->point->vm_guid, deadline, error);
  /* Under the lock once more: it may have ended meanwhile. */
  found = ours ? cairn_snapshot_find (service, id, error) : NULL;
  if (found)
    *operation = g_steal_pointer (&ours);
  return found;
}

/* A point whose bitmaps went with the VM's QEMU would be none. */
static gboolean
require_tracked (const CairnOperation *operation, const CairnSnapshot *snapshot, GError **error)
{
  g_autofree char *object = g_strdup_printf ("recovery checkpoint '%s'", snapshot->instance_id);
  g_autoptr (CairnPointState) state
      = cairn_point_judge (operation->service, operation->vm, snapshot->point, INT64_MAX, error);

  return state && cairn_verdicts_require (state->disks, object, "converted", error);
}

gboolean
cairn_service_convert_to_reference_point (CairnService *service, const char *id, CairnPoint **point,
                                          GError **error)
{
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnSnapshot) snapshot = begin (service, id, &operation, error);
  CairnStoreChange change = { 0 };

  if (!snapshot || !cairn_service_proceed (service, 30, error)
      || !require_tracked (operation, snapshot, error))
    return FALSE;
  change.release_snapshot = snapshot->point->instance_id;
  if (!cairn_service_apply (service, &change, error))
    return FALSE;
  /* It is a point now. A holder that doesn't let go looks at the store by itself, too. */
  cairn_snapshot_end_holder (service, snapshot, NULL);
  cairn_service_settle_for (service, operation->vm, snapshot->point->guid, INT64_MAX);
  if (point)
    *point = g_steal_pointer (&snapshot->point);
  return TRUE;
}

gboolean
cairn_service_destroy_snapshot (CairnService *service, const char *id, const char *owner,
                                gboolean force, GError **error)
{
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnSnapshot) snapshot = begin (service, id, &operation, error);

  return snapshot && cairn_destroy_check_owner (snapshot->point, owner, force, error)
         && cairn_service_proceed (service, 30, error)
         && cairn_snapshot_remove (service, snapshot, error);
}
