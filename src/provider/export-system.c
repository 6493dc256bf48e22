/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ExportSystemDefinition: of a recovery checkpoint, for backup. */
#include <string.h>

#include <cairn/error.h>

#include "provider/method.h"
#include "provider/part.h"
#include "provider/reference.h"
#include "provider/snapshots.h"
#include "refpoint/engine.h"
#include "refpoint/path.h"

/* CopySnapshotConfiguration */
#define COPY_ONE_FOR_BACKUP 3u

#define BACKUP_INTENT_MAX   1u

typedef struct
{
  char *vm;
  char *snapshot;
  char *base; /* InstanceID of a point; NULL = none */
  char *directory;
  char **excluded; /* what the client calls disks to leave out; NULL = none */
  gboolean has_subdirectory;
  gboolean has_storage; /* FALSE: the configuration alone */
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->vm);
  g_free (arguments->snapshot);
  g_free (arguments->base);
  g_free (arguments->directory);
  g_strfreev (arguments->excluded);
  g_free (arguments);
}

/* ---- settings ---- */

static gboolean
refuse (GError **error, int code, const char *sentence)
{
  g_set_error_literal (error, CAIRN_ERROR, code, sentence);
  return FALSE;
}

static gboolean
check_kind (const CimInstance *settings, GError **error)
{
  uint64_t copy = settings ? cim_instance_number (settings, "CopySnapshotConfiguration", 0) : 0;

  if (copy != COPY_ONE_FOR_BACKUP)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "CopySnapshotConfiguration %" G_GUINT64_FORMAT " isn't supported; give 3, which "
                   "exports a recovery checkpoint for backup",
                   copy);
      return FALSE;
    }
  if (cim_instance_number (settings, "ExportForLiveMigration", FALSE))
    return refuse (error, CAIRN_ERROR_NOT_SUPPORTED,
                   "ExportForLiveMigration isn't supported; leave it out, and use virsh to migrate "
                   "a virtual machine");
  if (cim_instance_number (settings, "BackupIntent", 0) > BACKUP_INTENT_MAX)
    return refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
                   "BackupIntent isn't known; give 0 (preserve chain) or 1 (merge), which are the "
                   "same here");
  return TRUE;
}

/* A path in the settings; NULL is an error only when one IS_NEEDED. */
static gboolean
take_path (const CimInstance *settings, const char *name, const char *class_name, char **id,
           gboolean is_needed, GError **error)
{
  GError *cause = NULL;

  *id = cairn_reference_in_text (settings, name, class_name, &cause);
  if (!*id && !cause && is_needed)
    g_set_error (&cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s is missing; give the path of a recovery checkpoint's %s", name, class_name);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static void
take_excluded (const CimInstance *settings, Arguments *arguments)
{
  const CimValue *value = cim_instance_get (settings, "ExcludedVirtualHardDisks");

  if (!value->is_set || value->n == 0)
    return;
  arguments->excluded = g_new0 (char *, value->n + 1);
  for (guint i = 0; i < value->n; i++)
    arguments->excluded[i] = g_strdup (value->texts[i]);
}

static gboolean
take_settings (const CimInstance *in, Arguments *arguments, GError **error)
{
  g_autoptr (CimInstance) settings = NULL;

  if (!cairn_method_take_settings (in, "ExportSettingData", "Msvm_VirtualSystemExportSettingData",
                                   &settings, error)
      || !check_kind (settings, error)
      || !take_path (settings, "SnapshotVirtualSystem", CAIRN_SETTINGS_CLASS, &arguments->snapshot,
                     TRUE, error)
      || !take_path (settings, "DifferentialBackupBase", CAIRN_POINT_CLASS, &arguments->base, FALSE,
                     error))
    return FALSE;
  arguments->has_subdirectory
      = cim_instance_number (settings, "CreateVmExportSubdirectory", FALSE) != 0;
  arguments->has_storage = cim_instance_number (settings, "CopyVmStorage", TRUE) != 0;
  take_excluded (settings, arguments);
  return TRUE;
}

/* ---- the order ---- */

/* Below the directory, what Hyper-V names after the VM. */
static void
add_subdirectory (Arguments *arguments, const CairnVm *vm)
{
  gboolean is_name = *vm->name && vm->name[0] != '.' && !strchr (vm->name, '/');
  char *below = g_build_filename (arguments->directory, is_name ? vm->name : vm->guid, NULL);

  g_free (arguments->directory);
  arguments->directory = below;
}

static gboolean
check_directory (const Arguments *arguments, CairnService *service, GError **error)
{
  return cairn_path_check_syntax (arguments->directory, "ExportDirectory", error)
         && cairn_path_check_allowed (arguments->directory,
                                      (const char *const *)service->config->export_paths,
                                      "ExportDirectory", error);
}

static gboolean
check_owner (const CairnSnapshot *snapshot, const CairnVm *vm, GError **error)
{
  if (g_ascii_strcasecmp (snapshot->point->vm_guid, vm->guid) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "recovery checkpoint '%s' isn't one of VM '%s'; name one of its own",
               snapshot->instance_id, vm->name);
  return FALSE;
}

static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  Arguments *arguments = user;
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (CairnSnapshot) snapshot = NULL;
  g_autoptr (CairnPoint) base = NULL;

  if (!check_directory (arguments, service, error))
    return FALSE;
  vm = cairn_service_get_vm (service, arguments->vm, error);
  snapshot = vm ? cairn_service_get_snapshot (service, arguments->snapshot, error) : NULL;
  if (!snapshot || !check_owner (snapshot, vm, error))
    return FALSE;
  base = arguments->base ? cairn_service_find_point (service, arguments->base, error) : NULL;
  if (arguments->base && !base)
    return FALSE;
  if (arguments->has_subdirectory)
    add_subdirectory (arguments, vm);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, vm->guid, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_SNAPSHOT, snapshot->instance_id,
                     CAIRN_JOB_EFFECT_OTHER);
  return TRUE;
}

