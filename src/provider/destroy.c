/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DestroyReferencePoint and RemoveAssociatedData. */
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/points.h"
#include "provider/reference.h"
#include "refpoint/engine.h"

typedef struct
{
  char *point;
  char *owner;
} Arguments;

static void
free_arguments (gpointer data)
{
  Arguments *arguments = data;

  g_free (arguments->point);
  g_free (arguments->owner);
  g_free (arguments);
}

/* The point must be there; so its job knows it, and its VM. */
static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, arguments->point, error);

  if (!point)
    return FALSE;
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, point->vm_guid, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, point->instance_id, CAIRN_JOB_EFFECT_OTHER);
  return TRUE;
}

static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;

  return cairn_service_destroy_reference_point (service, arguments->point, arguments->owner, FALSE,
                                                error);
}

gboolean
cairn_invoke_destroy (CimCall *call, const CimInstance *object, const CimInstance *in,
                      CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method = { CAIRN_JOB_DESTROY_POINT, cairn_return_vendor, prepare, run };
  GError *cause = NULL;
  char *point = cairn_reference_point (call, in, "AffectedReferencePoint", &cause);
  Arguments *arguments;

  if (!point)
    {
      *return_value = cairn_method_refuse (method.table, cause, message);
      return TRUE;
    }
  arguments = g_new0 (Arguments, 1);
  arguments->point = point;
  arguments->owner = g_strdup (call->caller->name);
  *return_value = cairn_method_run (call, &method, arguments, free_arguments, out, NULL, message);
  return TRUE;
}

/* ---- RemoveAssociatedData ---- */

static gboolean
run_remove_data (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Arguments *arguments = user;

  return cairn_service_remove_associated_data (service, arguments->point, error);
}

/* Whether the point has data that could be removed. */
static gboolean
has_data (CimCall *call, const char *id)
{
  g_autoptr (CimInstance) point
      = cairn_catalogue_get (cairn_backend_catalogue (cairn_backend_of (call)), id, NULL);

  return point && cim_instance_number (point, "HasAssociatedData", FALSE);
}

/* Of a point without data, as those of change tracking are, it is told that there is nothing to do.
 */
gboolean
cairn_invoke_remove_data (CimCall *call, const CimInstance *object, const CimInstance *in,
                          CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  static const CairnMethod method
      = { CAIRN_JOB_REMOVE_DATA, cairn_return_vendor, prepare, run_remove_data };
  GError *cause = NULL;
  g_autofree char *id = cairn_reference_point (call, in, "AffectedReferencePoint", &cause);
  Arguments *arguments;

  *return_value = 0;
  if (!id)
    *return_value = cairn_method_refuse (method.table, cause, message);
  if (!id || !has_data (call, id))
    return TRUE;
  arguments = g_new0 (Arguments, 1);
  arguments->point = g_steal_pointer (&id);
  *return_value = cairn_method_run (call, &method, arguments, free_arguments, out, NULL, message);
  return TRUE;
}
