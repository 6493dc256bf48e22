/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job's record as an instance. */
#include "provider/job-instance.h"

#include <cairn/error.h>

#include "cim/embedded.h"
#include "provider/points.h"

/* Msvm_Error */
#define ERROR_TYPE_SOFTWARE 4u
#define SEVERITY_HIGH       4u

/* OperationalStatus */
#define STATUS_OK        2u
#define STATUS_ERROR     6u
#define STATUS_COMPLETED 17u

#define LOCAL_OR_UTC_UTC 2u

static const struct
{
  CairnJobType type;
  const char *caption;
} captions[] = {
  { CAIRN_JOB_EXPORT_VM, "Export Virtual Machine" },
  { CAIRN_JOB_CREATE_SNAPSHOT, "Snapshot Virtual Machine" },
  { CAIRN_JOB_DESTROY_SNAPSHOT, "Delete Snapshot" },
  { CAIRN_JOB_CONVERT_SNAPSHOT, "Convert Snapshot to Reference Point" },
  { CAIRN_JOB_CREATE_POINT, "Create Reference Point" },
  { CAIRN_JOB_DESTROY_POINT, "Delete Reference Point" },
  { CAIRN_JOB_EXPORT_POINT, "Export Reference Point" },
  { CAIRN_JOB_REMOVE_DATA, "Remove Associated Data" },
  { CAIRN_JOB_IMPORT_POINT, "Import Reference Point metadata" },
};

static const struct
{
  CairnJobState state;
  const char *status;
  uint64_t operational;
} states[] = {
  { CAIRN_JOB_RUNNING, "Job is running", STATUS_OK },
  { CAIRN_JOB_COMPLETED, "Job has completed successfully", STATUS_COMPLETED },
  { CAIRN_JOB_TERMINATED, "Job was terminated", STATUS_ERROR },
  { CAIRN_JOB_EXCEPTION, "Job failed", STATUS_ERROR },
};

const char *
cairn_job_caption (const CairnJobRecord *record)
{
  for (guint i = 0; i < G_N_ELEMENTS (captions); i++)
    if (captions[i].type == record->type)
      return captions[i].caption;
  return "Job";
}

/* The place of the record's state in the table. */
static guint
state_of (const CairnJobRecord *record)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (states) - 1 && states[i].state != record->state)
    i++;
  return i;
}

const char *
cairn_job_status (const CairnJobRecord *record)
{
  return states[state_of (record)].status;
}

const CimClass *
cairn_job_class (const CairnJobRecord *record)
{
  return cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                          record->type == CAIRN_JOB_EXPORT_POINT ? CAIRN_EXPORT_JOB
                                                                 : "Msvm_ConcreteJob");
}

static void
set_state (CimInstance *job, const CairnJobRecord *record)
{
  guint i = state_of (record);
  uint64_t operational[2] = { STATUS_OK };
  const char *descriptions[2] = { "OK" };
  gboolean has_two;

  operational[0] = states[i].operational == STATUS_ERROR ? STATUS_ERROR : STATUS_OK;
  operational[1] = states[i].operational;
  has_two = operational[1] == STATUS_COMPLETED;
  descriptions[has_two] = states[i].status;
  cim_instance_set_number (job, "JobState", record->state);
  cim_instance_set_text (job, "JobStatus", states[i].status);
  cim_instance_set_numbers (job, "OperationalStatus", operational, has_two ? 2 : 1);
  cim_instance_set_texts (job, "StatusDescriptions", descriptions, has_two ? 2 : 1);
  cim_instance_set_text (job, "Status", operational[0] == STATUS_OK ? "OK" : "Error");
  cim_instance_set_number (job, "HealthState", operational[0] == STATUS_OK ? 5 : 25);
  cim_instance_set_number (job, "PercentComplete", record->percent);
  cim_instance_set_number (job, "ErrorCode", record->error_code);
  cim_instance_set_text (job, "ErrorDescription", record->error);
  cim_instance_set_text (job, "ErrorSummaryDescription", record->error);
}

