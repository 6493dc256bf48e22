/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two ends of a recovery checkpoint: ConvertToReferencePoint and DestroySnapshot. */
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/reference.h"
#include "provider/snapshots.h"
#include "refpoint/rename.h"

typedef struct
{
  char *snapshot;
  char *label; /* of the point; NULL or "" = the checkpoint's own */
  char *owner; /* who asks */
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->snapshot);
  g_free (arguments->label);
  g_free (arguments->owner);
  g_free (arguments);
}

static Arguments *
new_arguments (CimCall *call, char *snapshot)
{
  Arguments *arguments = g_new0 (Arguments, 1);

  arguments->snapshot = snapshot;
  arguments->owner = g_strdup (call->caller->name);
  return arguments;
}

/* ---- ConvertToReferencePoint ---- */

/* The level was settled when the checkpoint was made: the point's own says which it was. */
static gboolean
take_settings (const CimInstance *in, Arguments *arguments, GError **error)
{
  g_autoptr (CimInstance) settings = NULL;
  CairnConsistency unused;

  if (!cairn_method_take_settings (in, "ReferencePointSettings",
                                   "Msvm_VirtualSystemReferencePointSettingData", &settings, error))
    return FALSE;
  if (!settings)
    return TRUE;
  arguments->label = g_strdup (cim_instance_text (settings, "ElementName"));
  return cairn_method_take_consistency (settings, &unused, error);
}

/* The checkpoint must be there; so its job knows its VM. */
static gboolean
prepare_convert (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnSnapshot) snapshot
      = cairn_service_get_snapshot (service, arguments->snapshot, error);

  if (snapshot)
    cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, snapshot->point->vm_guid, CAIRN_JOB_EFFECT_OTHER);
  return snapshot != NULL;
}

static gboolean
run_convert (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnPoint) point = NULL;

  if (arguments->label && *arguments->label
      && !cairn_service_rename_snapshot (service, arguments->snapshot, arguments->label, error))
    return FALSE;
  if (!cairn_service_convert_to_reference_point (service, arguments->snapshot, &point, error))
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, point->instance_id, CAIRN_JOB_EFFECT_CREATE);
  return TRUE;
}

static void
set_result (CimInstance *out, const CairnJobRecord *record)
{
  const CairnJobElement *vm = record && record->elements->len ? record->elements->pdata[0] : NULL;

  for (guint i = 0; vm && i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];
      const CimKey keys[] = { { .name = "InstanceID", .text = element->id },
                              { .name = "VirtualSystemIdentifier", .text = vm->id } };

      if (element->kind == CAIRN_JOB_ELEMENT_POINT)
        cairn_reference_set (out, "ResultingReferencePoint", CAIRN_POINT_CLASS, keys, 2);
    }
}

gboolean
cairn_invoke_convert (CimCall *call, const CimInstance *object, const CimInstance *in,
                      CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_CONVERT_SNAPSHOT, cairn_return_dmtf,
                                      prepare_convert, run_convert, .always_a_job = TRUE };
  GError *cause = NULL;
  char *snapshot = cairn_reference_snapshot (call, in, "AffectedSnapshot", &cause);
  Arguments *arguments = new_arguments (call, snapshot);
  g_autoptr (CairnJobRecord) record = NULL;

  if (!snapshot || !take_settings (in, arguments, &cause))
    {
      free_arguments (arguments);
      *return_value = cairn_method_refuse (method.table, cause, message);
      return TRUE;
    }
  *return_value
      = cairn_method_run (call, &method, arguments, free_arguments, out, &record, message);
  set_result (out, record);
  return TRUE;
}

/* ---- DestroySnapshot ---- */

static gboolean
prepare_destroy (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnSnapshot) snapshot
      = cairn_service_get_snapshot (service, arguments->snapshot, error);

  if (!snapshot)
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, snapshot->point->vm_guid, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_SNAPSHOT, snapshot->instance_id,
                     CAIRN_JOB_EFFECT_OTHER);
  return TRUE;
}

static gboolean
run_destroy (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;

  return cairn_service_destroy_snapshot (service, arguments->snapshot, arguments->owner, FALSE,
                                         error);
}

static uint32_t
destroy (CimCall *call, const CimInstance *in, const char *name, CairnReturnTable table,
         CimInstance *out, char **message)
{
  const CairnMethod method = { CAIRN_JOB_DESTROY_SNAPSHOT, table, prepare_destroy, run_destroy };
  GError *cause = NULL;
  char *snapshot = cairn_reference_snapshot (call, in, name, &cause);

  if (!snapshot)
    return cairn_method_refuse (table, cause, message);
  return cairn_method_run (call, &method, new_arguments (call, snapshot), free_arguments, out, NULL,
                           message);
}

gboolean
cairn_invoke_destroy_snapshot (CimCall *call, const CimInstance *object, const CimInstance *in,
                               CimInstance *out, uint32_t *return_value, char **message,
                               GError **error)
{
  *return_value = destroy (call, in, "AffectedSnapshot", cairn_return_dmtf, out, message);
  return TRUE;
}

/* Nothing descends from a recovery checkpoint. */
gboolean
cairn_invoke_destroy_tree (CimCall *call, const CimInstance *object, const CimInstance *in,
                           CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  *return_value = destroy (call, in, "SnapshotSettingData", cairn_return_vendor, out, message);
  return TRUE;
}
