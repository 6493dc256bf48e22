/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CreateReferencePoint. */
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/points.h"
#include "provider/reference.h"

/* ReferencePointType of the method (the point's property has other numbers): clients send 1 and 2
 * for RCT. */
#define TYPE_LOG   0u
#define TYPE_RCT   1u
#define TYPE_RCT_2 2u

typedef struct
{
  char *vm;
  char *label; /* NULL = none */
  CairnCreateOptions options;
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->vm);
  g_free (arguments->label);
  g_free (arguments);
}

static gboolean
take_type (const CimInstance *in, Arguments *arguments, GError **error)
{
  uint64_t type = cim_instance_number (in, "ReferencePointType", TYPE_RCT);

  arguments->options.type = type == TYPE_LOG ? CAIRN_POINT_TYPE_LOG : CAIRN_POINT_TYPE_RCT;
  if (type == TYPE_LOG || type == TYPE_RCT || type == TYPE_RCT_2)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "ReferencePointType %" G_GUINT64_FORMAT
               " isn't known; give 0 for a log-based point, "
               "or 1 or 2, which both mean resilient change tracking",
               type);
  return FALSE;
}

static gboolean
take_settings (const CimInstance *in, Arguments *arguments, GError **error)
{
  g_autoptr (CimInstance) settings = NULL;

  if (!cairn_method_take_settings (in, "ReferencePointSettings",
                                   "Msvm_VirtualSystemReferencePointSettingData", &settings, error))
    return FALSE;
  if (!settings)
    return TRUE;
  arguments->label = g_strdup (cim_instance_text (settings, "ElementName"));
  arguments->options.label = arguments->label;
  return cairn_method_take_consistency (settings, &arguments->options.consistency, error);
}

static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnVm) vm = cairn_service_get_vm (service, arguments->vm, error);

  if (vm)
    cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, vm->guid, CAIRN_JOB_EFFECT_OTHER);
  return vm != NULL;
}

static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnPoint) point = NULL;

  if (!cairn_service_create_reference_point (service, arguments->vm, &arguments->options, &point,
                                             NULL, error))
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, point->instance_id, CAIRN_JOB_EFFECT_CREATE);
  return TRUE;
}

static void
set_result (CimInstance *out, const CairnJobRecord *record, const char *vm)
{
  for (guint i = 0; i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];
      const CimKey keys[] = { { .name = "InstanceID", .text = element->id },
                              { .name = "VirtualSystemIdentifier", .text = vm } };

      if (element->kind == CAIRN_JOB_ELEMENT_POINT)
        cairn_reference_set (out, "ResultingReferencePoint", CAIRN_POINT_CLASS, keys, 2);
    }
}

gboolean
cairn_invoke_create (CimCall *call, const CimInstance *object, const CimInstance *in,
                     CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_CREATE_POINT, cairn_return_dmtf, prepare, run };
  Arguments *arguments = g_new0 (Arguments, 1);
  g_autoptr (CairnJobRecord) record = NULL;
  g_autofree char *vm = NULL;
  GError *cause = NULL;

  arguments->options.owner = "";
  arguments->vm = cairn_reference_vm (call, in, "AffectedSystem", &cause);
  if (!arguments->vm || !take_type (in, arguments, &cause)
      || !take_settings (in, arguments, &cause))
    {
      free_arguments (arguments);
      *return_value = cairn_method_refuse (method.table, cause, message);
      return TRUE;
    }
  vm = g_strdup (arguments->vm);
  *return_value
      = cairn_method_run (call, &method, arguments, free_arguments, out, &record, message);
  if (*return_value == 0)
    set_result (out, record, vm);
  return TRUE;
}
