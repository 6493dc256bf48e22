/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log-based point: a point whose data since the log-based point before it is kept. */
#include "refpoint/backup.h"
#include "refpoint/create.h"
#include "refpoint/logs.h"

/* No disk: what the first log-based point of a VM keeps. */
static const char *const no_disks[] = { NULL };

static gboolean
has_anchor (const CairnPoint *point)
{
  for (guint i = 0; i < point->anchors->len; i++)
    if (((CairnAnchor *)point->anchors->pdata[i])->bitmap)
      return TRUE;
  return FALSE;
}

/* *BASE is what the newest log-based point that changes can be told of is good for; NULL when VM
 * has none. */
static gboolean
find_base (const CairnOperation *operation, CairnBase **base, GError **error)
{
  CairnService *service = operation->service;
  g_autoptr (GPtrArray) points
      = service->store->ops->list_points (service->store, operation->vm->guid, error);

  *base = NULL;
  for (guint i = points ? points->len : 0; i-- > 0;)
    {
      const CairnPoint *point = points->pdata[i];

      if (point->type != CAIRN_POINT_TYPE_LOG || !has_anchor (point))
        continue;
      *base = cairn_base_find (service, operation->vm, point->instance_id, INT64_MAX,
                               operation->deadline, error);
      return *base != NULL;
    }
  return points != NULL;
}

static CairnHold *
freeze (CairnService *service, const char *vm, const CairnCreateOptions *options, CairnBase **base,
        GPtrArray **disks, int64_t deadline, GError **error)
{
  const CairnFreezeOptions how = { .consistency = options->consistency,
                                   .owner = options->owner,
                                   .label = options->label,
                                   .lease_ms = -1 };
  g_autoptr (CairnOperation) operation = cairn_operation_begin (service, vm, deadline, error);

  if (!operation || !cairn_service_proceed (service, 10, error))
    return NULL;
  cairn_hold_leave_out_media (operation);
  if (!find_base (operation, base, error))
    return NULL;
  return cairn_hold_begin (operation, &how, CAIRN_POINT_TYPE_LOG, *base, disks, error);
}

/* Copies what HOLD, which it ends, has into the point's own directory. */
static gboolean
keep_log (CairnService *service, CairnHold *hold, const CairnBase *base,
          const CairnCreateOptions *create, int64_t deadline, GError **error)
{
  g_autofree char *place = cairn_logs_place (service, hold->snapshot->point->guid);
  const CairnBackupOptions options
      = { .disks = base ? NULL : no_disks, .progress = create->progress, .user = create->user };
  g_auto (CairnBackingUp) backing = { .is_log = TRUE };

  if (cairn_logs_make_room (service, error)
      && cairn_backing_begin (&backing, service, place, &options, error))
    return cairn_backup_copy (&backing, hold, base, deadline, NULL, error);
  cairn_hold_give_up (hold);
  return FALSE;
}

gboolean
cairn_logs_create (CairnService *service, const char *vm, const CairnCreateOptions *options,
                   int64_t deadline, CairnPoint **out, GPtrArray **disks, GError **error)
{
  const CairnCaller *caller = service->monitor.caller;
  g_autoptr (CairnBase) base = NULL;
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (GPtrArray) verdicts = NULL;
  g_autoptr (GError) cause = NULL;
  CairnHold *hold = freeze (service, vm, options, &base, &verdicts, deadline, &cause);
  gboolean kept = FALSE;

  if (hold)
    {
      point = cairn_point_copy (hold->snapshot->point);
      /* Where logs are kept is the process's own business. */
      service->monitor.caller = NULL;
      kept = keep_log (service, hold, base, options, deadline, &cause);
      service->monitor.caller = caller;
    }
  if (disks && (kept || (!hold && cause->code == CAIRN_ERROR_INVALID_STATE)))
    *disks = g_steal_pointer (&verdicts);
  if (!kept)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (out)
    *out = g_steal_pointer (&point);
  return kept;
}
