/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CreateReferencePoint. */
#include "refpoint/create.h"

#include <string.h>

#include "refpoint/attachment.h"
#include "refpoint/guid.h"
#include "refpoint/logs.h"
#include "refpoint/snapshots.h"

static const CairnCreateOptions default_options = { 0 };

static gboolean
check_label (const char *text, const char *what, GError **error)
{
  if (!text || (strlen (text) <= CAIRN_LABEL_LIMIT_BYTES && g_utf8_validate (text, -1, NULL)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "the %s must be at most %u bytes of UTF-8; give a shorter one", what,
               CAIRN_LABEL_LIMIT_BYTES);
  return FALSE;
}

gboolean
cairn_create_check (const CairnCreateOptions *options, GError **error)
{
  if (options->type != 0 && options->type != CAIRN_POINT_TYPE_RCT
      && options->type != CAIRN_POINT_TYPE_LOG)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%d isn't a reference point type; give 1 (log) or 2 (RCT)", (int)options->type);
  else if (options->consistency != 0 && options->consistency != CAIRN_CONSISTENCY_APPLICATION
           && options->consistency != CAIRN_CONSISTENCY_CRASH)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%d isn't a consistency level; give 1 (application) or 2 (crash)",
                 (int)options->consistency);
  else
    return check_label (options->owner, "owner", error)
           && check_label (options->label, "label", error);
  return FALSE;
}

static CairnAnchor *
anchor_for (const CairnDisk *disk, const CairnDiskProbe *probe)
{
  CairnAnchor *anchor = cairn_anchor_new ();

  anchor->disk_identifier = g_strdup (disk->identifier);
  anchor->target = g_strdup (disk->target);
  anchor->path = g_strdup (disk->path);
  anchor->format = g_strdup (probe->format);
  anchor->virtual_size_bytes = probe->virtual_size_bytes;
  anchor->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  return anchor;
}

/* Looks at every disk: those that can be tracked become anchors of POINT and go to TRACKED. */
static GPtrArray *
choose_disks (CairnOperation *operation, CairnPoint *point, GPtrArray *tracked)
{
  CairnTracker *tracker = operation->service->tracker;
  GPtrArray *verdicts = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);

  for (guint i = 0; i < operation->vm->disks->len; i++)
    {
      CairnDisk *disk = operation->vm->disks->pdata[i];
      CairnDiskProbe probe = { 0 };

      tracker->ops->probe_disk (tracker, operation->vm, disk, &probe);
      g_ptr_array_add (
          verdicts, cairn_disk_verdict_new (disk->target, disk->path, probe.verdict, probe.reason));
      if (probe.verdict == CAIRN_VERDICT_TRACKED)
        {
          g_ptr_array_add (point->anchors, anchor_for (disk, &probe));
          g_ptr_array_add (tracked, disk);
        }
      cairn_disk_probe_clear (&probe);
    }
  return verdicts;
}

/* A disk that has nowhere to keep a bitmap is left out; one that should have been there is not. */
static gboolean
require_disks (const CairnVm *vm, const GPtrArray *verdicts, guint n_tracked, GError **error)
{
  g_autoptr (GPtrArray) bad = g_ptr_array_new ();
  g_autofree char *object = g_strdup_printf ("a reference point of VM '%s'", vm->name);

  for (guint i = 0; i < verdicts->len; i++)
    {
      CairnDiskVerdict *verdict = verdicts->pdata[i];

      if (verdict->verdict != CAIRN_VERDICT_UNSUPPORTED_FORMAT || n_tracked == 0)
        g_ptr_array_add (bad, verdict);
    }
  return cairn_verdicts_require (bad, object, "created", error);
}

/* NEWEST_MS is the creation time of the VM's newest point, 0 when it has none. */
static gboolean
name_point (const CairnOperation *operation, CairnPoint *point, int64_t newest_ms, GError **error)
{
  point->creation_time_ms = MAX (g_get_real_time () / 1000, newest_ms + 1);
  if (point->creation_time_ms > CAIRN_TIME_LIMIT_MS)
    {
      g_set_error (
          error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
          "VM '%s' has a point from the end of time, after which no other can come; destroy "
          "that point",
          operation->vm->name);
      return FALSE;
    }
  point->guid = cairn_guid_v7 (point->creation_time_ms, NULL);
  point->vm_guid = g_strdup (operation->vm->guid);
  point->instance_id = cairn_instance_id_format (point->vm_guid, point->guid);
  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];

      anchor->bitmap = g_strdup (point->guid);
      anchor->change_tracking_id = cairn_change_tracking_id_format (point->guid, i);
    }
  return TRUE;
}

