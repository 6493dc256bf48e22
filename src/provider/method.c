/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods as orders to the job queue. */
#include "provider/method.h"

#include <cairn/error.h>

#include "cim/embedded.h"
#include "provider/element.h"
#include "provider/job-instance.h"
#include "provider/reference.h"

#define JOB_STARTED 4096u

uint32_t
cairn_return_vendor (int code)
{
  return (uint32_t)(code == CAIRN_ERROR_FILE_NOT_FOUND ? CAIRN_ERROR_INVALID_PARAMETER : code);
}

uint32_t
cairn_return_dmtf (int code)
{
  static const struct
  {
    int code;
    uint32_t value;
  } table[] = {
    { CAIRN_ERROR_NOT_SUPPORTED, 1 },       { CAIRN_ERROR_TIMEOUT, 3 },
    { CAIRN_ERROR_INVALID_PARAMETER, 4 },   { CAIRN_ERROR_FILE_NOT_FOUND, 4 },
    { CAIRN_ERROR_SYSTEM_IN_USE, 5 },       { CAIRN_ERROR_INVALID_STATE, 5 },
    { CAIRN_ERROR_INCORRECT_DATA_TYPE, 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].code == code)
      return table[i].value;
  return 2;
}

uint32_t
cairn_method_refuse (CairnReturnTable table, GError *error, char **message)
{
  g_autoptr (GError) cause = error;

  *message = g_strdup (cause->message);
  return table (cause->domain == CAIRN_ERROR ? cause->code : CAIRN_ERROR_INVALID_PARAMETER);
}

gboolean
cairn_method_take_settings (const CimInstance *in, const char *name, const char *class_name,
                            CimInstance **settings, GError **error)
{
  const char *text = cim_instance_text (in, name);

  if (!text || !*text)
    return TRUE;
  *settings = cim_embedded_parse (cim_schema_get (), cairn_class_find (class_name), text, error);
  return *settings != NULL;
}

gboolean
cairn_method_take_consistency (const CimInstance *settings, CairnConsistency *consistency,
                               GError **error)
{
  uint64_t level = cim_instance_number (settings, "ConsistencyLevel", 0);

  *consistency = (CairnConsistency)level;
  if (level == 0 || level == CAIRN_CONSISTENCY_APPLICATION || level == CAIRN_CONSISTENCY_CRASH)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "ConsistencyLevel %" G_GUINT64_FORMAT " of the settings isn't known; give 1 "
               "(application) or 2 (crash)",
               level);
  return FALSE;
}

/* Clients that retry look for 32775 in the job of a method that says "invalid state" when busy. */
static guint
code_of_dmtf_job (const GError *error)
{
  return error->code == CAIRN_ERROR_SYSTEM_IN_USE ? CAIRN_ERROR_INVALID_STATE : (guint)error->code;
}

static guint
code_of_vendor_job (const GError *error)
{
  return cairn_return_vendor (error->code);
}

static void
set_job (CimInstance *out, const CairnJobRecord *record)
{
  const CimKey keys[] = { { .name = "InstanceID", .text = record->id } };

  cairn_reference_set (out, "Job", cairn_job_class (record)->name, keys, 1);
}

uint32_t
cairn_method_run (CimCall *call, const CairnMethod *method, gpointer arguments,
                  GDestroyNotify free_arguments, CimInstance *out, CairnJobRecord **record,
                  char **message)
{
  const CairnJobOrder order = {
    .type = method->type,
    .prepare = method->prepare,
    .run = method->run,
    .always_a_job = method->always_a_job,
    .error_code = method->table == cairn_return_dmtf ? code_of_dmtf_job : code_of_vendor_job,
    .user = arguments,
    .free_user = free_arguments,
    .caller = call->caller,
  };
  g_autoptr (CairnJobRecord) made = NULL;
  GError *cause = NULL;
  CairnJobOutcome outcome
      = cairn_jobs_run (cairn_backend_jobs (cairn_backend_of (call)), &order, &made, &cause);

  if (outcome == CAIRN_JOB_OUTCOME_FAILED)
    return cairn_method_refuse (method->table, cause, message);
  if (outcome == CAIRN_JOB_OUTCOME_STARTED)
    set_job (out, made);
  if (record)
    *record = g_steal_pointer (&made);
  return outcome == CAIRN_JOB_OUTCOME_STARTED ? JOB_STARTED : 0;
}