/* ---- its disks ---- */

/* Clients name disks by path, target or InstanceID. */
static gboolean
is_named (const CairnSnapshot *snapshot, const CairnVm *vm, const CairnFrozenDisk *disk,
          const char *name)
{
  const CairnDisk *now = cairn_vm_find_disk (vm, disk->identifier);
  g_autofree char *id = cairn_part_snapshot_disk_id (snapshot, disk->identifier);
  g_autofree char *plain = cairn_reference_plain (name);

  return g_str_equal (name, disk->address) || g_str_equal (name, disk->target)
         || (now && g_str_equal (name, now->path))
         || g_ascii_strcasecmp (plain, disk->identifier) == 0
         || g_ascii_strcasecmp (plain, id) == 0;
}

static gboolean
check_excluded (const Arguments *arguments, const CairnSnapshot *snapshot, const CairnVm *vm,
                GError **error)
{
  for (char **name = arguments->excluded; name && *name; name++)
    {
      gboolean is_there = FALSE;

      for (guint i = 0; i < snapshot->disks->len && !is_there; i++)
        is_there = is_named (snapshot, vm, snapshot->disks->pdata[i], *name);
      if (is_there)
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "ExcludedVirtualHardDisks names '%.200s', and recovery checkpoint '%s' has no "
                   "such disk; give the path, the target or the InstanceID of one it has",
                   *name, snapshot->instance_id);
      return FALSE;
    }
  return TRUE;
}

/* The identifiers of those to be copied, NULL-ended, borrowed from SNAPSHOT; NULL with an error. */
static GPtrArray *
choose_disks (const Arguments *arguments, const CairnSnapshot *snapshot, const CairnVm *vm,
              GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();

  if (!check_excluded (arguments, snapshot, vm, error))
    return NULL;
  for (guint i = 0; arguments->has_storage && i < snapshot->disks->len; i++)
    {
      CairnFrozenDisk *disk = snapshot->disks->pdata[i];
      gboolean is_excluded = FALSE;

      for (char **name = arguments->excluded; name && *name && !is_excluded; name++)
        is_excluded = is_named (snapshot, vm, disk, *name);
      if (!is_excluded)
        g_ptr_array_add (chosen, disk->identifier);
    }
  g_ptr_array_add (chosen, NULL);
  return g_steal_pointer (&chosen);
}

static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  CairnBackupOptions options = { .since = arguments->base };
  g_autoptr (CairnVm) vm = cairn_service_get_vm (service, arguments->vm, error);
  g_autoptr (CairnSnapshot) snapshot
      = vm ? cairn_service_get_snapshot (service, arguments->snapshot, error) : NULL;
  g_autoptr (GPtrArray) disks = snapshot ? choose_disks (arguments, snapshot, vm, error) : NULL;

  if (!disks)
    return FALSE;
  if (!arguments->has_storage || arguments->excluded)
    options.disks = (const char *const *)disks->pdata;
  return cairn_service_export_snapshot (service, arguments->snapshot, arguments->directory,
                                        &options, NULL, error);
}

gboolean
cairn_invoke_export_system (CimCall *call, const CimInstance *object, const CimInstance *in,
                            CimInstance *out, uint32_t *return_value, char **message,
                            GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_EXPORT_VM, cairn_return_vendor, prepare, run };
  Arguments *arguments = g_new0 (Arguments, 1);
  GError *cause = NULL;

  arguments->vm = cairn_reference_vm (call, in, "ComputerSystem", &cause);
  arguments->directory = g_strdup (cim_instance_text (in, "ExportDirectory"));
  if (!arguments->vm || !take_settings (in, arguments, &cause))
    {
      free_arguments (arguments);
      *return_value = cairn_method_refuse (method.table, cause, message);
      return TRUE;
    }
  *return_value = cairn_method_run (call, &method, arguments, free_arguments, out, NULL, message);
  return TRUE;
}