/* The point before this one should be known to the hypervisor, which takes it for the parent. */
static void
settle_elder (const CairnOperation *operation, int64_t newest_ms)
{
  CairnStore *store = operation->service->store;
  g_autoptr (GPtrArray) elder = NULL;

  if (newest_ms == 0 || !operation->service->tracker->ops->lacks_record)
    return;
  elder = store->ops->list_newer (store, operation->vm->guid, newest_ms - 1, 1, NULL);
  if (elder && elder->len > 0)
    cairn_service_settle_for (operation->service, operation->vm,
                              ((CairnPoint *)elder->pdata[0])->guid, operation->deadline);
}

/* Names POINT, the next of its VM. */
static gboolean
follow_elder (const CairnOperation *operation, CairnPoint *point, GError **error)
{
  CairnStore *store = operation->service->store;
  int64_t newest_ms;

  if (!store->ops->newest_time_ms (store, operation->vm->guid, &newest_ms, error)
      || !name_point (operation, point, newest_ms, error))
    return FALSE;
  settle_elder (operation, newest_ms);
  return TRUE;
}

/* What is allocated once the bitmap records: growth that it doesn't explain shows it was cleared.
 */
static void
measure_anchors (CairnOperation *operation, CairnPoint *point, const GPtrArray *tracked)
{
  CairnTracker *tracker = operation->service->tracker;

  for (guint i = 0; i < tracked->len; i++)
    tracker->ops->measure (tracker, operation->vm, tracked->pdata[i], point->anchors->pdata[i]);
}

/* Bitmaps that a power failure takes need no intent that survives it. */
static gboolean
is_volatile (const CairnOperation *operation)
{
  CairnTracker *tracker = operation->service->tracker;

  return tracker->ops->is_volatile && tracker->ops->is_volatile (tracker, operation->vm);
}

/* A hypervisor that went away may have done what it was asked, or still do it: recovery looks. */
static gboolean
is_unsure (const CairnVm *vm, const GError *cause)
{
  return vm->is_domain
         && (cause->code == CAIRN_ERROR_SYSTEM_NOT_AVAILABLE
             || cause->code == CAIRN_ERROR_STATUS_UNKNOWN);
}

/* Takes everything back. A change that failed may have reached the disk all the same (a failed sync
 * says nothing): the bitmaps may go only when another change has taken its place. When that or
 * their removal fails, recovery finds the whole point, or the intent. */
static void
take_back (CairnOperation *operation, const CairnAnchoring *anchoring,
           const CairnBitmapOrder *order, const CairnIntent *intent, const CairnPoint *point)
{
  CairnService *service = operation->service;
  CairnTracker *tracker = service->tracker;
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  CairnStoreChange begin = { .remove_points = ids, .put_intent = intent };
  CairnStoreChange undo = { .remove_intent = intent->id };

  g_ptr_array_add (ids, point->instance_id);
  if (anchoring->take_back)
    anchoring->take_back (anchoring->user);
  if (cairn_service_apply (service, &begin, NULL)
      && tracker->ops->remove_bitmap (tracker, operation->vm, order->disks, point->guid, INT64_MAX,
                                      NULL))
    cairn_service_apply (service, &undo, NULL);
}

static CairnIntent *
intent_for (const CairnOperation *operation, const CairnPoint *point, const GPtrArray *tracked)
{
  gboolean freezes = point->consistency == CAIRN_CONSISTENCY_APPLICATION;
  CairnIntent *intent = cairn_intent_new (
      freezes ? CAIRN_INTENT_CREATE_FROZEN : CAIRN_INTENT_CREATE, operation->vm->guid);

  cairn_intent_set_point (intent, point->instance_id, point->guid);
  for (guint i = 0; i < tracked->len; i++)
    g_ptr_array_add (intent->images, g_strdup (((CairnDisk *)tracked->pdata[i])->path));
  return intent;
}

