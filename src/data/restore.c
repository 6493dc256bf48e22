/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every file is verified before the first byte is written. */
#include "data/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/hash.h"
#include "data/manifest.h"
#include "data/plan.h"
#include "data/source.h"

typedef struct
{
  const char *const *directories;
  GPtrArray *manifests; /* of CairnDataManifest, in the directories' order */
  const CairnDataTick *tick;
  uint64_t *total;
  uint64_t done; /* before the file at hand */
} Restore;

static const CairnDataManifest *
manifest_at (const Restore *restore, guint index)
{
  return restore->manifests->pdata[index];
}

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (
      error, g_error_new_valist (CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE, format, arguments));
  va_end (arguments);
  return FALSE;
}

/* ---- do the directories fit together ---- */

static gboolean
check_order (const Restore *restore, GError **error)
{
  for (guint i = 1; i < restore->manifests->len; i++)
    {
      const CairnDataManifest *before = manifest_at (restore, i - 1);
      const CairnDataManifest *now = manifest_at (restore, i);

      if (g_ascii_strcasecmp (before->vm_guid, now->vm_guid) != 0)
        return refuse (error,
                       "backup '%s' is of VM '%s' and backup '%s' of VM '%s'; name backups of one "
                       "VM only",
                       restore->directories[i - 1], before->vm_name, restore->directories[i],
                       now->vm_name);
      if (now->creation_time_ms <= before->creation_time_ms)
        return refuse (error,
                       "backup '%s' isn't newer than backup '%s', which stands before it; name "
                       "the directories in the order in which they were made",
                       restore->directories[i], restore->directories[i - 1]);
    }
  return TRUE;
}

/* The backup before INDEX whose point is POINT; -1 when it isn't among them. */
static int
find_base (const Restore *restore, guint index, const char *point)
{
  while (index-- > 0)
    if (g_ascii_strcasecmp (manifest_at (restore, index)->point, point) == 0)
      return (int)index;
  return -1;
}

/* The files that make up a disk as of backup LAST, the full one first. */
static GPtrArray *
chain_of (const Restore *restore, const CairnDataDisk *disk, guint last, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  uint64_t size = disk->virtual_size_bytes;
  guint at = last;

  for (;;)
    {
      char *path = g_build_filename (restore->directories[at], disk->file.name, NULL);
      int base;

      g_ptr_array_insert (paths, 0, path);
      if (!disk->is_differential)
        return g_steal_pointer (&paths);
      base = find_base (restore, at, manifest_at (restore, at)->base);
      if (base < 0)
        {
          refuse (error,
                  "file '%s' holds only what changed since reference point '%s', and no directory "
                  "before it is that point's backup; name that one too",
                  path, manifest_at (restore, at)->base);
          return NULL;
        }
      disk = cairn_manifest_find (manifest_at (restore, (guint)base), disk->target);
      if (!disk || disk->virtual_size_bytes != size)
        {
          refuse (error,
                  "file '%s' doesn't fit backup '%s', which %s; use the backups as they were made",
                  path, restore->directories[base],
                  disk ? "has that disk in another size" : "doesn't have that disk");
          return NULL;
        }
      at = (guint)base;
    }
}

static gboolean
check_chains (const Restore *restore, GError **error)
{
  for (guint i = 0; i < restore->manifests->len; i++)
    for (guint k = 0; k < manifest_at (restore, i)->disks->len; k++)
      {
        g_autoptr (GPtrArray) paths
            = chain_of (restore, manifest_at (restore, i)->disks->pdata[k], i, error);

        if (!paths)
          return FALSE;
      }
  return TRUE;
}

/* ---- are the files as they were written ---- */

static gboolean
check_file (Restore *restore, const char *directory, const CairnDataFile *wanted, GError **error)
{
  g_autofree char *path = g_build_filename (directory, wanted->name, NULL);
  CairnDataFile found = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gboolean ok;

  if (fd < 0)
    return cairn_data_fail (path, "opened", error);
  ok = cairn_hash_file (fd, path, restore->tick, restore->done, &found, error);
  close (fd);
  if (ok && (found.size_bytes != wanted->size_bytes || strcmp (found.sha256, wanted->sha256) != 0))
    ok = refuse (error,
                 "file '%s' isn't as it was backed up: its %s differs from the manifest's; bring "
                 "it back, or use another backup",
                 path, found.size_bytes != wanted->size_bytes ? "size" : "checksum");
  restore->done += wanted->size_bytes;
  cairn_data_file_clear (&found);
  return ok;
}

static gboolean
check_files (Restore *restore, GError **error)
{
  for (guint i = 0; i < restore->manifests->len; i++)
    {
      const CairnDataManifest *manifest = manifest_at (restore, i);

      for (guint k = 0; k < manifest->disks->len; k++)
        if (!check_file (restore, restore->directories[i],
                         &((CairnDataDisk *)manifest->disks->pdata[k])->file, error))
          return FALSE;
      for (guint k = 0; k < manifest->extras->len; k++)
        if (!check_file (restore, restore->directories[i],
                         &((CairnDataExtra *)manifest->extras->pdata[k])->file, error))
          return FALSE;
    }
  return TRUE;
}

