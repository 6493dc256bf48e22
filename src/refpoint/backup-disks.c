/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of each disk is copied, and the files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "refpoint/attachment.h"
#include "refpoint/backup.h"
#include "refpoint/export.h"
#include "refpoint/publish.h"

void
cairn_backup_disk_free (CairnBackupDisk *disk)
{
  g_free (disk->image.target);
  g_free (disk->image.identifier);
  g_free (disk->image.reason);
  g_free (disk->image.file.name);
  g_free (disk->image.file.sha256);
  g_clear_pointer (&disk->extents, g_array_unref);
  g_free (disk);
}

/* ---- what changed ---- */

/* The answer about DISK. A disk that goes by another target now has its base under the old one. */
static CairnDiskChanges *
find_changes (const CairnBackingUp *backing, const GPtrArray *answers, const CairnDisk *disk)
{
  const GPtrArray *anchors = backing->base->anchors;

  for (guint i = 0; i < anchors->len; i++)
    {
      const CairnAnchor *anchor = anchors->pdata[i];

      if (cairn_anchor_find_disk (anchor, backing->operation->vm) != disk
          || strcmp (anchor->target, disk->target) != 0)
        continue;
      for (guint k = 0; k < answers->len; k++)
        {
          CairnDiskChanges *changes = answers->pdata[k];

          if (!changes->is_newcomer && strcmp (changes->target, disk->target) == 0)
            return changes;
        }
    }
  return NULL;
}

static void
take_changes (CairnBackingUp *backing, const GPtrArray *answers)
{
  for (guint i = 0; i < backing->disks->len; i++)
    {
      CairnBackupDisk *disk = backing->disks->pdata[i];
      CairnDiskChanges *changes = find_changes (backing, answers, disk->disk);

      if (changes && changes->extents)
        {
          disk->extents = g_steal_pointer (&changes->extents);
          disk->image.is_differential = TRUE;
          continue;
        }
      g_free (disk->image.reason);
      disk->image.reason = changes
                               ? g_strdup (changes->reason)
                               : g_strdup_printf ("reference point '%s' has no anchor on disk '%s'",
                                                  backing->base->instance_id, disk->image.target);
    }
}

/* A disk that can't tell is no failure here; one that is busy can't be while it is held. */
static gboolean
ask_changes (CairnBackingUp *backing, GError **error)
{
  g_autoptr (GPtrArray) answers = NULL;
  GError *cause = NULL;

  if (!backing->base)
    return TRUE;
  if (!cairn_service_get_changes (backing->service, backing->base->instance_id, NULL, &answers,
                                  &cause)
      && (!answers || cause->code != CAIRN_ERROR_INVALID_STATE))
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  g_clear_error (&cause);
  take_changes (backing, answers);
  return TRUE;
}

gboolean
cairn_backup_plan (CairnBackingUp *backing, GError **error)
{
  if (!ask_changes (backing, error))
    return FALSE;
  for (guint i = 0; i < backing->disks->len; i++)
    {
      CairnBackupDisk *disk = backing->disks->pdata[i];
      CairnView *view = backing->frozen->views->pdata[i];

      disk->image.virtual_size_bytes = view->size_bytes;
      disk->image.file.name = g_strdup_printf (
          "%s.%s.qcow2", disk->image.target, disk->image.is_differential ? "differential" : "full");
      disk->plan = backing->module->plan_new (view, disk->extents, error);
      if (!disk->plan)
        return FALSE;
      backing->total_bytes += backing->module->plan_bytes (disk->plan);
    }
  return TRUE;
}

/* ---- the files ---- */

static gboolean
tick (gpointer user, uint64_t done_bytes, GError **error)
{
  CairnBackingUp *backing = user;
  const CairnBackupOptions *options = backing->options;

  if (!options->progress
      || options->progress (backing->done_bytes + done_bytes, backing->total_bytes, options->user))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the backup of VM '%s' was stopped, as it was asked to; nothing is left of it, "
               "repeat the command for a new one",
               backing->operation->vm->name);
  return FALSE;
}

static gboolean
write_disk (CairnBackingUp *backing, guint index, GError **error)
{
  const CairnDataTick told = { .tick = tick, .user = backing };
  CairnBackupDisk *disk = backing->disks->pdata[index];
  const char *path = backing->intent->temporary_files->pdata[index];
  int fd;

  if (!tick (backing, 0, error))
    return FALSE;
  fd = cairn_publish_create (backing->intent, index, backing->service->monitor.caller, error);
  if (fd < 0)
    return FALSE;
  if (!backing->module->write_image (disk->plan, fd, path, &told, &disk->image.file, error))
    {
      close (fd);
      return FALSE;
    }
  backing->done_bytes += backing->module->plan_bytes (disk->plan);
  return cairn_publish_close (fd, path, error);
}

/* Reads back what the export wrote. */
static gboolean
measure_pair (CairnBackingUp *backing, guint first, CairnDataExtra *extras, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      const char *path = backing->intent->temporary_files->pdata[first + i];
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      gboolean ok;

      if (fd < 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "file '%s' can't be read back (%s); try again", path, g_strerror (errno));
          return FALSE;
        }
      ok = backing->module->measure_file (fd, path, &extras[i].file, error);
      close (fd);
      if (!ok)
        return FALSE;
      extras[i].file.name = g_path_get_basename (backing->intent->final_files->pdata[first + i]);
    }
  return TRUE;
}

static gboolean
write_manifest (CairnBackingUp *backing, guint index, CairnDataExtra *pair, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  g_autoptr (GPtrArray) extras = g_ptr_array_new ();
  CairnDataManifest manifest = { .vm_guid = backing->operation->vm->guid,
                                 .vm_name = backing->operation->vm->name,
                                 .point = backing->point->instance_id,
                                 .base = backing->base ? backing->base->instance_id : NULL,
                                 .creation_time_ms = backing->point->creation_time_ms,
                                 .disks = disks,
                                 .extras = extras };
  const char *path = backing->intent->temporary_files->pdata[index];
  int fd = cairn_publish_create (backing->intent, index, backing->service->monitor.caller, error);

  if (fd < 0)
    return FALSE;
  for (guint i = 0; i < backing->disks->len; i++)
    g_ptr_array_add (disks, &((CairnBackupDisk *)backing->disks->pdata[i])->image);
  g_ptr_array_add (extras, &pair[0]);
  g_ptr_array_add (extras, &pair[1]);
  if (backing->module->write_manifest (&manifest, fd, path, error))
    return cairn_publish_close (fd, path, error);
  close (fd);
  return FALSE;
}

gboolean
cairn_backup_write (CairnBackingUp *backing, GError **error)
{
  guint n = backing->disks->len;
  CairnDataExtra pair[2] = { 0 };
  gboolean ok;

  /* The pair first: it asks the tracker, for which the call's time limit counts. */
  ok = cairn_export_write_pair (backing->operation, backing->point, backing->intent, n, error)
       && measure_pair (backing, n, pair, error);
  for (guint i = 0; ok && i < n; i++)
    ok = write_disk (backing, i, error);
  ok = ok && tick (backing, 0, error) && write_manifest (backing, n + 2, pair, error);
  for (guint i = 0; i < 2; i++)
    {
      g_free (pair[i].file.name);
      g_free (pair[i].file.sha256);
    }
  return ok;
}
