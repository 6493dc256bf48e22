/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's disks copied at a new reference point, or at a recovery checkpoint. */
#include "refpoint/backup.h"

#include "refpoint/backing.h"
#include "refpoint/export.h"
#include "refpoint/hold.h"
#include "refpoint/snapshots.h"

static void
file_free (CairnBackupFile *file)
{
  g_free (file->target);
  g_free (file->identifier);
  g_free (file->path);
  g_free (file->reason);
  g_free (file);
}

CairnBackup *
cairn_backup_new (void)
{
  CairnBackup *backup = g_new0 (CairnBackup, 1);

  backup->files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  return backup;
}

void
cairn_backup_free (CairnBackup *backup)
{
  if (!backup)
    return;
  g_free (backup->instance_id);
  g_free (backup->config_file_path);
  g_free (backup->runtime_file_path);
  g_ptr_array_unref (backup->files);
  g_free (backup);
}

/* ---- a backup in one call ---- */

static void
release (CairnStoreChange *change, gpointer user)
{
  const CairnHold *hold = user;

  change->release_snapshot = hold->snapshot->point->instance_id;
  /* A log is Cairn's own: no backup is made to follow its files. */
  if (hold->snapshot->point->type == CAIRN_POINT_TYPE_LOG)
    change->put_copies = NULL;
}

static void
take_back (CairnStoreChange *change, gpointer user)
{
  const CairnHold *hold = user;

  change->put_snapshot = hold->snapshot;
}

/* Freezes the VM; *BASE is what the options name. */
static CairnHold *
freeze (CairnService *service, const char *vm, const CairnBackupOptions *options, CairnBase **base,
        int64_t deadline, GError **error)
{
  const CairnFreezeOptions how = { .consistency = options->consistency,
                                   .owner = options->owner,
                                   .label = options->label,
                                   .lease_ms = -1 };
  g_autoptr (CairnOperation) operation = cairn_operation_begin (service, vm, deadline, error);

  if (!operation)
    return NULL;
  cairn_hold_leave_out_media (operation);
  if (options->since)
    *base = cairn_base_find (service, operation->vm, options->since, INT64_MAX, deadline, error);
  if (options->since && !*base)
    return NULL;
  return cairn_hold_begin (operation, &how, CAIRN_POINT_TYPE_RCT, *base, NULL, error);
}

/* CAUSE, which is taken, made the copying fail: because what was copied is no more, if so. */
static gboolean
fail_to_copy (CairnFrozen *frozen, const CairnVm *vm, GError *cause, GError **error)
{
  if (!frozen->lasts || frozen->lasts (frozen))
    return g_propagate_error (error, cause), FALSE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "VM '%s' stopped, or what it was held by ended, while its disks were copied (%s), "
               "so nothing is left of the copy; repeat the command",
               vm->name, cause->message);
  g_error_free (cause);
  return FALSE;
}

static gboolean
copy_hold (CairnBackingUp *backing, CairnHold *hold, const CairnBase *base, int64_t deadline,
           GError **error)
{
  GError *cause = NULL;

  backing->vm = hold->vm;
  backing->point = hold->snapshot->point;
  backing->base = base ? base->point->instance_id : NULL;
  backing->complete = release;
  backing->revert = take_back;
  backing->user = hold;
  return (cairn_backing_add_frozen (backing, hold->frozen, base, deadline, &cause)
          && cairn_backing_run (backing, &cause))
         || fail_to_copy (hold->frozen, hold->vm, cause, error);
}

gboolean
cairn_backup_copy (CairnBackingUp *backing, CairnHold *hold, const CairnBase *base,
                   int64_t deadline, CairnBackup **backup, GError **error)
{
  CairnService *service = backing->service;
  g_autofree char *guid = g_strdup (hold->snapshot->point->guid);
  g_autoptr (CairnVm) vm = cairn_vm_copy (hold->vm);
  gboolean ok = copy_hold (backing, hold, base, deadline, error);

  if (ok && backup)
    *backup = cairn_backing_tell (backing);
  cairn_backing_clear (backing);
  if (ok)
    {
      cairn_hold_end (hold);
      cairn_service_settle_for (service, vm, guid, INT64_MAX);
    }
  else
    cairn_hold_give_up (hold);
  return ok;
}

