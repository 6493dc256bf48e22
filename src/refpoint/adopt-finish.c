/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the bitmap and the anchor of a comparison that is done. */
#include "refpoint/adopt.h"
#include "refpoint/guid.h"

/* How long another operation on the VM is waited for: hours were spent on the comparison. */
#define PATIENCE_US (60 * G_USEC_PER_SEC)

gboolean
cairn_adopt_enter_again (CairnAdopting *adopting, GError **error)
{
  g_autofree char *id = g_strdup (adopting->point->instance_id);
  g_autofree char *identifier = g_strdup (adopting->anchor->disk_identifier);
  int64_t end = MIN (g_get_monotonic_time () + PATIENCE_US, adopting->deadline);
  GError *cause = NULL;

  while (!cairn_adopt_enter (adopting, id, &cause) && !adopting->operation
         && cause->code == CAIRN_ERROR_SYSTEM_IN_USE && g_get_monotonic_time () < end)
    g_clear_error (&cause);
  if (cause)
    {
      cairn_adopt_tell_stopped (adopting, cause, error);
      return FALSE;
    }
  adopting->anchor = NULL;
  for (guint i = 0; i < adopting->point->anchors->len; i++)
    {
      CairnAnchor *anchor = adopting->point->anchors->pdata[i];

      if (g_str_equal (anchor->disk_identifier, identifier))
        adopting->anchor = anchor;
    }
  if (!adopting->anchor)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "reference point '%s' was changed while it was adopted; repeat the command", id);
  return adopting->anchor != NULL;
}

/* Whether the catcher has all that was written since the comparison began. */
static gboolean
check_catcher (const CairnAdopting *adopting, GError **error)
{
  const CairnAdoptionRecord *record = adopting->record;
  g_autofree char *reason = NULL;
  GError *problem = NULL;

  if (!cairn_adoption_is_at (record, adopting->disk))
    reason = g_strdup_printf ("its image is another file now");
  else if (cairn_adopt_is_tracked (adopting, record->catcher, &reason, &problem))
    return TRUE;
  if (problem)
    {
      cairn_adopt_tell_stopped (adopting, problem, error);
      return FALSE;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "what was written to disk '%s' while it was compared isn't known (%s); repeat the "
               "command, which starts over",
               adopting->disk->target, reason);
  return FALSE;
}

static gboolean
graft (const CairnAdopting *adopting, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  const CairnAdoptionRecord *record = adopting->record;
  GError *cause = NULL;

  if (tracker->ops->graft_bitmap (tracker, adopting->operation->vm, adopting->disk,
                                  adopting->point->guid, record->granules, record->intent->bitmap,
                                  adopting->deadline, &cause))
    return TRUE;
  if (cause->code == CAIRN_ERROR_INVALID_STATE) /* the catcher's; it will be given up */
    g_propagate_error (error, cause);
  else
    cairn_adopt_tell_stopped (adopting, cause, error);
  return FALSE;
}

/* An id that was never given before. Its GUID says since when the bitmap records (witness.h): after
 * the newest point there is, whatever the clock says. NULL with an error. */
static char *
new_tracking_id (const CairnAdopting *adopting, GError **error)
{
  CairnStore *store = adopting->service->store;
  g_autofree char *guid = NULL;
  int64_t newest;
  guint index = 0;

  if (!store->ops->newest_time_ms (store, adopting->point->vm_guid, &newest, error))
    return NULL;
  newest = MIN (MAX (g_get_real_time () / 1000, newest + 1), CAIRN_TIME_LIMIT_MS);
  guid = cairn_guid_v7 (newest, NULL);
  g_ptr_array_find (adopting->point->anchors, adopting->anchor, &index);
  return cairn_change_tracking_id_format (guid, index);
}

/* Makes the anchor true; the intent goes on as one that has a catcher to remove. */
static gboolean
commit (CairnAdopting *adopting, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  g_autoptr (CairnIntent) rest = cairn_intent_new (CAIRN_INTENT_ADOPTED, adopting->point->vm_guid);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange change = { .replace_points = points,
                              .remove_intent = adopting->record->intent->id,
                              .put_intent = rest };
  CairnAnchor *anchor = cairn_adopt_make_anchor (adopting);
  g_autofree char *reason = NULL;
  GError *cause = NULL;
  guint index;

  g_free (anchor->change_tracking_id);
  anchor->change_tracking_id = new_tracking_id (adopting, &cause);
  tracker->ops->measure (tracker, adopting->operation->vm, adopting->disk, anchor);
  g_ptr_array_find (adopting->point->anchors, adopting->anchor, &index);
  cairn_anchor_free (adopting->anchor);
  adopting->point->anchors->pdata[index] = adopting->anchor = anchor;
  cairn_intent_set_point (rest, adopting->point->instance_id, adopting->record->intent->bitmap);
  g_ptr_array_add (rest->images, g_strdup (adopting->disk->path));
  g_ptr_array_add (points, adopting->point);
  /* What reached the disk is looked at, never believed. */
  if (!cause && !cairn_adopt_is_tracked (adopting, anchor, &reason, &cause) && !cause)
    g_set_error (&cause, CAIRN_ERROR, CAIRN_ERROR_FAILED, "the new bitmap isn't right: %s", reason);
  if (!cause && cairn_service_apply (adopting->service, &change, &cause))
    {
      CairnStoreChange done = { .remove_intent = rest->id };

      /* What fails here, recovery does. */
      if (cairn_adopt_remove_bitmap (adopting, rest->bitmap, NULL))
        cairn_service_apply (adopting->service, &done, NULL);
      return TRUE;
    }
  cairn_adopt_tell_stopped (adopting, cause, error);
  return FALSE;
}

gboolean
cairn_adopt_finish (CairnAdopting *adopting, GError **error)
{
  GError *cause = NULL;
  gboolean grafted = cairn_adopt_is_grafted (adopting, &cause);

  if (!cause && !grafted && check_catcher (adopting, &cause)
      && cairn_adopt_check_base (adopting, &cause) && cairn_adopt_check_evidence (adopting, &cause))
    grafted = graft (adopting, &cause);
  if (grafted && commit (adopting, &cause))
    {
      cairn_service_settle (adopting->service, adopting->operation->vm, adopting->deadline);
      return TRUE;
    }
  if (cause->code == CAIRN_ERROR_INVALID_PARAMETER || cause->code == CAIRN_ERROR_INVALID_STATE)
    cairn_adoption_drop (adopting->record, NULL);
  g_propagate_error (error, cause);
  return FALSE;
}
