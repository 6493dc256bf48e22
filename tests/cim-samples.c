/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cim-samples.h"

#include <stdlib.h>
#include <string.h>

#define SERVER     "HOST"
#define POINT_FORM "Microsoft:" CIM_SAMPLES_VM "\\0192F000-0000-7000-8000-%012u"
#define START_MS   INT64_C (1795374000000)

guint cim_samples_n_points = 3;
guint cim_samples_fails_at;

/* ---- reference points ---- */

static CimInstance *
make_point (const CimClass *class, guint i)
{
  static const char *const disks[] = { "Microsoft:" CIM_SAMPLES_VM "\\vda", "<&\">" };
  static const char *const ids[] = { "rctX:0192f000:0000:7000:8000:00000001:00000001",
                                     "rctX:0192f000:0000:7000:8000:00000002:00000001" };
  CimInstance *point = cim_instance_new (class);
  g_autofree char *id = g_strdup_printf (POINT_FORM, i);

  cim_instance_set_text (point, "InstanceID", id);
  cim_instance_set_text (point, "VirtualSystemIdentifier", CIM_SAMPLES_VM);
  cim_instance_set_text (point, "ElementName", "Monday \xc3\xa4 & <b>");
  cim_instance_set_number (point, "ReferencePointType", 1);
  cim_instance_set_number (point, "ConsistencyLevel", 2);
  cim_instance_set_boolean (point, "HasAssociatedData", FALSE);
  cim_instance_set_texts (point, "VirtualDiskIdentifiers", disks, 2);
  cim_instance_set_texts (point, "ResilientChangeTrackingIdentifiers", ids, 2);
  return point;
}

/* ID: an InstanceID, or a position, which begins with one. */
static guint
index_of (const char *id)
{
  const size_t length = strlen ("Microsoft:" CIM_SAMPLES_VM "\\0192F000-0000-7000-8000-");

  return strlen (id) > length ? (guint)strtoul (id + length, NULL, 10) : 0;
}

static gboolean
page_points (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  guint first = page->after ? index_of (page->after) + 1 : 1;

  (void)call;
  if (cim_samples_fails_at && first >= cim_samples_fails_at)
    {
      g_set_error_literal (error, CIM_ERROR, CIM_ERR_FAILED, "the store went away");
      return FALSE;
    }
  for (guint i = first; i <= cim_samples_n_points && i - first < page->limit; i++)
    g_ptr_array_add (instances, make_point (class, i));
  return TRUE;
}

static CimInstance *
get_point (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *id = cim_path_key_text (path, "InstanceID");
  guint i = id ? index_of (id) : 0;

  (void)call;
  if (i > 0 && i <= cim_samples_n_points)
    return make_point (class, i);
  g_set_error_literal (error, CIM_ERROR, CIM_ERR_NOT_FOUND, "there is no such point");
  return NULL;
}

static const CimProvider points
    = { "Msvm_VirtualSystemReferencePoint", TRUE, page_points, get_point };

/* ---- one of each ---- */