static void
set_times (CimInstance *job, const CairnJobRecord *record)
{
  int64_t now_ms = g_get_real_time () / 1000;

  cim_instance_set_time (job, "TimeSubmitted", record->start_ms);
  cim_instance_set_time (job, "StartTime", record->start_ms);
  cim_instance_set_interval (job, "ElapsedTime",
                             (record->end_ms ? record->end_ms : now_ms) - record->start_ms);
  cim_instance_set_time (job, "TimeOfLastStateChange", record->changed_ms);
  cim_instance_set_interval (job, "TimeBeforeRemoval", CAIRN_JOB_RETENTION_MS);
  cim_instance_set_number (job, "LocalOrUtcTime", LOCAL_OR_UTC_UTC);
}

static void
set_export (CimInstance *job, const CairnJobRecord *record)
{
  const GPtrArray *disks = record->exported_disks, *logs = record->exported_log_paths;

  cim_instance_set_text (job, "ExportDirectory", record->export_directory);
  cim_instance_set_text (job, "VirtualMachineId", record->vm_guid);
  cim_instance_set_text (job, "ReferencePointId", record->point_guid);
  cim_instance_set_text (job, "BaseReferencePointId", record->base_guid);
  cim_instance_set_text (job, "ExportedConfigFilePath", record->config_file_path);
  cim_instance_set_text (job, "ExportedRuntimeFilePath", record->runtime_file_path);
  if (disks)
    cim_instance_set_texts (job, "ExportedDisks", (const char *const *)disks->pdata, disks->len);
  if (logs->len > 0)
    cim_instance_set_texts (job, "ExportedLogFilePaths", (const char *const *)logs->pdata,
                            logs->len);
}

CimInstance *
cairn_job_instance (const CimClass *class, const CairnJobRecord *record)
{
  CimInstance *job = cim_instance_new (class);
  const char *caption = cairn_job_caption (record);

  cim_instance_set_text (job, "InstanceID", record->id);
  cim_instance_set_text (job, "Caption", caption);
  cim_instance_set_text (job, "Description", caption);
  cim_instance_set_text (job, "ElementName", caption);
  cim_instance_set_text (job, "Name", caption);
  cim_instance_set_text (job, "Owner", record->owner);
  cim_instance_set_number (job, "JobRunTimes", 1);
  cim_instance_set_boolean (job, "DeleteOnCompletion", TRUE);
  cim_instance_set_boolean (job, "Cancellable",
                            record->is_cancellable && record->state == CAIRN_JOB_RUNNING);
  if (cim_class_find_property (class, "JobType") >= 0)
    cim_instance_set_number (job, "JobType", record->type);
  set_state (job, record);
  set_times (job, record);
  if (g_str_equal (class->name, CAIRN_EXPORT_JOB))
    set_export (job, record);
  return job;
}

char *
cairn_job_error_text (const CairnJobRecord *record)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, "Msvm_Error");
  g_autoptr (CimInstance) one = NULL;
  g_autofree char *id = NULL;
  g_autoptr (GError) as_error = NULL;
  GString *text;

  if (record->error_code == 0)
    return NULL;
  one = cim_instance_new (class);
  id = g_strdup_printf ("%u", record->error_code);
  as_error = g_error_new_literal (CAIRN_ERROR, (int)record->error_code, "");
  cim_instance_set_number (one, "ErrorType", ERROR_TYPE_SOFTWARE);
  cim_instance_set_text (one, "OwningEntity", "Cairn");
  cim_instance_set_text (one, "MessageID", id);
  cim_instance_set_text (one, "Message", record->error);
  cim_instance_set_number (one, "PerceivedSeverity", SEVERITY_HIGH);
  cim_instance_set_text (one, "ErrorSource", cairn_job_caption (record));
  cim_instance_set_number (one, "ErrorSourceFormat", 0);
  cim_instance_set_number (one, "CIMStatusCode", cim_error_status (as_error));
  text = g_string_new (NULL);
  cim_embedded_append (text, one);
  return g_string_free (text, FALSE);
}
