/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CreateSnapshot: of recovery checkpoints alone. */
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/reference.h"
#include "provider/snapshots.h"

/* SnapshotType */
#define TYPE_RECOVERY    32768u

#define GUEST_BACKUP_MAX 2u

typedef struct
{
  char *vm;
  char *label; /* NULL = none */
  CairnFreezeOptions options;
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
check_type (const CimInstance *in, GError **error)
{
  const CimValue *type = cim_instance_get (in, "SnapshotType");

  if (!type->is_set)
    g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                         "SnapshotType is missing; give 32768, which makes a recovery checkpoint");
  else if (type->number != TYPE_RECOVERY)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "SnapshotType %" G_GUINT64_FORMAT " isn't supported; give 32768, which makes a "
                 "recovery checkpoint, or use virsh for snapshots to go back to",
                 type->number);
  else
    return TRUE;
  return FALSE;
}

/* What the disks are like isn't up to the client, and QEMU's guest agent knows one kind of backup.
 */
static gboolean
take_settings (const CimInstance *in, Arguments *arguments, GError **error)
{
  g_autoptr (CimInstance) settings = NULL;
  uint64_t backup;

  if (!cairn_method_take_settings (in, "SnapshotSettings", "Msvm_VirtualSystemSnapshotSettingData",
                                   &settings, error))
    return FALSE;
  if (!settings)
    return TRUE;
  arguments->label = g_strdup (cim_instance_text (settings, "ElementName"));
  arguments->options.label = arguments->label;
  backup = cim_instance_number (settings, "GuestBackupType", 0);
  if (backup <= GUEST_BACKUP_MAX)
    return cairn_method_take_consistency (settings, &arguments->options.consistency, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "GuestBackupType %" G_GUINT64_FORMAT
               " of the settings isn't known; give 1 (full) or "
               "2 (copy)",
               backup);
  return FALSE;
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
  g_autoptr (CairnSnapshot) snapshot = NULL;

  if (!cairn_service_create_snapshot (service, arguments->vm, &arguments->options, &snapshot,
                                      error))
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_SNAPSHOT, snapshot->instance_id,
                     CAIRN_JOB_EFFECT_CREATE);
  return TRUE;
}

static void
set_result (CimInstance *out, const CairnJobRecord *record)
{
  for (guint i = 0; record && i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];
      const CimKey keys[] = { { .name = "InstanceID", .text = element->id } };

      if (element->kind == CAIRN_JOB_ELEMENT_SNAPSHOT)
        cairn_reference_set (out, "ResultingSnapshot", CAIRN_SETTINGS_CLASS, keys, 1);
    }
}

gboolean
cairn_invoke_create_snapshot (CimCall *call, const CimInstance *object, const CimInstance *in,
                              CimInstance *out, uint32_t *return_value, char **message,
                              GError **error)
{
  static const CairnMethod method
      = { CAIRN_JOB_CREATE_SNAPSHOT, cairn_return_dmtf, prepare, run, .always_a_job = TRUE };
  Arguments *arguments = g_new0 (Arguments, 1);
  g_autoptr (CairnJobRecord) record = NULL;
  GError *cause = NULL;

  arguments->options.owner = "";
  arguments->options.lease_ms
      = (int64_t)cairn_backend_lease_seconds (cairn_backend_of (call)) * 1000;
  arguments->vm = cairn_reference_vm (call, in, "AffectedSystem", &cause);
  if (!arguments->vm || !check_type (in, &cause) || !take_settings (in, arguments, &cause))
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