static CimInstance *
make_vm (const CimClass *class)
{
  CimInstance *vm = cim_instance_new (class);

  cim_instance_set_text (vm, "CreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (vm, "Name", CIM_SAMPLES_VM);
  cim_instance_set_text (vm, "ElementName", "web");
  cim_instance_set_number (vm, "EnabledState", 2);
  cim_instance_set_time (vm, "InstallDate", START_MS);
  return vm;
}

static CimInstance *
make_service (const CimClass *class)
{
  CimInstance *service = cim_instance_new (class);

  cim_instance_set_text (service, "SystemCreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (service, "SystemName", SERVER);
  cim_instance_set_text (service, "CreationClassName", class->name);
  cim_instance_set_text (service, "Name", "vsrefpointsvc");
  return service;
}

static CimInstance *
make_job (const CimClass *class)
{
  CimInstance *job = cim_instance_new (class);

  cim_instance_set_text (job, "InstanceID", CIM_SAMPLES_JOB);
  cim_instance_set_number (job, "JobState", 10);
  cim_instance_set_number (job, "ErrorCode", 32775);
  cim_instance_set_time (job, "StartTime", START_MS);
  cim_instance_set_interval (job, "ElapsedTime", 5000);
  return job;
}

#define ONE(noun, name, quick)                                                                     \
  static gboolean page_##noun (CimCall *call, const CimClass *class, const CimPage *page,          \
                               GPtrArray *instances, GError **error)                               \
  {                                                                                                \
    (void)call, (void)error;                                                                       \
    if (!page->after)                                                                              \
      g_ptr_array_add (instances, make_##noun (class));                                            \
    return TRUE;                                                                                   \
  }                                                                                                \
  static const CimProvider noun##s = { name, quick, page_##noun, NULL };

ONE (vm, "Msvm_ComputerSystem", FALSE)
ONE (service, "Msvm_VirtualSystemReferencePointService", TRUE)
ONE (job, "Msvm_ConcreteJob", TRUE)

/* ---- points of the VM ---- */

static const CimClass *
find_class (const char *name)
{
  return cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);
}

static gboolean
points_of_vm (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  (void)source;
  return page_points (call, find_class (points.class_name), page, instances, error);
}

static gboolean
vm_of_point (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  (void)source;
  return page_vm (call, find_class (vms.class_name), page, instances, error);
}

static const CimAssociation points_of_system = {
  .class_name = "Msvm_ReferencePointOfVirtualSystem",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { "Msvm_ComputerSystem", "Msvm_VirtualSystemReferencePoint" },
  .is_quick = TRUE,
  .across = { points_of_vm, vm_of_point },
};

/* ---- methods ---- */

static char *
describe_arguments (const CimInstance *in)
{
  const CimPath *path = cim_instance_path_value (in, "AffectedSystem");
  const char *file = cim_instance_text (in, "RuntimeStateFilePath");
  g_autoptr (GString) system = g_string_new (NULL);

  if (path)
    cim_path_append (system, path);
  return g_strdup_printf ("AffectedSystem %s of %s at %s, RuntimeStateFilePath %s",
                          path ? system->str : "null",
                          path && path->namespace_ ? path->namespace_ : "no namespace",
                          path && path->server ? path->server : "no server", file ? file : "null");
}

static gboolean
import (CimCall *call, const CimInstance *object, const CimInstance *in, CimInstance *out,
        uint32_t *return_value, char **message, GError **error)
{
  g_autoptr (CimInstance) job = make_job (find_class (jobs.class_name));

  (void)call, (void)object, (void)error;
  if (!cim_instance_text (in, "ConfigFilePath"))
    {
      *return_value = 32773;
      *message = describe_arguments (in);
      return TRUE;
    }
  cim_instance_set_path (out, "Job", cim_instance_make_path (job, &out->arena));
  *return_value = 4096;
  return TRUE;
}

static gboolean
get_errors (CimCall *call, const CimInstance *object, const CimInstance *in, CimInstance *out,
            uint32_t *return_value, char **message, GError **error)
{
  static const char *const errors[] = { "<INSTANCE CLASSNAME=\"Msvm_Error\"></INSTANCE>" };

  (void)call, (void)object, (void)in, (void)message, (void)error;
  cim_instance_set_texts (out, "Errors", errors, 1);
  *return_value = 0;
  return TRUE;
}

static const CimProvider *const providers[] = { &points, &vms, &services, &jobs, NULL };
static const CimAssociation *const associations[] = { &points_of_system, NULL };
static const CimMethodHandler methods[] = {
  { "Msvm_VirtualSystemReferencePointService", "ImportReferencePointMetadata", FALSE, import },
  { "Msvm_ConcreteJob", "GetErrorEx", TRUE, get_errors },
  { NULL, NULL, FALSE, NULL },
};

const CimProviders cim_samples = { providers, associations, methods, SERVER };
