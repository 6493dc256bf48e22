/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual machines of images: made known, shown, given aliases, forgotten, checked. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "refpoint/backing.h"
#include "refpoint/guid.h"
#include "refpoint/logs.h"
#include "refpoint/operation.h"
#include "refpoint/path.h"

/* A VM rarely has more than a dozen; the transaction that edits their bitmaps opens all at once. */
#define DISK_LIMIT 256u

static gboolean
check_word (const char *word, const char *what, GError **error)
{
  if (word && *word && strlen (word) <= CAIRN_NAME_LIMIT_BYTES && g_utf8_validate (word, -1, NULL))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "%s must be 1 to %u bytes of UTF-8; give another one", what, CAIRN_NAME_LIMIT_BYTES);
  return FALSE;
}

/* What the images are now; a VM's record only has what they were. */
static void
refresh_disks (CairnService *service, CairnVm *vm)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      CairnDisk *disk = vm->disks->pdata[i];
      CairnDiskProbe probe = { 0 };

      service->tracker->ops->probe_disk (service->tracker, vm, disk, &probe);
      if (probe.format && *probe.format)
        {
          g_free (disk->format);
          disk->format = g_steal_pointer (&probe.format);
          disk->virtual_size_bytes = probe.virtual_size_bytes;
        }
      cairn_disk_probe_clear (&probe);
    }
}

static gboolean
add_disk (CairnVm *vm, const char *controller, const char *target, const char *path, GError **error)
{
  CairnDisk *disk;

  if (!check_word (target, "a disk's target", error)
      || !cairn_path_check_syntax (path, "the disk's path", error))
    return FALSE;
  if (!cairn_backing_is_file_name (target))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "disk target '%s' can't be a part of a backup's file names; give one without "
                   "'/' that doesn't begin with '.'",
                   target);
      return FALSE;
    }
  if (cairn_vm_find_target (vm, target))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "disk target '%s' is given twice; give each disk its own", target);
      return FALSE;
    }
  disk = g_new0 (CairnDisk, 1);
  disk->identifier = cairn_disk_identifier_format (vm->guid, controller, 0, vm->disks->len);
  disk->target = g_strdup (target);
  disk->path = g_strdup (path);
  disk->format = g_strdup ("");
  g_ptr_array_add (vm->disks, disk);
  return TRUE;
}

static gboolean
refuse_image (const CairnDisk *disk, const char *what, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "disk '%s': image '%s' %s; give the path of its image", disk->target, disk->path,
               what);
  return FALSE;
}

/* Every image must be there, and be an image of its own: a wrong path is found best at once. */
static gboolean
check_images (const CairnVm *vm, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      struct stat status;

      if (stat (disk->path, &status) != 0)
        {
          g_autofree char *what = g_strdup_printf ("can't be found (%s)", g_strerror (errno));

          return refuse_image (disk, what, error);
        }
      if (!S_ISREG (status.st_mode) && !S_ISBLK (status.st_mode))
        return refuse_image (disk, "is neither a file nor a block device", error);
      if (!g_hash_table_add (seen, g_strdup_printf ("%ju:%ju", (uintmax_t)status.st_dev,
                                                    (uintmax_t)status.st_ino)))
        return refuse_image (disk, "is that of another disk of the VM", error);
    }
  return TRUE;
}

static gboolean
check_free (CairnService *service, const CairnVm *vm, GError **error)
{
  const char *const words[] = { vm->guid, vm->name };

  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (CairnVm) there = service->store->ops->get_vm (service->store, words[i], NULL);

      if (!there)
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "VM '%s' (%s) is there already; choose another name and GUID, or `cairn vm "
                   "remove` it first",
                   there->name, there->guid);
      return FALSE;
    }
  return TRUE;
}

static gboolean
require_images (CairnService *service, GError **error)
{
  if (!service->tracker->ops->find_vm)
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                       "this connection has VMs of its own; use --connect=images: for VMs of plain "
                       "images");
  return FALSE;
}

