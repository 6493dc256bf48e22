/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of each disk is copied, and the files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "refpoint/backing.h"
#include "refpoint/export.h"
#include "refpoint/publish.h"

void
cairn_backing_disk_free (CairnBackingDisk *disk)
{
  g_free (disk->image.target);
  g_free (disk->image.identifier);
  g_free (disk->image.reason);
  g_free (disk->image.file.name);
  g_free (disk->image.file.sha256);
  g_clear_pointer (&disk->image.base_sha256, g_ptr_array_unref);
  g_clear_pointer (&disk->extents, g_array_unref);
  g_free (disk);
}

void
cairn_backing_add (CairnBackingUp *backing, const CairnBackingDisk *disk)
{
  g_ptr_array_add (backing->disks, g_memdup2 (disk, sizeof *disk));
}

/* ---- what changed ---- */

gboolean
cairn_backing_wants (const CairnBackingUp *backing, const char *identifier, const char *target)
{
  const char *const *wanted = backing->options->disks;

  if (!wanted)
    return TRUE;
  for (; *wanted; wanted++)
    if (g_ascii_strcasecmp (*wanted, identifier) == 0 || strcmp (*wanted, target) == 0)
      return TRUE;
  return FALSE;
}

gboolean
cairn_backing_check_wanted (const CairnBackingUp *backing, GError **error)
{
  for (const char *const *wanted = backing->options->disks; wanted && *wanted; wanted++)
    {
      const GPtrArray *disks = backing->vm->disks;
      guint i = 0;

      while (i < disks->len
             && g_ascii_strcasecmp (((CairnDisk *)disks->pdata[i])->identifier, *wanted) != 0
             && strcmp (((CairnDisk *)disks->pdata[i])->target, *wanted) != 0)
        i++;
      if (i < disks->len)
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "VM '%s' has no disk '%s'; give a target or VirtualDiskIdentifier of its own",
                   backing->vm->name, *wanted);
      return FALSE;
    }
  return TRUE;
}

GPtrArray *
cairn_backing_list_checksums (const CairnBackingUp *backing, const char *disk_identifier,
                              GError **error)
{
  CairnStore *store = backing->service->store;
  g_autoptr (GPtrArray) copies = store->ops->list_copies (store, NULL, backing->base, error);
  GPtrArray *checksums = copies ? g_ptr_array_new_with_free_func (g_free) : NULL;

  for (guint i = 0; copies && i < copies->len; i++)
    {
      const CairnStoreCopy *copy = copies->pdata[i];

      if (g_ascii_strcasecmp (copy->disk_identifier, disk_identifier) == 0)
        g_ptr_array_add (checksums, g_strdup (copy->sha256));
    }
  return checksums;
}

/* Asks for the changes of disk INDEX. One that can't tell is no failure: its reason says so. */
static gboolean
take_changes (CairnBackingUp *backing, CairnBackingDisk *ours, CairnFrozen *frozen,
              const CairnBase *base, guint index, int64_t deadline, GError **error)
{
  CairnJudgement judgement = { 0 };
  gboolean ok = TRUE;

  g_free (ours->image.reason);
  ours->image.reason = g_strdup (base->reasons->pdata[index]);
  if (!base->anchors->pdata[index])
    return TRUE;
  if (!frozen->changes (frozen, index, base->anchors->pdata[index], &ours->extents, &judgement,
                        deadline, error))
    ok = FALSE;
  else if (ours->extents)
    {
      ours->image.is_differential = TRUE;
      ours->image.base_sha256
          = cairn_backing_list_checksums (backing, ours->image.identifier, error);
      ok = ours->image.base_sha256 != NULL;
    }
  else
    {
      g_free (ours->image.reason);
      ours->image.reason = g_strdup (judgement.reason ? judgement.reason : "");
    }
  cairn_judgement_clear (&judgement);
  return ok;
}

