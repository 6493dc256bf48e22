/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's disks, copied at a new reference point. */
#include "refpoint/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/create.h"
#include "refpoint/export.h"
#include "refpoint/module.h"
#include "refpoint/publish.h"

static void
file_free (CairnBackupFile *file)
{
  g_free (file->target);
  g_free (file->path);
  g_free (file->reason);
  g_free (file);
}

void
cairn_backup_free (CairnBackup *backup)
{
  if (!backup)
    return;
  g_free (backup->instance_id);
  g_ptr_array_unref (backup->files);
  g_free (backup);
}

static void
end_freeze (CairnBackingUp *backing)
{
  for (guint i = 0; i < backing->disks->len; i++)
    {
      CairnBackupDisk *disk = backing->disks->pdata[i];

      if (disk->plan)
        backing->module->plan_free (g_steal_pointer (&disk->plan));
    }
  if (backing->frozen)
    backing->frozen->end (g_steal_pointer (&backing->frozen));
}

static void
backing_clear (CairnBackingUp *backing)
{
  end_freeze (backing);
  g_clear_pointer (&backing->disks, g_ptr_array_unref);
  g_clear_pointer (&backing->intent, cairn_intent_free);
  g_clear_pointer (&backing->tracked, g_ptr_array_unref);
  g_clear_pointer (&backing->point, cairn_point_free);
  g_clear_pointer (&backing->base, cairn_point_free);
  g_clear_pointer (&backing->operation, cairn_operation_end);
  g_clear_pointer (&backing->directory, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CairnBackingUp, backing_clear)

/* ---- before anything is touched ---- */

static gboolean
make_directory (CairnBackingUp *backing, GError **error)
{
  g_autofree char *manifest = g_build_filename (backing->directory, CAIRN_DATA_MANIFEST, NULL);
  CairnFileRights before;
  gboolean is_there;

  if (!cairn_caller_become (backing->service->monitor.caller, &before, error))
    return FALSE;
  backing->made_directory = access (backing->directory, F_OK) != 0;
  is_there = g_mkdir_with_parents (backing->directory, 0777) == 0;
  if (!is_there)
    g_set_error (error, CAIRN_ERROR,
                 errno == EACCES || errno == EROFS ? CAIRN_ERROR_ACCESS_DENIED
                                                   : CAIRN_ERROR_INVALID_PARAMETER,
                 "directory '%s' can't be made (%s); name one that can", backing->directory,
                 g_strerror (errno));
  else if (access (manifest, F_OK) == 0)
    {
      is_there = FALSE;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "directory '%s' holds a backup already; name another one", backing->directory);
    }
  cairn_caller_restore (&before);
  return is_there;
}

static gboolean
find_base (CairnBackingUp *backing, GError **error)
{
  if (!backing->options->since)
    return TRUE;
  backing->base = cairn_service_find_point (backing->service, backing->options->since, error);
  if (!backing->base)
    return FALSE;
  if (g_ascii_strcasecmp (backing->base->vm_guid, backing->operation->vm->guid) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' isn't one of VM '%s'; name one of its own",
               backing->options->since, backing->operation->vm->name);
  return FALSE;
}