static void
add_sizes (Restore *restore)
{
  *restore->total = 0;
  for (guint i = 0; i < restore->manifests->len; i++)
    {
      const CairnDataManifest *manifest = manifest_at (restore, i);

      for (guint k = 0; k < manifest->disks->len; k++)
        *restore->total += ((CairnDataDisk *)manifest->disks->pdata[k])->file.size_bytes;
      for (guint k = 0; k < manifest->extras->len; k++)
        *restore->total += ((CairnDataExtra *)manifest->extras->pdata[k])->file.size_bytes;
    }
}

/* ---- the disks ---- */

typedef struct
{
  char *target;
  char *temporary;
  char *final;
  CairnView *view;
  CairnDataPlan *plan;
} Output;

static void
output_free (Output *output)
{
  if (output->temporary)
    unlink (output->temporary); /* once renamed it isn't there */
  cairn_plan_free (output->plan);
  if (output->view)
    output->view->ops->close (output->view);
  g_free (output->target);
  g_free (output->temporary);
  g_free (output->final);
  g_free (output);
}

static gboolean
prepare_disk (Restore *restore, const CairnDataDisk *disk, const char *to, GPtrArray *outputs,
              GError **error)
{
  g_autoptr (GPtrArray) paths = chain_of (restore, disk, restore->manifests->len - 1, error);
  Output *output = g_new0 (Output, 1);

  g_ptr_array_add (outputs, output);
  output->target = g_strdup (disk->target);
  output->final = g_strdup_printf ("%s/%s.qcow2", to, disk->target);
  if (access (output->final, F_OK) == 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "file '%s' is there already; remove it, or name another directory",
                   output->final);
      return FALSE;
    }
  output->view = paths ? cairn_source_open (paths, disk->virtual_size_bytes, error) : NULL;
  output->plan = output->view ? cairn_plan_new (output->view, NULL, error) : NULL;
  if (output->plan)
    *restore->total += cairn_plan_bytes (output->plan);
  return output->plan != NULL;
}

static gboolean
tick_part (gpointer user, uint64_t done_bytes, GError **error)
{
  const Restore *restore = user;

  return restore->tick->tick (restore->tick->user, restore->done + done_bytes, error);
}

static gboolean
write_disk (Restore *restore, Output *output, GError **error)
{
  const CairnDataTick tick = { .tick = tick_part, .user = restore };
  g_autofree char *name = g_strdup_printf ("%s.%d.tmp", output->final, (int)getpid ());
  CairnDataFile file = { 0 };
  gboolean ok;
  int fd;

  unlink (name); /* of a process of this number that was killed */
  fd = open (name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return cairn_data_fail (name, "created", error);
  output->temporary = g_steal_pointer (&name);
  ok = cairn_copy_image (output->plan, fd, output->temporary, restore->tick ? &tick : NULL, &file,
                         error)
       && (fsync (fd) == 0 || cairn_data_fail (output->temporary, "made durable", error));
  close (fd);
  restore->done += cairn_plan_bytes (output->plan);
  cairn_data_file_clear (&file);
  return ok;
}

static gboolean
sync_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = (fd >= 0 && fsync (fd) == 0) || cairn_data_fail (path, "made durable", error);

  if (fd >= 0)
    close (fd);
  return ok;
}

/* All disks take their places, or none does. */
static gboolean
publish (const char *to, const GPtrArray *outputs, GPtrArray *paths, GError **error)
{
  guint done;

  for (done = 0; done < outputs->len; done++)
    {
      const Output *output = outputs->pdata[done];

      if (rename (output->temporary, output->final) != 0)
        {
          cairn_data_fail (output->final, "put in its place", error);
          break;
        }
      g_ptr_array_add (paths, g_strdup (output->final));
    }
  if (done == outputs->len && sync_directory (to, error))
    return TRUE;
  for (guint i = 0; i < done; i++)
    unlink (((Output *)outputs->pdata[i])->final);
  return FALSE;
}

static gboolean
write_disks (Restore *restore, const char *to, GPtrArray *paths, GError **error)
{
  const CairnDataManifest *last = manifest_at (restore, restore->manifests->len - 1);
  g_autoptr (GPtrArray) outputs = g_ptr_array_new_with_free_func ((GDestroyNotify)output_free);

  for (guint i = 0; i < last->disks->len; i++)
    if (!prepare_disk (restore, last->disks->pdata[i], to, outputs, error))
      return FALSE;
  for (guint i = 0; i < outputs->len; i++)
    if (!write_disk (restore, outputs->pdata[i], error))
      return FALSE;
  return publish (to, outputs, paths, error);
}

gboolean
cairn_data_restore (const char *const *directories, const char *to, const CairnDataTick *tick,
                    uint64_t *total, GPtrArray *paths, GError **error)
{
  g_autoptr (GPtrArray) manifests
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_data_manifest_free);
  Restore restore
      = { .directories = directories, .manifests = manifests, .tick = tick, .total = total };

  for (guint i = 0; directories[i]; i++)
    {
      CairnDataManifest *manifest = cairn_manifest_read (directories[i], error);

      if (!manifest)
        return FALSE;
      g_ptr_array_add (manifests, manifest);
    }
  add_sizes (&restore);
  return check_order (&restore, error) && check_chains (&restore, error)
         && check_files (&restore, error) && (!to || write_disks (&restore, to, paths, error));
}