gboolean
cairn_backing_add_frozen (CairnBackingUp *backing, CairnFrozen *frozen, const CairnBase *base,
                          int64_t deadline, GError **error)
{
  if (!cairn_backing_check_wanted (backing, error))
    return FALSE;
  backing->frozen = frozen;
  for (guint i = 0; i < backing->vm->disks->len; i++)
    {
      const CairnDisk *disk = backing->vm->disks->pdata[i];
      CairnBackingDisk *ours;

      if (!cairn_backing_wants (backing, disk->identifier, disk->target))
        continue;
      ours = g_new0 (CairnBackingDisk, 1);
      g_ptr_array_add (backing->disks, ours);
      ours->view = frozen->views->pdata[i];
      ours->image.target = g_strdup (disk->target);
      ours->image.identifier = g_strdup (disk->identifier);
      ours->image.reason = g_strdup ("");
      if (base && !take_changes (backing, ours, frozen, base, i, deadline, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
cairn_backing_is_file_name (const char *target)
{
  return *target != '.' && !strchr (target, '/');
}

/* Of a VM that was made known before its targets were looked at. */
static gboolean
check_target (const CairnBackingUp *backing, const char *target, GError **error)
{
  if (cairn_backing_is_file_name (target))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "disk '%s' of VM '%s' has a target that no file's name can begin with; give the "
               "disk another target",
               target, backing->vm->name);
  return FALSE;
}

gboolean
cairn_backing_plan (CairnBackingUp *backing, GError **error)
{
  for (guint i = 0; i < backing->disks->len; i++)
    {
      CairnBackingDisk *disk = backing->disks->pdata[i];

      if (!check_target (backing, disk->image.target, error))
        return FALSE;
      disk->image.virtual_size_bytes = disk->view->size_bytes;
      disk->image.file.name = g_strdup_printf (
          "%s.%s.qcow2", disk->image.target, disk->image.is_differential ? "differential" : "full");
      disk->plan = backing->module->plan_new (disk->view, disk->extents, error);
      if (!disk->plan)
        return FALSE;
      backing->total_bytes += backing->module->plan_bytes (disk->plan);
    }
  return TRUE;
}

/* ---- the files ---- */

gboolean
cairn_backing_tick (CairnBackingUp *backing, uint64_t done_bytes, GError **error)
{
  const CairnBackupOptions *options = backing->options;
  uint64_t done = backing->done_bytes + done_bytes;
  guint percent = backing->total_bytes ? (guint)(done * 98 / backing->total_bytes) : 0;

  if (!cairn_service_proceed (backing->service, percent, error)
      || (backing->frozen && backing->frozen->may_last
          && !backing->frozen->may_last (backing->frozen, error)))
    return FALSE;
  if (!options->progress || options->progress (done, backing->total_bytes, options->user))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the copying of VM '%s' was stopped, as it was asked to; nothing is left of it, "
               "repeat the command for a new one",
               backing->vm->name);
  return FALSE;
}

static gboolean
tick (gpointer user, uint64_t done_bytes, GError **error)
{
  return cairn_backing_tick (user, done_bytes, error);
}

static gboolean
write_disk (CairnBackingUp *backing, guint index, GError **error)
{
  const CairnDataTick told = { .tick = tick, .user = backing };
  CairnBackingDisk *disk = backing->disks->pdata[index];
  const char *path = backing->intent->temporary_files->pdata[index];
  int fd;

  if (!tick (backing, 0, error))
    return FALSE;
  fd = cairn_publish_create (backing->intent, index, CAIRN_DATA_MODE,
                             backing->service->monitor.caller, error);
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

static gboolean
write_content (int fd, const char *path, GBytes *content, GError **error)
{
  gsize left = 0;
  const uint8_t *bytes = g_bytes_get_data (content, &left);

  while (left > 0)
    {
      ssize_t n = write (fd, bytes, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "file '%s' can't be written (%s); free space or mend the file system, then "
                       "try again",
                       path, g_strerror (errno));
          return FALSE;
        }
      bytes += n;
      left -= (size_t)n;
    }
  return TRUE;
}

/* Writes temporary file INDEX and takes its checksum. */
static gboolean
write_extra (CairnBackingUp *backing, guint index, CairnBackingExtra *extra, GError **error)
{
  const char *path = backing->intent->temporary_files->pdata[index];
  int fd = cairn_publish_create (backing->intent, index, CAIRN_DATA_MODE,
                                 backing->service->monitor.caller, error);

  if (fd < 0)
    return FALSE;
  if (write_content (fd, path, extra->content, error)
      && backing->module->measure_file (fd, path, &extra->extra.file, error))
    return cairn_publish_close (fd, path, error);
  close (fd);
  return FALSE;
}

static gboolean
write_manifest (CairnBackingUp *backing, guint index, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  g_autoptr (GPtrArray) extras = g_ptr_array_new ();
  CairnDataManifest manifest = { .vm_guid = backing->vm->guid,
                                 .vm_name = backing->vm->name,
                                 .point = backing->point->instance_id,
                                 .base = (char *)backing->base,
                                 .is_log = backing->is_log,
                                 .creation_time_ms = backing->point->creation_time_ms,
                                 .disks = disks,
                                 .extras = extras };
  const char *path = backing->intent->temporary_files->pdata[index];
  int fd = cairn_publish_create (backing->intent, index, CAIRN_DATA_MODE,
                                 backing->service->monitor.caller, error);

  if (fd < 0)
    return FALSE;
  for (guint i = 0; i < backing->disks->len; i++)
    g_ptr_array_add (disks, &((CairnBackingDisk *)backing->disks->pdata[i])->image);
  for (guint i = 0; i < backing->extras->len; i++)
    g_ptr_array_add (extras, &((CairnBackingExtra *)backing->extras->pdata[i])->extra);
  if (backing->module->write_manifest (&manifest, fd, path, error))
    return cairn_publish_close (fd, path, error);
  close (fd);
  return FALSE;
}

gboolean
cairn_backing_write (CairnBackingUp *backing, GError **error)
{
  guint n_disks = backing->disks->len, n_extras = backing->extras->len;

  for (guint i = 0; i < n_extras; i++)
    if (!write_extra (backing, n_disks + i, backing->extras->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < n_disks; i++)
    if (!write_disk (backing, i, error))
      return FALSE;
  return tick (backing, 0, error) && write_manifest (backing, n_disks + n_extras, error);
}
