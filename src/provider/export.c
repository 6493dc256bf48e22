/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ExportReferencePoint. */
#include <cairn/backup.h>
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/points.h"
#include "provider/reference.h"
#include "refpoint/engine.h"
#include "refpoint/path.h"

typedef struct
{
  char *point;
  char *directory;
  char *base;   /* InstanceID; NULL = none */
  char **disks; /* VirtualDiskIdentifiers; NULL = all */
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->point);
  g_free (arguments->directory);
  g_free (arguments->base);
  g_strfreev (arguments->disks);
  g_free (arguments);
}

static gboolean
take_settings (const CimInstance *in, Arguments *arguments, GError **error)
{
  g_autoptr (CimInstance) settings = NULL;
  const CimValue *disks;
  GError *cause = NULL;

  if (!cairn_method_take_settings (in, "ExportSettingData",
                                   "Msvm_VirtualSystemReferencePointExportSettingData", &settings,
                                   error))
    return FALSE;
  if (!settings)
    return TRUE;
  disks = cim_instance_get (settings, "DisksToExport");
  if (disks->is_set && disks->n > 0)
    {
      arguments->disks = g_new0 (char *, disks->n + 1);
      for (guint i = 0; i < disks->n; i++)
        arguments->disks[i] = cairn_reference_plain (disks->texts[i]);
    }
  arguments->base
      = cairn_reference_in_text (settings, "BaseReferencePoint", CAIRN_POINT_CLASS, &cause);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static void
tell_job (CairnJob *job, const Arguments *arguments, const CairnPoint *point,
          const CairnPoint *base)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (!arguments->disks
          || g_strv_contains ((const char *const *)arguments->disks, anchor->disk_identifier))
        g_ptr_array_add (disks, anchor->disk_identifier);
    }
  g_ptr_array_add (disks, NULL);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, point->vm_guid, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, point->instance_id, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_set_export (job, arguments->directory, point->vm_guid, point->guid,
                        base ? base->guid : NULL, (const char *const *)disks->pdata);
}

static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (CairnPoint) base = NULL;

  if (!cairn_path_check_syntax (arguments->directory, "ExportDirectory", error)
      || !cairn_path_check_allowed (arguments->directory,
                                    (const char *const *)service->config->export_paths,
                                    "ExportDirectory", error))
    return FALSE;
  point = cairn_service_find_point (service, arguments->point, error);
  base = point && arguments->base ? cairn_service_find_point (service, arguments->base, error)
                                  : NULL;
  if (!point || (arguments->base && !base))
    return FALSE;
  tell_job (job, arguments, point, base);
  return TRUE;
}

static void
tell_logs (CairnJob *job, const CairnBackup *backup)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();

  for (guint i = 0; i < backup->files->len; i++)
    {
      const CairnBackupFile *file = backup->files->pdata[i];

      g_ptr_array_add (disks, file->identifier);
      g_ptr_array_add (paths, file->path);
    }
  cairn_job_set_exported (job, backup->config_file_path, backup->runtime_file_path);
  cairn_job_set_exported_logs (job, disks, paths);
}

static gboolean
export_log (CairnJob *job, CairnService *service, const Arguments *arguments, GError **error)
{
  const CairnBackupOptions options
      = { .since = arguments->base, .disks = (const char *const *)arguments->disks };
  g_autoptr (CairnBackup) backup = NULL;

  if (!cairn_service_export_log (service, arguments->point, arguments->directory, &options, &backup,
                                 error))
    return FALSE;
  tell_logs (job, backup);
  return TRUE;
}

/* A log-based point without data has no more than its pair of files. */
static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, arguments->point, error);
  g_autoptr (CairnExport) result = NULL;

  if (!point)
    return FALSE;
  if (point->type == CAIRN_POINT_TYPE_LOG && (arguments->base || point->has_associated_data))
    return export_log (job, service, arguments, error);
  if (!cairn_service_export_reference_point (service, arguments->point, arguments->directory,
                                             (const char *const *)arguments->disks, &result, NULL,
                                             error))
    return FALSE;
  cairn_job_set_exported (job, result->config_file_path, result->runtime_file_path);
  return TRUE;
}

gboolean
cairn_invoke_export (CimCall *call, const CimInstance *object, const CimInstance *in,
                     CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_EXPORT_POINT, cairn_return_vendor, prepare, run };
  GError *cause = NULL;
  Arguments *arguments = g_new0 (Arguments, 1);

  arguments->point = cairn_reference_point (call, in, "ReferencePoint", &cause);
  arguments->directory = g_strdup (cim_instance_text (in, "ExportDirectory"));
  if (!arguments->point || !take_settings (in, arguments, &cause))
    {
      free_arguments (arguments);
      *return_value = cairn_method_refuse (method.table, cause, message);
      return TRUE;
    }
  *return_value = cairn_method_run (call, &method, arguments, free_arguments, out, NULL, message);
  return TRUE;
}
