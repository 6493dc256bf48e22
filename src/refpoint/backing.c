/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of copies, from its intent to its last file's place. */
#include "refpoint/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/backup.h"
#include "refpoint/module.h"
#include "refpoint/publish.h"

static const CairnBackupOptions everything = { 0 };

void
cairn_backing_clear (CairnBackingUp *backing)
{
  CairnStore *store = backing->service ? backing->service->store : NULL;

  for (guint i = 0; backing->disks && i < backing->disks->len; i++)
    {
      CairnBackingDisk *disk = backing->disks->pdata[i];

      if (disk->plan)
        backing->module->plan_free (g_steal_pointer (&disk->plan));
    }
  g_clear_pointer (&backing->disks, g_ptr_array_unref);
  g_clear_pointer (&backing->extras, g_ptr_array_unref);
  g_clear_pointer (&backing->intent, cairn_intent_free);
  if (backing->lock)
    store->ops->unlock_vm (g_steal_pointer (&backing->lock));
  g_clear_pointer (&backing->directory, g_free);
}

/* ---- the directory ---- */

static gboolean
require_fresh (const CairnBackingUp *backing, GError **error)
{
  g_autofree char *manifest = g_build_filename (backing->directory, CAIRN_DATA_MANIFEST, NULL);

  if (access (manifest, F_OK) != 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "directory '%s' holds a backup already; name another one", backing->directory);
  return FALSE;
}

/* Once the intent says that it is ours to remove. */
static gboolean
make_directory (CairnBackingUp *backing, GError **error)
{
  CairnFileRights before;
  int problem = 0;

  if (!cairn_caller_become (backing->service->monitor.caller, &before, error))
    return FALSE;
  if (g_mkdir_with_parents (backing->directory, 0700) != 0)
    problem = errno;
  cairn_caller_restore (&before);
  if (problem == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR,
               problem == EACCES || problem == EROFS ? CAIRN_ERROR_ACCESS_DENIED
                                                     : CAIRN_ERROR_INVALID_PARAMETER,
               "directory '%s' can't be made (%s); name one that can", backing->directory,
               g_strerror (problem));
  return FALSE;
}

gboolean
cairn_backing_begin (CairnBackingUp *backing, CairnService *service, const char *directory,
                     const CairnBackupOptions *options, GError **error)
{
  CairnFileRights before;
  gboolean ok;

  backing->service = service;
  backing->options = options ? options : &everything;
  backing->directory = g_canonicalize_filename (directory, "/");
  backing->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_backing_disk_free);
  backing->extras = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_backing_extra_free);
  backing->module = cairn_module_symbol (CAIRN_DATA_MODULE, CAIRN_DATA_SYMBOL, error);
  if (!backing->module || !cairn_caller_become (service->monitor.caller, &before, error))
    return FALSE;
  backing->makes_directory = access (backing->directory, F_OK) != 0;
  ok = require_fresh (backing, error);
  cairn_caller_restore (&before);
  return ok;
}

/* The directory itself may be new. */
static gboolean
sync_parent (const CairnBackingUp *backing, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (backing->directory);
  int fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = !backing->makes_directory || fd < 0 || fsync (fd) == 0;

  if (!ok)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "directory '%s' can't be made durable (%s); mend the file system, then try again",
                 parent, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return ok;
}

/* ---- the intent ---- */

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
  for (guint i = 0; i < backing->disks->len; i++)
    if (!name_file (backing, ((CairnBackingDisk *)backing->disks->pdata[i])->image.file.name,
                    error))
      return FALSE;
  for (guint i = 0; i < backing->extras->len; i++)
    if (!name_file (backing, ((CairnBackingExtra *)backing->extras->pdata[i])->extra.file.name,
                    error))
      return FALSE;
  return name_file (backing, CAIRN_DATA_MANIFEST, error);
}

static gboolean
put_intent (CairnBackingUp *backing, GError **error)
{
  CairnStore *store = backing->service->store;
  CairnStoreChange begin = { .put_intent = backing->intent };

  backing->lock = store->ops->lock_vm (store, backing->intent->id, g_get_monotonic_time (), error);
  return backing->lock && cairn_service_apply (backing->service, &begin, error);
}

