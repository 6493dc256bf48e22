/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of a job. */
#include <cairn/error.h>

#include "provider/job-instance.h"
#include "provider/points.h"

/* RequestedState */
#define STATE_TERMINATE 4u
#define STATE_KILL      5u

/* What RequestStateChange returns, in the two classes' tables. */
typedef struct
{
  uint32_t not_supported, invalid_transition;
} StateTable;

static CairnJobRecord *
record_of (CimCall *call, const CimInstance *job)
{
  return cairn_jobs_get (cairn_backend_jobs (cairn_backend_of (call)),
                         cim_instance_text (job, "InstanceID"));
}

gboolean
cairn_invoke_job_error (CimCall *call, const CimInstance *object, const CimInstance *in,
                        CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  g_autoptr (CairnJobRecord) record = record_of (call, object);
  g_autofree char *text = record ? cairn_job_error_text (record) : NULL;

  cim_instance_set_text (out, "Error", text);
  *return_value = 0;
  return TRUE;
}

gboolean
cairn_invoke_job_error_ex (CimCall *call, const CimInstance *object, const CimInstance *in,
                           CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  g_autoptr (CairnJobRecord) record = record_of (call, object);
  g_autofree char *text = record ? cairn_job_error_text (record) : NULL;
  const char *const texts[] = { text };

  cim_instance_set_texts (out, "Errors", text ? texts : NULL, text ? 1 : 0);
  *return_value = 0;
  return TRUE;
}

gboolean
cairn_invoke_job_state (CimCall *call, const CimInstance *object, const CimInstance *in,
                        CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const StateTable tables[] = {
    { 1, 4097 },
    { CAIRN_ERROR_NOT_SUPPORTED, CAIRN_ERROR_INVALID_STATE },
  };
  const StateTable *table = &tables[g_str_equal (object->class->name, CAIRN_EXPORT_JOB)];
  const char *id = cim_instance_text (object, "InstanceID");
  uint64_t state = cim_instance_number (in, "RequestedState", 0);

  if (state != STATE_TERMINATE && state != STATE_KILL)
    {
      *return_value = table->not_supported;
      *message = g_strdup_printf ("job %s can only be terminated (RequestedState 4)", id);
    }
  else if (!cairn_jobs_terminate (cairn_backend_jobs (cairn_backend_of (call)), id))
    {
      *return_value = table->invalid_transition;
      *message = g_strdup_printf ("job %s has ended, or can't be undone any more; look at its "
                                  "JobState",
                                  id);
    }
  else
    *return_value = 0;
  return TRUE;
}
