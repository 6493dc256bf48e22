/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery checkpoints found, ended and destroyed. */
#include "refpoint/logs.h"
#include "refpoint/snapshots.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "refpoint/guid.h"
#include "refpoint/recovery.h"

#define PREFIX "Microsoft:"

/* A holder that is asked to lets go within milliseconds, and ends a backup job in some hundred. One
 * that is stopped, or hangs in a hypervisor's call, is killed. */
#define LET_GO_MS 10000
#define KILLED_MS 5000

/* A holder ends at the end of its lease by itself, which may take until its VM is free. */
#define LATE_MS 60000

char *
cairn_snapshot_id_format (const char *guid)
{
  return g_strconcat (PREFIX, guid, NULL);
}

/* ---- finding ---- */

static gboolean
is_meant (const CairnSnapshot *snapshot, const char *id)
{
  return g_ascii_strcasecmp (snapshot->instance_id, id) == 0
         || g_ascii_strcasecmp (snapshot->point->guid, id) == 0;
}

CairnSnapshot *
cairn_snapshot_find (CairnService *service, const char *id, GError **error)
{
  g_autoptr (GPtrArray) all = service->store->ops->list_snapshots (service->store, NULL, error);

  if (!all)
    return NULL;
  for (guint i = 0; id && i < all->len; i++)
    if (is_meant (all->pdata[i], id))
      return g_ptr_array_steal_index (all, i);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "there is no recovery checkpoint '%s': it is unknown, or ended when its lease or "
               "its holder did; `cairn snapshots` lists those there are",
               id ? id : "");
  return NULL;
}

gboolean
cairn_snapshot_is_there (CairnService *service, const CairnSnapshot *snapshot)
{
  g_autoptr (CairnSnapshot) found = cairn_snapshot_find (service, snapshot->instance_id, NULL);

  return found != NULL;
}

GPtrArray *
cairn_service_list_snapshots (CairnService *service, const char *vm, GError **error)
{
  g_autoptr (CairnVm) found = NULL;

  cairn_service_start_call (service);
  found = vm ? cairn_service_find_vm (service, vm, error) : NULL;
  if (vm && !found)
    return NULL;
  return service->store->ops->list_snapshots (service->store, found ? found->guid : NULL, error);
}

CairnSnapshot *
cairn_service_get_snapshot (CairnService *service, const char *id, GError **error)
{
  cairn_service_start_call (service);
  return cairn_snapshot_find (service, id, error);
}

/* ---- who holds it ---- */

/* Whether its lock could be had by DEADLINE. */
static gboolean
is_free_by (CairnService *service, const CairnSnapshot *snapshot, int64_t deadline)
{
  CairnStore *store = service->store;
  CairnStoreLock *lock = store->ops->lock_vm (store, snapshot->point->guid, deadline, NULL);

  if (lock)
    store->ops->unlock_vm (lock);
  return lock != NULL;
}

gboolean
cairn_snapshot_is_held (CairnService *service, const CairnSnapshot *snapshot)
{
  return !is_free_by (service, snapshot, g_get_monotonic_time ());
}

gboolean
cairn_snapshot_is_stale (CairnService *service, const CairnSnapshot *snapshot)
{
  int64_t end_ms = snapshot->expires_ms + LATE_MS;

  return (snapshot->expires_ms > 0 && g_get_real_time () / 1000 > end_ms)
         || !cairn_snapshot_is_held (service, snapshot);
}

static int64_t
in_ms (int64_t ms)
{
  return g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
}

/* Whether a process stands by for nothing else than to hold it: others (a backup under way, cairnd)
 * aren't ended for it. While the lock is held the process is alive, so its number is no other's. */
static gboolean
is_standing_by (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", (int)pid);
  g_autofree char *name = NULL;

  return pid > 1 && pid != getpid () && g_file_get_contents (path, &name, NULL, NULL)
         && g_str_equal (g_strstrip (name), CAIRN_HOLDER_PROGRAM);
}

