/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ExportReferencePoint of a log-based point: logs become a backup. */
#include <string.h>

#include "refpoint/backing.h"
#include "refpoint/export.h"
#include "refpoint/log-chain.h"
#include "refpoint/module.h"

typedef struct
{
  CairnLogChain chain;
  CairnBackingUp backing;
  CairnVm *vm;      /* owned: with the point's disks */
  GPtrArray *views; /* of CairnView, closed once the copying is done */
  int64_t deadline;
} Export;

static const CairnLog *
log_at (const Export *export, guint index)
{
  return export->chain.logs->pdata[index];
}

static void
close_view (CairnView *view)
{
  view->ops->close (view);
}

static void
export_clear (Export *export)
{
  cairn_backing_clear (&export->backing);
  g_clear_pointer (&export->views, g_ptr_array_unref);
  g_clear_pointer (&export->vm, cairn_vm_free);
  cairn_log_chain_clear (&export->chain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Export, export_clear)

/* ---- the VM as it was ---- */

static void
add_disk (CairnVm *vm, const char *identifier, const char *target)
{
  CairnDisk *disk;

  if (cairn_vm_find_target (vm, target))
    return;
  disk = g_new0 (CairnDisk, 1);
  disk->identifier = g_strdup (identifier);
  disk->target = g_strdup (target);
  disk->path = g_strdup ("");
  disk->format = g_strdup ("");
  g_ptr_array_add (vm->disks, disk);
}

/* The first log-based point of a VM has disks, though its log has none. */
static CairnVm *
vm_of (const CairnLog *log)
{
  CairnVm *vm = cairn_vm_new (log->manifest->vm_guid, log->manifest->vm_name);

  for (guint i = 0; i < log->manifest->disks->len; i++)
    {
      const CairnDataDisk *disk = log->manifest->disks->pdata[i];

      add_disk (vm, disk->identifier, disk->target);
    }
  for (guint i = 0; i < log->point->anchors->len; i++)
    {
      const CairnAnchor *anchor = log->point->anchors->pdata[i];

      add_disk (vm, anchor->disk_identifier, anchor->target);
    }
  return vm;
}

/* ---- a disk ---- */

static const CairnDataDisk *
find_disk (const CairnLog *log, const char *target, GError **error)
{
  for (guint i = 0; i < log->manifest->disks->len; i++)
    {
      const CairnDataDisk *disk = log->manifest->disks->pdata[i];

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "the log '%s' doesn't have disk '%s', although a later one follows it; name a base "
               "that isn't older than its point, or take a full backup",
               log->directory, target);
  return NULL;
}

/* The images of the disk, oldest first. One that holds all of it makes those before it needless:
 * *WHOLE is that one, or NULL. */
static gboolean
list_images (const Export *export, const char *target, GPtrArray *paths, GPtrArray *sha256s,
             const CairnDataDisk **whole, GError **error)
{
  *whole = NULL;
  for (guint i = 0; i < export->chain.logs->len && !*whole; i++)
    {
      const CairnDataDisk *disk = find_disk (log_at (export, i), target, error);

      if (!disk)
        return FALSE;
      g_ptr_array_insert (paths, 0,
                          g_build_filename (log_at (export, i)->directory, disk->file.name, NULL));
      g_ptr_array_insert (sha256s, 0, disk->file.sha256);
      if (!disk->is_differential)
        *whole = disk;
    }
  return TRUE;
}

static gboolean
add_image (Export *export, const CairnDataDisk *disk, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) sha256s = g_ptr_array_new ();
  CairnBackingDisk ours = { 0 };
  const CairnDataDisk *whole;

  if (!list_images (export, disk->target, paths, sha256s, &whole, error)
      || (!whole
          && !cairn_log_chain_check_disk (&export->chain, disk->target, export->deadline, error))
      || !export->backing.module->open_logs (paths, sha256s, disk->virtual_size_bytes, &ours.view,
                                             &ours.extents, error))
    return FALSE;
  g_ptr_array_add (export->views, ours.view);
  if (whole)
    g_clear_pointer (&ours.extents, g_array_unref);
  ours.image.is_differential = !whole;
  ours.image.target = g_strdup (disk->target);
  ours.image.identifier = g_strdup (disk->identifier);
  ours.image.reason = g_strdup (whole ? whole->reason : "");
  if (!whole)
    ours.image.base_sha256
        = cairn_backing_list_checksums (&export->backing, disk->identifier, error);
  cairn_backing_add (&export->backing, &ours);
  return whole || ours.image.base_sha256;
}

static gboolean
add_images (Export *export, GError **error)
{
  const GPtrArray *disks = log_at (export, 0)->manifest->disks;

  if (!cairn_backing_check_wanted (&export->backing, error))
    return FALSE;
  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDataDisk *disk = disks->pdata[i];

      if (cairn_backing_wants (&export->backing, disk->identifier, disk->target)
          && !add_image (export, disk, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- what the VM was ---- */

static gboolean
add_extra (Export *export, const CairnDataExtra *extra, GError **error)
{
  g_autofree char *path = g_build_filename (log_at (export, 0)->directory, extra->file.name, NULL);
  g_autofree char *found = NULL;
  g_autoptr (GError) cause = NULL;
  char *content = NULL;
  gsize n_bytes = 0;

  if (g_file_get_contents (path, &content, &n_bytes, &cause))
    found = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)content, n_bytes);
  if (found && strcmp (found, extra->file.sha256) == 0)
    {
      cairn_backing_add_extra (&export->backing, extra->role, g_strdup (extra->file.name),
                               extra->original, g_bytes_new_take (content, n_bytes));
      return TRUE;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "file '%s' of a log isn't as it was written (%s); bring it back, or take a full "
               "backup",
               path, cause ? cause->message : "its checksum differs");
  g_free (content);
  return FALSE;
}

static gboolean
add_extras (Export *export, GError **error)
{
  const GPtrArray *extras = log_at (export, 0)->manifest->extras;

  for (guint i = 0; i < extras->len; i++)
    if (!add_extra (export, extras->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ---- the call ---- */

static gboolean
run (Export *export, GError **error)
{
  CairnBackingUp *backing = &export->backing;

  export->vm = vm_of (log_at (export, 0));
  export->views = g_ptr_array_new_with_free_func ((GDestroyNotify)close_view);
  backing->vm = export->vm;
  backing->point = log_at (export, 0)->point;
  backing->base = export->chain.base_id;
  backing->is_log = TRUE;
  backing->is_bare = TRUE;
  return add_images (export, error) && add_extras (export, error)
         && cairn_backing_run (backing, error);
}

gboolean
cairn_service_export_log (CairnService *service, const char *point, const char *directory,
                          const CairnBackupOptions *options, CairnBackup **backup, GError **error)
{
  g_auto (Export) export = { .deadline = cairn_service_start_call (service) };

  export.chain.module = cairn_module_symbol (CAIRN_DATA_MODULE, CAIRN_DATA_SYMBOL, error);
  if (!export.chain.module || !cairn_export_check_place (service, directory, error)
      || !cairn_log_chain_find (&export.chain, service, point, options ? options->since : NULL,
                                error)
      || !cairn_backing_begin (&export.backing, service, directory, options, error)
      || !run (&export, error))
    return FALSE;
  if (backup)
    *backup = cairn_backing_tell (&export.backing);
  return TRUE;
}
