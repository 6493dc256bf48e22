/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Begins an adoption, or goes on with one that was interrupted. */
#include "refpoint/adopt.h"

/* Whether the record of an interrupted adoption still holds. */
static gboolean
can_go_on (const CairnAdopting *adopting, GError **error)
{
  const CairnAdoptionRecord *record = adopting->record;
  GError *problem = NULL;
  gboolean goes_on;

  if (!record->granules || !cairn_adoption_is_at (record, adopting->disk)
      || record->catcher->virtual_size_bytes != adopting->probe.virtual_size_bytes
      || g_strcmp0 (record->base_files, adopting->base_files) != 0)
    return FALSE;
  goes_on = cairn_adopt_is_tracked (adopting, record->catcher, NULL, &problem)
            || (!problem && cairn_adopt_is_grafted (adopting, &problem));
  if (problem)
    g_propagate_error (error, problem);
  return goes_on;
}

/* From here on the anchor isn't believed, whatever a bitmap of its name looks like. */
static gboolean
lose_anchor (CairnAdopting *adopting, GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange change = { .replace_points = points, .put_intent = adopting->record->intent };

  if (adopting->anchor->bitmap && !adopting->anchor->lost)
    {
      adopting->anchor->lost = g_strdup (cairn_verdict_name (adopting->judgement.verdict));
      g_ptr_array_add (points, adopting->point);
    }
  cairn_adoption_write (adopting->record);
  return cairn_service_apply (adopting->service, &change, error);
}

static CairnView *
open_disk (const CairnAdopting *adopting, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;

  return tracker->ops->open_view (tracker, adopting->operation->vm, adopting->disk,
                                  adopting->record->intent->bitmap, adopting->deadline, error);
}

/* The catcher, and a view of the disk since it catches. */
static CairnView *
set_catcher (CairnAdopting *adopting, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  CairnAdoptionRecord *record = adopting->record;
  CairnView *view;

  record->granules
      = cairn_granules_new (adopting->probe.virtual_size_bytes, CAIRN_DEFAULT_GRANULARITY, error);
  if (!record->granules || !cairn_adopt_remove_bitmap (adopting, adopting->point->guid, error))
    return NULL;
  view = open_disk (adopting, error);
  if (!view)
    return NULL;
  tracker->ops->measure (tracker, adopting->operation->vm, adopting->disk, record->catcher);
  if (cairn_adoption_save (record, error))
    return view;
  view->ops->close (view);
  return NULL;
}

static CairnView *
start (CairnAdopting *adopting, GError **error)
{
  CairnView *view;

  adopting->record = cairn_adoption_new (adopting->service, adopting->point, adopting->disk,
                                         adopting->probe.virtual_size_bytes, error);
  if (!adopting->record)
    return NULL;
  g_free (adopting->record->base_files);
  adopting->record->base_files = g_strdup (adopting->base_files);
  if (!lose_anchor (adopting, error))
    return NULL;
  view = set_catcher (adopting, error);
  /* What can't be taken back now, doctor can. */
  if (!view)
    cairn_adoption_drop (adopting->record, NULL);
  return view;
}

gboolean
cairn_adopt_start_or_go_on (CairnAdopting *adopting, CairnView **view, GError **error)
{
  GError *problem = NULL;

  if (!cairn_adoption_find (adopting->service, adopting->point, adopting->disk, &adopting->record,
                            error))
    return FALSE;
  if (adopting->record && can_go_on (adopting, &problem))
    {
      if (adopting->record->position_bytes == adopting->probe.virtual_size_bytes)
        return TRUE;
      *view = open_disk (adopting, error);
      return *view != NULL;
    }
  if (!problem && adopting->record && !cairn_adoption_drop (adopting->record, &problem))
    g_prefix_error (&problem, "an earlier adoption can't be given up: ");
  if (problem)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  g_clear_pointer (&adopting->record, cairn_adoption_free);
  *view = start (adopting, error);
  return *view != NULL;
}
