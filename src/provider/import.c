/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ImportReferencePointMetadata. */
#include "provider/method.h"
#include "provider/points.h"
#include "provider/reference.h"
#include "refpoint/pair.h"

typedef struct
{
  char *vm;
  GError *no_vm; /* why not: told in its turn, after the paths */
  char *config_path, *runtime_path;
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->vm);
  g_clear_error (&arguments->no_vm);
  g_free (arguments->config_path);
  g_free (arguments->runtime_path);
  g_free (arguments);
}

static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  Arguments *arguments = user;
  g_autoptr (CairnVm) vm = NULL;

  if (!cairn_pair_check_paths (service, arguments->config_path, arguments->runtime_path, error))
    return FALSE;
  if (arguments->no_vm)
    return g_propagate_error (error, g_steal_pointer (&arguments->no_vm)), FALSE;
  vm = cairn_service_get_vm (service, arguments->vm, error);
  if (!vm
      || !cairn_pair_check_access (service, arguments->config_path, arguments->runtime_path, error))
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, vm->guid, CAIRN_JOB_EFFECT_OTHER);
  return TRUE;
}

static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnImport) result = NULL;

  if (!cairn_service_import_reference_point_metadata (
          service, arguments->vm, arguments->config_path, arguments->runtime_path, NULL, &result,
          NULL, error))
    return FALSE;
  for (guint i = 0; i < result->instance_ids->len; i++)
    cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, result->instance_ids->pdata[i],
                       CAIRN_JOB_EFFECT_CREATE);
  return TRUE;
}

gboolean
cairn_invoke_import (CimCall *call, const CimInstance *object, const CimInstance *in,
                     CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_IMPORT_POINT, cairn_return_vendor, prepare, run };
  Arguments *arguments = g_new0 (Arguments, 1);

  arguments->vm = cairn_reference_vm (call, in, "AffectedSystem", &arguments->no_vm);
  arguments->config_path = g_strdup (cim_instance_text (in, "ConfigFilePath"));
  arguments->runtime_path = g_strdup (cim_instance_text (in, "RuntimeStateFilePath"));
  *return_value = cairn_method_run (call, &method, arguments, free_arguments, out, NULL, message);
  return TRUE;
}