/* Makes the point true, its bitmaps being there. */
static gboolean
complete (CairnOperation *operation, const CairnAnchoring *anchoring, CairnPoint *point,
          const GPtrArray *tracked, const CairnIntent *intent, GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange done = { .put_points = points, .remove_intent = intent->id };

  g_ptr_array_add (points, point);
  measure_anchors (operation, point, tracked);
  if (anchoring->complete)
    anchoring->complete (&done, anchoring->user);
  return cairn_deadline_check (operation->deadline, error)
         && cairn_service_proceed (operation->service, 90, error)
         && cairn_service_apply (operation->service, &done, error);
}

gboolean
cairn_create_anchor (CairnOperation *operation, CairnPoint *point, const GPtrArray *tracked,
                     const CairnAnchoring *anchoring, GError **error)
{
  CairnService *service = operation->service;
  g_autoptr (CairnIntent) intent = intent_for (operation, point, tracked);
  g_autoptr (GError) cause = NULL;
  CairnStoreChange begin = { .put_intent = intent, .is_volatile = is_volatile (operation) };
  CairnStoreChange undo = { .remove_intent = intent->id };
  CairnBitmapOrder order = { .vm = operation->vm,
                             .disks = tracked,
                             .name = point->guid,
                             .granularity_bytes = CAIRN_DEFAULT_GRANULARITY,
                             .freezes = point->consistency == CAIRN_CONSISTENCY_APPLICATION,
                             .deadline = operation->deadline };

  if (!cairn_service_proceed (service, 40, error) || !cairn_service_apply (service, &begin, error))
    return FALSE;
  if (!anchoring->add (service->tracker, &order, anchoring->user, &cause))
    {
      if (!is_unsure (operation->vm, cause))
        cairn_service_apply (service, &undo, NULL);
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (complete (operation, anchoring, point, tracked, intent, error))
    return TRUE;
  take_back (operation, anchoring, &order, intent, point);
  return FALSE;
}

static gboolean
add_bitmap (CairnTracker *tracker, const CairnBitmapOrder *order, gpointer user, GError **error)
{
  return tracker->ops->add_bitmap (tracker, order, error);
}

static void
take_options (CairnPoint *point, const CairnCreateOptions *options)
{
  const char *owner = options->owner ? options->owner : g_getenv ("CAIRN_OWNER");

  point->owner = g_strdup (owner ? owner : "");
  point->label = g_strdup (options->label ? options->label : "");
  point->origin = CAIRN_ORIGIN_CREATED;
  if (options->consistency != 0)
    point->consistency = options->consistency;
}

gboolean
cairn_create_prepare (CairnOperation *operation, const CairnCreateOptions *options,
                      CairnPoint *point, GPtrArray *tracked, GPtrArray **verdicts, GError **error)
{
  take_options (point, options);
  *verdicts = choose_disks (operation, point, tracked);
  return require_disks (operation->vm, *verdicts, tracked->len, error)
         && follow_elder (operation, point, error);
}

gboolean
cairn_service_create_reference_point (CairnService *service, const char *vm,
                                      const CairnCreateOptions *options, CairnPoint **out,
                                      GPtrArray **disks, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  const CairnAnchoring anchoring = { .add = add_bitmap };
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnPoint) point = cairn_point_new ();
  g_autoptr (GPtrArray) tracked = g_ptr_array_new ();
  g_autoptr (GPtrArray) verdicts = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean prepared;

  if (!options)
    options = &default_options;
  if (!cairn_create_check (options, error))
    return FALSE;
  if (options->type == CAIRN_POINT_TYPE_LOG)
    return cairn_logs_create (service, vm, options, deadline, out, disks, error);
  operation = cairn_operation_begin (service, vm, deadline, error);
  if (!operation || !cairn_service_proceed (service, 10, error))
    return FALSE;
  prepared = cairn_create_prepare (operation, options, point, tracked, &verdicts, &cause);
  if (!prepared || !cairn_create_anchor (operation, point, tracked, &anchoring, &cause))
    {
      if (disks && !prepared && cause->code == CAIRN_ERROR_INVALID_STATE)
        *disks = g_steal_pointer (&verdicts);
      cairn_snapshots_explain (service, operation->vm, &cause);
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  cairn_service_settle_for (service, operation->vm, point->guid, deadline);
  if (out)
    *out = g_steal_pointer (&point);
  if (disks)
    *disks = g_steal_pointer (&verdicts);
  return TRUE;
}