gboolean
cairn_service_backup (CairnService *service, const char *vm, const char *directory,
                      const CairnBackupOptions *options, CairnBackup **backup, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_auto (CairnBackingUp) backing = { 0 };
  g_autoptr (CairnBase) base = NULL;
  CairnHold *hold;

  if (!cairn_export_check_place (service, directory, error)
      || !cairn_backing_begin (&backing, service, directory, options, error))
    return FALSE;
  hold = freeze (service, vm, backing.options, &base, deadline, error);
  return hold && cairn_backup_copy (&backing, hold, base, deadline, backup, error);
}

/* ---- of a recovery checkpoint that somebody holds ---- */

/* The VM with the disks that the checkpoint has, in its order. */
static CairnVm *
find_vm (CairnService *service, const CairnSnapshot *snapshot, GError **error)
{
  g_autoptr (CairnVm) vm = cairn_service_find_vm (service, snapshot->point->vm_guid, error);
  g_autoptr (GPtrArray) disks = NULL;

  if (!vm)
    return NULL;
  disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  for (guint i = 0; i < snapshot->disks->len; i++)
    {
      const CairnFrozenDisk *frozen = snapshot->disks->pdata[i];
      const CairnDisk *disk = cairn_vm_find_target (vm, frozen->target);

      if (disk)
        {
          g_ptr_array_add (disks, cairn_disk_copy (disk));
          continue;
        }
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "disk '%s' of recovery checkpoint '%s' isn't attached to VM '%s' any more; "
                   "attach it again, or leave it out",
                   frozen->target, snapshot->instance_id, vm->name);
      return NULL;
    }
  g_ptr_array_unref (vm->disks);
  vm->disks = g_steal_pointer (&disks);
  return g_steal_pointer (&vm);
}

static gboolean
copy_frozen (CairnBackingUp *backing, const CairnSnapshot *snapshot, const CairnVm *vm,
             int64_t deadline, CairnBackup **backup, GError **error)
{
  CairnService *service = backing->service;
  CairnTracker *tracker = service->tracker;
  const char *since = backing->options->since;
  g_autoptr (CairnBase) base = NULL;
  GError *cause = NULL;
  CairnFrozen *frozen;
  gboolean ok;

  if (since)
    base = cairn_base_find (service, vm, since, snapshot->point->creation_time_ms, deadline, error);
  if (since && !base)
    return FALSE;
  frozen
      = tracker->ops->open_frozen (tracker, vm, vm->disks, snapshot->point->guid, deadline, error);
  if (!frozen)
    return FALSE;
  backing->vm = vm;
  backing->point = snapshot->point;
  backing->base = base ? base->point->instance_id : NULL;
  ok = (cairn_backing_add_frozen (backing, frozen, base, deadline, &cause)
        && cairn_backing_run (backing, &cause))
       || fail_to_copy (frozen, vm, cause, error);
  if (ok && backup)
    *backup = cairn_backing_tell (backing);
  cairn_backing_clear (backing);
  frozen->end (frozen);
  return ok;
}

static gboolean
require_held (CairnService *service, const CairnSnapshot *snapshot, GError **error)
{
  if (cairn_snapshot_is_held (service, snapshot))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_STATUS_UNKNOWN,
               "nobody holds recovery checkpoint '%s' any more, so its disks may have changed; "
               "discard it and make a new one",
               snapshot->instance_id);
  return FALSE;
}

/* Why the copy of a checkpoint that has ended meanwhile failed. */
static gboolean
fail_ended (const CairnSnapshot *snapshot, GError **error)
{
  g_clear_error (error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "recovery checkpoint '%s' ended while its disks were copied (its lease was over, or "
               "somebody ended it), so nothing is left of the copy; freeze the VM once more, with "
               "a longer lease if need be",
               snapshot->instance_id);
  return FALSE;
}

gboolean
cairn_service_export_snapshot (CairnService *service, const char *id, const char *directory,
                               const CairnBackupOptions *options, CairnBackup **backup,
                               GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnSnapshot) snapshot = NULL;
  g_autoptr (CairnVm) vm = NULL;
  g_auto (CairnBackingUp) backing = { 0 };

  if (!cairn_export_check_place (service, directory, error))
    return FALSE;
  snapshot = cairn_snapshot_find (service, id, error);
  vm = snapshot ? find_vm (service, snapshot, error) : NULL;
  if (!vm || !require_held (service, snapshot, error)
      || !cairn_backing_begin (&backing, service, directory, options, error))
    return FALSE;
  if (copy_frozen (&backing, snapshot, vm, deadline, backup, error))
    return TRUE;
  return !cairn_snapshot_is_there (service, snapshot) && fail_ended (snapshot, error);
}