static gboolean
list_disks (CairnBackingUp *backing, GError **error)
{
  const GPtrArray *disks = backing->operation->vm->disks;

  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDisk *disk = disks->pdata[i];
      CairnBackupDisk *ours = g_new0 (CairnBackupDisk, 1);

      g_ptr_array_add (backing->disks, ours);
      ours->disk = disk;
      ours->image.target = g_strdup (disk->target);
      ours->image.identifier = g_strdup (disk->identifier);
      ours->image.reason = g_strdup ("");
      /* Its data would lie in the backup in the clear. */
      if (disk->key)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                       "disk '%s' of VM '%s' is encrypted, and such disks can't be backed up yet; "
                       "copy it by other means",
                       disk->target, backing->operation->vm->name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
require_shut_off (const CairnBackingUp *backing, GError **error)
{
  CairnTracker *tracker = backing->service->tracker;
  const CairnVm *vm = backing->operation->vm;

  if (tracker->ops->freeze
      && !(tracker->ops->is_volatile && tracker->ops->is_volatile (tracker, vm)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "VM '%s' is running, and only the disks of a VM that is shut off can be backed up "
               "yet; shut it down first",
               vm->name);
  return FALSE;
}

static gboolean
prepare (CairnBackingUp *backing, GError **error)
{
  const CairnCreateOptions options
      = { .owner = backing->options->owner, .label = backing->options->label };
  g_autoptr (GPtrArray) verdicts = NULL;

  return require_shut_off (backing, error) && find_base (backing, error)
         && list_disks (backing, error)
         && cairn_create_prepare (backing->operation, &options, backing->point, backing->tracked,
                                  &verdicts, error);
}

/* ---- the intent around it ---- */

static gboolean
put_intent (CairnBackingUp *backing, GError **error)
{
  CairnStoreChange begin = { .put_intent = backing->intent };

  return cairn_service_apply (backing->service, &begin, error);
}

static gboolean
name_file (CairnBackingUp *backing, const char *name, GError **error)
{
  char *final = g_build_filename (backing->directory, name, NULL);

  g_ptr_array_add (backing->intent->final_files, final);
  g_ptr_array_add (backing->intent->temporary_files,
                   cairn_publish_temporary_name (final, backing->intent->id));
  if (access (final, F_OK) != 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "file '%s' is there already; remove it, or name another directory", final);
  return FALSE;
}

/* The manifest comes last: where it is, all is. */
static gboolean
name_files (CairnBackingUp *backing, GError **error)
{
  g_autofree char *configuration = g_strdup_printf ("%s.vmcx", backing->point->guid);
  g_autofree char *runtime = g_strdup_printf ("%s.vmrs", backing->point->guid);

  for (guint i = 0; i < backing->disks->len; i++)
    if (!name_file (backing, ((CairnBackupDisk *)backing->disks->pdata[i])->image.file.name, error))
      return FALSE;
  return name_file (backing, configuration, error) && name_file (backing, runtime, error)
         && name_file (backing, CAIRN_DATA_MANIFEST, error) && put_intent (backing, error);
}

/* Takes everything back. The point may be in the store although that seemed to fail; what can't be
 * taken back now, recovery takes back. */
static void
give_up (CairnBackingUp *backing)
{
  CairnTracker *tracker = backing->service->tracker;
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange begin = { .remove_points = points, .put_intent = backing->intent };
  CairnStoreChange done = { .remove_intent = backing->intent->id };

  g_ptr_array_add (points, backing->point->instance_id);
  end_freeze (backing);
  backing->intent->kind = CAIRN_INTENT_BACKUP;
  if (cairn_service_apply (backing->service, &begin, NULL)
      && tracker->ops->remove_bitmap (tracker, backing->operation->vm, backing->tracked,
                                      backing->point->guid, INT64_MAX, NULL)
      && cairn_publish_undo (backing->intent, backing->service->monitor.caller, NULL))
    cairn_service_apply (backing->service, &done, NULL);
}

/* ---- doing it ---- */

static gboolean
freeze (CairnBackingUp *backing, GError **error)
{
  CairnTracker *tracker = backing->service->tracker;
  CairnBitmapOrder order = { .vm = backing->operation->vm,
                             .disks = backing->tracked,
                             .name = backing->point->guid,
                             .granularity_bytes = CAIRN_DEFAULT_GRANULARITY,
                             .deadline = backing->operation->deadline };

  backing->frozen
      = tracker->ops->freeze (tracker, &order, backing->operation->vm->disks, NULL, error);
  if (!backing->frozen)
    return FALSE;
  cairn_create_measure (backing->operation, backing->point, backing->tracked);
  return TRUE;
}

/* The directory itself may be new. */
static gboolean
sync_parent (const CairnBackingUp *backing, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (backing->directory);
  int fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = !backing->made_directory || fd < 0 || fsync (fd) == 0;

  if (!ok)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "directory '%s' can't be made durable (%s); mend the file system, then try again",
                 parent, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return ok;
}

/* The point becomes true together with the promise that its files get their places. */
static gboolean
finish (CairnBackingUp *backing, GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange change = { .put_points = points, .put_intent = backing->intent };
  CairnStoreChange done = { .remove_intent = backing->intent->id };
  CairnPublished published;

  g_ptr_array_add (points, backing->point);
  backing->intent->kind = CAIRN_INTENT_PUBLISH;
  if (!sync_parent (backing, error) || !cairn_service_apply (backing->service, &change, error))
    return FALSE;
  published = cairn_publish_rename (backing->intent, backing->service->monitor.caller, error);
  backing->is_half_published = published == CAIRN_PUBLISHED_SOME;
  if (published != CAIRN_PUBLISHED_ALL)
    return FALSE;
  /* One that can't be dropped now is found done by recovery. */
  cairn_service_apply (backing->service, &done, NULL);
  return TRUE;
}

static gboolean
run (CairnBackingUp *backing, GError **error)
{
  backing->intent = cairn_intent_new (CAIRN_INTENT_BACKUP, backing->operation->vm->guid);
  cairn_intent_set_point (backing->intent, backing->point->instance_id, backing->point->guid);
  for (guint i = 0; i < backing->tracked->len; i++)
    g_ptr_array_add (backing->intent->images,
                     g_strdup (((CairnDisk *)backing->tracked->pdata[i])->path));
  if (!put_intent (backing, error))
    return FALSE;
  if (freeze (backing, error) && cairn_backup_plan (backing, error) && name_files (backing, error)
      && cairn_backup_write (backing, error) && finish (backing, error))
    return TRUE;
  if (!backing->is_half_published)
    give_up (backing);
  return FALSE;
}

static CairnBackup *
tell (const CairnBackingUp *backing)
{
  CairnBackup *backup = g_new0 (CairnBackup, 1);

  backup->instance_id = g_strdup (backing->point->instance_id);
  backup->files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  for (guint i = 0; i < backing->disks->len; i++)
    {
      const CairnBackupDisk *disk = backing->disks->pdata[i];
      CairnBackupFile *file = g_new0 (CairnBackupFile, 1);

      file->target = g_strdup (disk->image.target);
      file->path = g_build_filename (backing->directory, disk->image.file.name, NULL);
      file->is_differential = disk->image.is_differential;
      file->reason = g_strdup (disk->image.reason);
      file->copied_bytes = disk->plan ? backing->module->plan_bytes (disk->plan) : 0;
      g_ptr_array_add (backup->files, file);
    }
  return backup;
}

gboolean
cairn_service_backup (CairnService *service, const char *vm, const char *directory,
                      const CairnBackupOptions *options, CairnBackup **backup, GError **error)
{
  static const CairnBackupOptions everything = { 0 };
  int64_t deadline = cairn_service_start_call (service);
  g_auto (CairnBackingUp) backing = {
    .service = service,
    .options = options ? options : &everything,
    .point = cairn_point_new (),
    .tracked = g_ptr_array_new (),
    .disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_backup_disk_free),
  };

  if (!cairn_export_check_place (service, directory, error))
    return FALSE;
  backing.directory = g_canonicalize_filename (directory, "/");
  backing.module = cairn_module_symbol (CAIRN_DATA_MODULE, CAIRN_DATA_SYMBOL, error);
  backing.operation = backing.module ? cairn_operation_begin (service, vm, deadline, error) : NULL;
  if (!backing.operation || !prepare (&backing, error) || !make_directory (&backing, error))
    return FALSE;
  if (!run (&backing, error))
    {
      if (backing.made_directory)
        rmdir (backing.directory);
      return FALSE;
    }
  if (backup)
    *backup = tell (&backing);
  end_freeze (&backing);
  cairn_service_settle_for (service, backing.operation->vm, backing.point->guid, INT64_MAX);
  return TRUE;
}
