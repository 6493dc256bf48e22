/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finishes or undoes unfinished operations, from their intents. */
#include "refpoint/recovery.h"

#include <cairn/error.h>
#include <unistd.h>

#include "refpoint/logs.h"
#include "refpoint/publish.h"
#include "refpoint/snapshots.h"

/* An image may still be held by the helper of the process that died, which ends within
 * milliseconds; the tracker waits that long by itself. */
#define RECOVERY_LIMIT_US (10 * G_USEC_PER_SEC)

/* How long the first call waits for locks of VMs, all together: a process that was killed while it
 * started a helper holds one until the helper has come up, and others work on as many VMs as they
 * like. */
#define RECOVERY_PATIENCE_US (G_USEC_PER_SEC / 4)

/* One that is forgotten, or undefined in its hypervisor, has its GUID; its images may be there. */
static CairnVm *
find_vm (CairnService *service, const CairnIntent *intent)
{
  CairnVm *vm = cairn_service_find_vm (service, intent->vm_guid, NULL);

  return vm ? vm : cairn_vm_new (intent->vm_guid, "");
}

gboolean
cairn_recovery_remove_bitmaps (CairnService *service, const CairnIntent *intent, GError **error)
{
  g_autoptr (CairnVm) vm = find_vm (service, intent);
  g_autoptr (GPtrArray) disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);

  for (guint i = 0; i < intent->images->len; i++)
    {
      CairnDisk *disk = g_new0 (CairnDisk, 1);

      disk->identifier = g_strdup ("");
      disk->target = g_strdup_printf ("image %u", i + 1);
      disk->path = g_strdup (intent->images->pdata[i]);
      disk->format = g_strdup ("");
      g_ptr_array_add (disks, disk);
    }
  return service->tracker->ops->remove_bitmap (service->tracker, vm, disks, intent->bitmap,
                                               g_get_monotonic_time () + RECOVERY_LIMIT_US, error);
}

static gboolean
thaw_and_remove (CairnService *service, const CairnIntent *intent, GError **error)
{
  CairnTracker *tracker = service->tracker;
  g_autoptr (CairnVm) vm = find_vm (service, intent);

  return (!tracker->ops->thaw || tracker->ops->thaw (tracker, vm, error))
         && cairn_recovery_remove_bitmaps (service, intent, error);
}

static gboolean
drop_files (CairnService *service, const CairnIntent *intent, GError **error)
{
  g_autofree char *directory = NULL;

  if (!cairn_publish_undo (intent, NULL, error))
    return FALSE;
  if (intent->detail && intent->final_files->len > 0)
    directory = g_path_get_dirname (intent->final_files->pdata[0]);
  if (directory)
    rmdir (directory); /* only if it is empty */
  return TRUE;
}

static gboolean
finish_files (CairnService *service, const CairnIntent *intent, GError **error)
{
  return cairn_publish_finish (intent, error);
}

static gboolean
remove_all (CairnService *service, const CairnIntent *intent, GError **error)
{
  return cairn_recovery_remove_bitmaps (service, intent, error)
         && cairn_logs_remove (intent, error);
}

static gboolean
remove_logs (CairnService *service, const CairnIntent *intent, GError **error)
{
  return cairn_logs_remove (intent, error);
}

gboolean
cairn_recovery_finish (CairnService *service, const CairnIntent *intent, GError **error)
{
  static const struct
  {
    CairnIntentKind kind;
    gboolean (*finish) (CairnService *, const CairnIntent *, GError **);
  } ways[] = {
    { CAIRN_INTENT_CREATE, cairn_recovery_remove_bitmaps },
    { CAIRN_INTENT_CREATE_FROZEN, thaw_and_remove },
    { CAIRN_INTENT_DESTROY, remove_all },
    { CAIRN_INTENT_FORGET, remove_logs },
    { CAIRN_INTENT_EXPORT, drop_files },
    { CAIRN_INTENT_PUBLISH, finish_files },
    { CAIRN_INTENT_ADOPTED, cairn_recovery_remove_bitmaps },
  };
  CairnStoreChange change = { .remove_intent = intent->id };

  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].kind == intent->kind)
      return ways[i].finish (service, intent, error)
             && cairn_service_apply (service, &change, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_STATUS_UNKNOWN,
               "its record is of a kind (%d) that this version doesn't know", (int)intent->kind);
  return FALSE;
}

static gboolean
fail (const char *vm_guid, const GError *cause, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_STATUS_UNKNOWN,
               "an earlier operation on VM '%s' was cut off and can't be finished yet: %s; mend "
               "that, then repeat this command",
               vm_guid, cause ? cause->message : "recovery is switched off");
  return FALSE;
}

gboolean
cairn_recovery_require (CairnService *service, const char *vm_guid, GError **error)
{
  g_autoptr (GPtrArray) intents
      = service->store->ops->list_intents (service->store, vm_guid, error);
  g_autoptr (GError) trouble = NULL;

  if (!intents)
    return FALSE;
  for (guint i = 0; i < intents->len; i++)
    {
      const CairnIntent *intent = intents->pdata[i];
      g_autoptr (GError) cause = NULL;

      /* An adoption is in nobody's way, and may go on: adoption.h. */
      if (intent->kind == CAIRN_INTENT_ADOPT
          || (service->recovers && cairn_recovery_finish (service, intent, &cause)))
        continue;
      return fail (vm_guid, cause, error);
    }
  return !service->recovers || cairn_snapshots_recover (service, vm_guid, &trouble)
         || fail (vm_guid, trouble, error);
}

/* Under VM's lock what is left is looked for again: the operation may have ended in between. A VM
 * that is locked for longer has its operation alive. */
static void
recover_vm (CairnService *service, const char *vm_guid, int64_t patience)
{
  CairnStore *store = service->store;
  CairnStoreLock *lock = store->ops->lock_vm (store, vm_guid, patience, NULL);
  g_autoptr (GError) cause = NULL;

  if (!lock)
    return;
  if (!cairn_recovery_require (service, vm_guid, &cause))
    g_debug ("%s", cause->message);
  store->ops->unlock_vm (lock);
}

void
cairn_recovery_run (CairnService *service)
{
  CairnStore *store = service->store;
  int64_t now = g_get_monotonic_time ();
  int64_t patience = now + RECOVERY_PATIENCE_US;
  g_autoptr (GPtrArray) intents = store->ops->list_intents (store, NULL, NULL);
  g_autoptr (GPtrArray) snapshots = store->ops->list_snapshots (store, NULL, NULL);

  for (guint i = 0; intents && i < intents->len; i++)
    {
      const CairnIntent *intent = intents->pdata[i];

      if (intent->kind != CAIRN_INTENT_ADOPT)
        recover_vm (service, intent->vm_guid, cairn_intent_is_apart (intent) ? now : patience);
    }
  for (guint i = 0; snapshots && i < snapshots->len; i++)
    if (cairn_snapshot_is_stale (service, snapshots->pdata[i]))
      recover_vm (service, ((CairnSnapshot *)snapshots->pdata[i])->point->vm_guid, patience);
}
