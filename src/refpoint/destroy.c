/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DestroyReferencePoint. */
#include "refpoint/destroy.h"

#include "refpoint/adoption.h"
#include "refpoint/attachment.h"
#include "refpoint/logs.h"
#include "refpoint/operation.h"
#include "refpoint/snapshots.h"

gboolean
cairn_destroy_check_owner (const CairnPoint *point, const char *owner, gboolean force,
                           GError **error)
{
  if (!owner)
    owner = g_getenv ("CAIRN_OWNER");
  if (force || !*point->owner || g_strcmp0 (point->owner, owner) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
               "reference point '%s' belongs to '%s'; ask its owner, or use --force to destroy it "
               "all the same",
               point->instance_id, point->owner);
  return FALSE;
}

/* Whether DISK's image is there to have its bitmap removed. One that isn't (its share not mounted,
 * say) would keep the bitmap for ever, so FORCE must ask for that. */
static gboolean
is_reachable (CairnOperation *operation, const CairnDisk *disk, gboolean force, gboolean *reachable,
              GError **error)
{
  CairnTracker *tracker = operation->service->tracker;
  CairnDiskProbe probe = { 0 };

  tracker->ops->probe_disk (tracker, operation->vm, disk, &probe);
  *reachable = probe.verdict == CAIRN_VERDICT_TRACKED || probe.verdict == CAIRN_VERDICT_BUSY;
  if (!*reachable && !force)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "the point's bitmap can't be removed from disk '%s' (%s): %s; or use --force to "
                 "forget the point and leave the bitmap behind",
                 disk->target, cairn_verdict_name (probe.verdict), probe.reason);
  cairn_disk_probe_clear (&probe);
  return *reachable || force;
}

/* The attached disks that may hold the point's bitmap. */
static GPtrArray *
anchored_disks (CairnOperation *operation, const CairnPoint *point, gboolean force, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];
      CairnDisk *disk = cairn_anchor_find_disk (anchor, operation->vm);
      gboolean reachable;

      if (!anchor->bitmap || !disk || g_ptr_array_find (disks, disk, NULL))
        continue;
      if (!cairn_service_proceed (operation->service, 10 + 40 * i / point->anchors->len, error)
          || !is_reachable (operation, disk, force, &reachable, error))
        return NULL;
      if (reachable)
        g_ptr_array_add (disks, disk);
    }
  return g_steal_pointer (&disks);
}

/* The point leaves the store first, so that none is ever listed with half its bitmaps. */
static gboolean
remove_point (CairnOperation *operation, CairnPoint *point, GPtrArray *disks, GError **error)
{
  CairnService *service = operation->service;
  CairnTracker *tracker = service->tracker;
  g_autoptr (CairnIntent) intent = cairn_intent_new (CAIRN_INTENT_DESTROY, operation->vm->guid);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  CairnStoreChange begin = { .remove_points = ids, .put_intent = intent };
  CairnStoreChange undo = { .put_points = points, .remove_intent = intent->id };
  CairnStoreChange done = { .remove_intent = intent->id };

  g_ptr_array_add (points, point);
  g_ptr_array_add (ids, point->instance_id);
  cairn_intent_set_point (intent, point->instance_id, point->guid);
  for (guint i = 0; i < disks->len; i++)
    g_ptr_array_add (intent->images, g_strdup (((CairnDisk *)disks->pdata[i])->path));
  cairn_logs_name (service, point, intent);
  if (!cairn_service_apply (service, &begin, error))
    return FALSE;
  if (!cairn_logs_put_aside (intent, error)
      || (disks->len > 0
          && !tracker->ops->remove_bitmap (tracker, operation->vm, disks, point->guid,
                                           operation->deadline, error)))
    {
      cairn_logs_put_back (intent);
      cairn_service_apply (service, &undo, NULL);
      return FALSE;
    }
  /* The bitmaps are gone: what can't be done now, recovery does, or finds done. */
  if (cairn_logs_remove (intent, NULL))
    cairn_service_apply (service, &done, NULL);
  return TRUE;
}

/* With FORCE, points of a VM that its hypervisor has forgotten may go as well. */
static CairnOperation *
begin (CairnService *service, const CairnPoint *point, gboolean force, int64_t deadline,
       GError **error)
{
  CairnOperation *operation;

  if (force)
    return cairn_operation_begin_without_vm (service, point->vm_guid, deadline, error);
  operation = cairn_operation_begin (service, point->vm_guid, deadline, error);
  if (!operation && error && (*error)->code == CAIRN_ERROR_INVALID_PARAMETER)
    {
      g_autofree char *message = g_strdup_printf (
          "%s; or use --force to forget the point and leave its bitmaps behind", (*error)->message);

      g_free ((*error)->message);
      (*error)->message = g_steal_pointer (&message);
    }
  return operation;
}

gboolean
cairn_service_destroy_reference_point (CairnService *service, const char *id, const char *owner,
                                       gboolean force, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnPoint) known = cairn_service_find_point (service, id, error);
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (GPtrArray) disks = NULL;

  if (!known || !cairn_destroy_check_owner (known, owner, force, error))
    return FALSE;
  operation = begin (service, known, force, deadline, error);
  if (!operation)
    return FALSE;
  /* Under the lock once more: another process may have destroyed it meanwhile. */
  point = cairn_service_find_point (service, known->instance_id, error);
  if (!point)
    return FALSE;
  disks = anchored_disks (operation, point, force, error);
  if (disks && cairn_service_proceed (service, 50, error)
      && cairn_adoptions_discard (service, point, error)
      && remove_point (operation, point, disks, error))
    return TRUE;
  cairn_snapshots_explain (service, operation->vm, error);
  return FALSE;
}