gboolean
cairn_snapshot_end_holder (CairnService *service, const CairnSnapshot *snapshot, GError **error)
{
  pid_t pid = (pid_t)snapshot->holder_pid;

  if (!cairn_snapshot_is_held (service, snapshot))
    return TRUE;
  if (is_standing_by (pid))
    kill (pid, SIGTERM);
  if (is_free_by (service, snapshot, in_ms (LET_GO_MS)))
    return TRUE;
  if (is_standing_by (pid) && kill (pid, SIGKILL) == 0
      && is_free_by (service, snapshot, in_ms (KILLED_MS)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "process %d holds recovery checkpoint '%s' and doesn't let go of it; end that "
               "process, then try again",
               (int)pid, snapshot->instance_id);
  return FALSE;
}

/* ---- destroying ---- */

static CairnIntent *
intent_for (CairnService *service, const CairnSnapshot *snapshot)
{
  const CairnPoint *point = snapshot->point;
  CairnIntent *intent = cairn_intent_new (CAIRN_INTENT_DESTROY, point->vm_guid);

  cairn_intent_set_point (intent, point->instance_id, point->guid);
  for (guint i = 0; i < point->anchors->len; i++)
    g_ptr_array_add (intent->images, g_strdup (((CairnAnchor *)point->anchors->pdata[i])->path));
  cairn_logs_name (service, point, intent);
  return intent;
}

/* A job that a holder which died has left keeps its bitmaps busy. */
static gboolean
end_job (CairnService *service, const CairnSnapshot *snapshot, GError **error)
{
  CairnTracker *tracker = service->tracker;
  g_autoptr (CairnVm) vm = NULL;

  if (!tracker->ops->end_leftover_job)
    return TRUE;
  if (!cairn_service_look_for_vm (service, snapshot->point->vm_guid, &vm, error))
    return FALSE;
  return !vm || tracker->ops->end_leftover_job (tracker, vm, error);
}

gboolean
cairn_snapshot_remove (CairnService *service, const CairnSnapshot *snapshot, GError **error)
{
  g_autoptr (CairnIntent) intent = intent_for (service, snapshot);
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  CairnStoreChange begin = { .remove_points = ids, .put_intent = intent };

  /* First of all the store forgets it: its holder then just lets go. */
  g_ptr_array_add (ids, snapshot->point->instance_id);
  return cairn_service_apply (service, &begin, error)
         && cairn_snapshot_end_holder (service, snapshot, error)
         && end_job (service, snapshot, error) && cairn_recovery_finish (service, intent, error);
}

gboolean
cairn_snapshots_recover (CairnService *service, const char *vm_guid, GError **error)
{
  g_autoptr (GPtrArray) all = service->store->ops->list_snapshots (service->store, vm_guid, error);

  for (guint i = 0; all && i < all->len; i++)
    if (cairn_snapshot_is_stale (service, all->pdata[i])
        && !cairn_snapshot_remove (service, all->pdata[i], error))
      return FALSE;
  return all != NULL;
}

void
cairn_snapshots_explain (CairnService *service, const CairnVm *vm, GError **error)
{
  CairnStore *store = service->store;
  g_autoptr (GPtrArray) all = NULL;

  if (!error || !g_error_matches (*error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE))
    return;
  all = store->ops->list_snapshots (store, vm->guid, NULL);
  if (!all || all->len == 0)
    return;
  g_clear_error (error);
  if (((CairnSnapshot *)all->pdata[0])->expires_ms == 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                   "VM '%s' is being backed up; wait for the end of it, then try again", vm->name);
      return;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "the disks of VM '%s' are held by recovery checkpoint '%s'; end it with `cairn "
               "convert` or `cairn discard` first",
               vm->name, ((CairnSnapshot *)all->pdata[0])->instance_id);
}