gboolean
cairn_service_add_vm (CairnService *service, const char *name, const char *guid,
                      const char *const *targets, const char *const *paths, size_t n_disks,
                      CairnVm **out, GError **error)
{
  g_autofree char *own_guid = guid ? cairn_guid_normalize (guid) : cairn_guid_random ();
  g_autofree char *controller = cairn_guid_random ();
  g_autoptr (CairnVm) vm = NULL;
  CairnStoreChange change = { 0 };

  cairn_service_start_call (service);
  if (!require_images (service, error) || !check_word (name, "a VM's name", error))
    return FALSE;
  if (!own_guid)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "'%s' isn't a GUID; give 8-4-4-4-12 hexadecimal digits", guid);
  else if (n_disks == 0 || n_disks > DISK_LIMIT || !targets || !paths)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "VM '%s' has %zu disks; give 1 to %u", name, n_disks, DISK_LIMIT);
  if (!own_guid || n_disks == 0 || n_disks > DISK_LIMIT || !targets || !paths)
    return FALSE;
  vm = cairn_vm_new (own_guid, name);
  for (size_t i = 0; i < n_disks; i++)
    if (!add_disk (vm, controller, targets[i], paths[i], error))
      return FALSE;
  if (!check_images (vm, error) || !check_free (service, vm, error))
    return FALSE;
  refresh_disks (service, vm);
  change.put_vm = vm;
  if (!cairn_service_apply (service, &change, error))
    return FALSE;
  if (out)
    *out = g_steal_pointer (&vm);
  return TRUE;
}

GPtrArray *
cairn_service_list_vms (CairnService *service, GError **error)
{
  GPtrArray *vms;

  cairn_service_start_call (service);
  vms = service->tracker->ops->list_vms ? service->tracker->ops->list_vms (service->tracker, error)
                                        : service->store->ops->list_vms (service->store, error);
  for (guint i = vms ? vms->len : 0; i-- > 0;)
    {
      CairnVm *vm = vms->pdata[i];

      if (vm->is_domain && !service->tracker->ops->list_vms)
        {
          g_ptr_array_remove_index (vms, i);
          continue;
        }
      if (vm->is_domain)
        cairn_service_merge_record (service, vm);
      refresh_disks (service, vm);
    }
  return vms;
}

CairnVm *
cairn_service_get_vm (CairnService *service, const char *name, GError **error)
{
  CairnVm *vm;

  cairn_service_start_call (service);
  vm = cairn_service_find_vm (service, name, error);
  if (vm)
    refresh_disks (service, vm);
  return vm;
}

gboolean
cairn_service_alias_vm (CairnService *service, const char *vm, const char *guid, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autofree char *alias = cairn_guid_normalize (guid);
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (CairnVm) record = NULL;
  CairnStoreChange change = { 0 };

  if (!alias)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "'%s' isn't a GUID; give 8-4-4-4-12 hexadecimal digits", guid ? guid : "");
      return FALSE;
    }
  operation = cairn_operation_begin (service, vm, deadline, error);
  if (!operation)
    return FALSE;
  for (guint i = 0; i < operation->vm->aliases->len; i++)
    if (g_str_equal (operation->vm->aliases->pdata[i], alias))
      return TRUE;
  g_ptr_array_add (operation->vm->aliases, g_steal_pointer (&alias));
  cairn_service_keep_vm (operation->vm, &change, &record);
  return cairn_service_apply (service, &change, error);
}

gboolean
cairn_service_remove_vm (CairnService *service, const char *vm, gboolean force, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (GPtrArray) points = NULL;
  g_autoptr (GPtrArray) snapshots = NULL;
  CairnStoreChange change = { 0 };

  if (!require_images (service, error))
    return FALSE;
  operation = cairn_operation_begin (service, vm, deadline, error);
  if (!operation)
    return FALSE;
  points = service->store->ops->list_points (service->store, operation->vm->guid, error);
  snapshots = points
                  ? service->store->ops->list_snapshots (service->store, operation->vm->guid, error)
                  : NULL;
  if (!snapshots)
    return FALSE;
  if (snapshots->len > 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "VM '%s' has recovery checkpoint '%s'; convert or discard it first",
                   operation->vm->name, ((CairnSnapshot *)snapshots->pdata[0])->instance_id);
      return FALSE;
    }
  if (points->len > 0 && !force)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "VM '%s' has %u reference point%s; destroy them first, or use --force to forget "
                   "their records (their bitmaps stay in the images)",
                   operation->vm->name, points->len, points->len == 1 ? "" : "s");
      return FALSE;
    }
  change.remove_vm = operation->vm->guid;
  return cairn_logs_forget (service, points, &change, error);
}

GPtrArray *
cairn_service_check_vm (CairnService *service, const char *name, GError **error)
{
  g_autoptr (CairnVm) vm = NULL;
  GPtrArray *verdicts;

  cairn_service_start_call (service);
  vm = cairn_service_find_vm (service, name, error);
  if (!vm)
    return NULL;
  verdicts = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      CairnDiskProbe probe = { 0 };

      service->tracker->ops->probe_disk (service->tracker, vm, disk, &probe);
      g_ptr_array_add (
          verdicts, cairn_disk_verdict_new (disk->target, disk->path, probe.verdict, probe.reason));
      cairn_disk_probe_clear (&probe);
    }
  return verdicts;
}