/* Takes everything back. The last transaction may be in the store although it seemed to fail; what
 * can't be taken back now, recovery takes back. */
static void
give_up (CairnBackingUp *backing)
{
  CairnStoreChange begin = { .put_intent = backing->intent };
  CairnStoreChange done = { .remove_intent = backing->intent->id };

  backing->intent->kind = CAIRN_INTENT_EXPORT;
  if (backing->revert)
    backing->revert (&begin, backing->user);
  if (cairn_service_apply (backing->service, &begin, NULL)
      && cairn_publish_undo (backing->intent, backing->service->monitor.caller, NULL))
    {
      if (backing->makes_directory)
        rmdir (backing->directory);
      cairn_service_apply (backing->service, &done, NULL);
    }
}

/* ---- the end of it ---- */

static GPtrArray *
list_copies (const CairnBackingUp *backing)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_store_copy_free);

  for (guint i = 0; i < backing->disks->len; i++)
    {
      const CairnDataDisk *image = &((CairnBackingDisk *)backing->disks->pdata[i])->image;
      CairnStoreCopy *copy = g_new0 (CairnStoreCopy, 1);

      copy->point = g_strdup (backing->point->instance_id);
      copy->disk_identifier = g_strdup (image->identifier);
      copy->sha256 = g_strdup (image->file.sha256);
      copy->base = image->is_differential ? g_strdup (backing->base) : NULL;
      g_ptr_array_add (copies, copy);
    }
  return copies;
}

static gboolean
publish (CairnBackingUp *backing, GError **error)
{
  g_autoptr (GPtrArray) copies = list_copies (backing);
  CairnStoreChange change = { .put_copies = copies, .put_intent = backing->intent };
  CairnStoreChange done = { .remove_intent = backing->intent->id };
  CairnPublished published;

  backing->intent->kind = CAIRN_INTENT_PUBLISH;
  if (backing->complete)
    backing->complete (&change, backing->user);
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

gboolean
cairn_backing_run (CairnBackingUp *backing, GError **error)
{
  if (!cairn_backing_take_state (backing, error) || !cairn_backing_plan (backing, error))
    return FALSE;
  backing->intent = cairn_intent_new_apart (CAIRN_INTENT_EXPORT);
  cairn_intent_set_point (backing->intent, backing->point->instance_id, "");
  if (backing->makes_directory)
    backing->intent->detail = g_bytes_new_static (CAIRN_INTENT_MADE_DIRECTORY, 1);
  if (!name_files (backing, error) || !put_intent (backing, error))
    return FALSE;
  if (make_directory (backing, error) && cairn_backing_write (backing, error)
      && publish (backing, error))
    return TRUE;
  if (!backing->is_half_published)
    give_up (backing);
  return FALSE;
}

static char *
extra_path (const CairnBackingUp *backing, const char *suffix)
{
  for (guint i = 0; i < backing->extras->len; i++)
    {
      const CairnDataExtra *extra = &((CairnBackingExtra *)backing->extras->pdata[i])->extra;

      if (extra->role == CAIRN_DATA_METADATA && g_str_has_suffix (extra->file.name, suffix))
        return g_build_filename (backing->directory, extra->file.name, NULL);
    }
  return NULL;
}

CairnBackup *
cairn_backing_tell (const CairnBackingUp *backing)
{
  CairnBackup *backup = cairn_backup_new ();

  backup->instance_id = g_strdup (backing->point->instance_id);
  backup->config_file_path = extra_path (backing, ".vmcx");
  backup->runtime_file_path = extra_path (backing, ".vmrs");
  for (guint i = 0; i < backing->disks->len; i++)
    {
      const CairnBackingDisk *disk = backing->disks->pdata[i];
      CairnBackupFile *file = g_new0 (CairnBackupFile, 1);

      file->target = g_strdup (disk->image.target);
      file->identifier = g_strdup (disk->image.identifier);
      file->path = g_build_filename (backing->directory, disk->image.file.name, NULL);
      file->is_differential = disk->image.is_differential;
      file->reason = g_strdup (disk->image.reason);
      file->copied_bytes = disk->plan ? backing->module->plan_bytes (disk->plan) : 0;
      g_ptr_array_add (backup->files, file);
    }
  return backup;
}
