/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wsman-host.h"

#define SERVER "KVM1"
#define JOB    "3C5B9D70-2A41-4D57-9B0E-6F1122334455"
#define NOON   INT64_C (1795348800000) /* 2026-11-22 12:00 UTC */

/* ---- instances ---- */

static CimInstance *
make_service (const CimClass *class)
{
  CimInstance *service = cim_instance_new (class);

  cim_instance_set_text (service, "SystemCreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (service, "SystemName", SERVER);
  cim_instance_set_text (service, "CreationClassName", class->name);
  cim_instance_set_text (service, "Name", "vsrefpointsvc");
  cim_instance_set_boolean (service, "Started", TRUE);
  return service;
}

static CimInstance *
make_system (const CimClass *class, const char *name, const char *shown)
{
  CimInstance *system = cim_instance_new (class);
  const uint64_t ok = 2;

  cim_instance_set_text (system, "CreationClassName", class->name);
  cim_instance_set_text (system, "Name", name);
  cim_instance_set_text (system, "ElementName", shown);
  cim_instance_set_number (system, "EnabledState", 2);
  cim_instance_set_numbers (system, "OperationalStatus", &ok, 1);
  cim_instance_set_time (system, "InstallDate", NOON);
  return system;
}

static CimInstance *
make_point (const CimClass *class, guint number)
{
  static const char *const disks[]
      = { "Microsoft:" HOST_VM "\\6A2F1B3C\\0\\0\\L", "Microsoft:" HOST_VM "\\6A2F1B3D\\0\\1\\L" };
  CimInstance *point = cim_instance_new (class);
  g_autofree char *id
      = g_strdup_printf ("Microsoft:" HOST_VM "\\0192F000-0000-7000-8000-%012u", number);

  cim_instance_set_text (point, "InstanceID", id);
  cim_instance_set_text (point, "VirtualSystemIdentifier", HOST_VM);
  cim_instance_set_text (point, "ElementName", number % 2 ? "nightly <1> & \"2\"" : "nightly");
  cim_instance_set_number (point, "ReferencePointType", 2);
  cim_instance_set_number (point, "ConsistencyLevel", 1);
  cim_instance_set_boolean (point, "HasAssociatedData", FALSE);
  cim_instance_set_texts (point, "VirtualDiskIdentifiers", disks, G_N_ELEMENTS (disks));
  return point;
}

static CimInstance *
make_job (const CimClass *class)
{
  CimInstance *job = cim_instance_new (class);

  cim_instance_set_text (job, "InstanceID", JOB);
  cim_instance_set_number (job, "JobState", 4);
  cim_instance_set_number (job, "PercentComplete", 40);
  cim_instance_set_time (job, "StartTime", NOON);
  cim_instance_set_interval (job, "ElapsedTime", 4000);
  cim_instance_set_boolean (job, "Cancellable", TRUE);
  return job;
}

/* ---- providers ---- */

static gboolean
page_services (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
               GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  g_ptr_array_add (all, make_service (class));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
page_systems (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  g_ptr_array_add (all, make_system (class, SERVER, SERVER));
  g_ptr_array_add (all, make_system (class, HOST_VM, "web"));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
page_points (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  const WsmanHost *host = call->backend;
  guint n = 0;

  for (guint number = 1; number <= host->n_points && n < page->limit; number++)
    {
      g_autoptr (CimInstance) point = make_point (class, number);
      g_autofree char *position = cim_instance_position (point);

      if (page->after && g_strcmp0 (position, page->after) <= 0)
        continue;
      g_ptr_array_add (instances, g_steal_pointer (&point));
      n++;
    }
  return TRUE;
}

static CimInstance *
get_point (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const WsmanHost *host = call->backend;

  for (guint number = 1; number <= host->n_points; number++)
    {
      g_autoptr (CimInstance) point = make_point (class, number);

      if (cim_instance_has_keys (point, path))
        return g_steal_pointer (&point);
    }
  g_set_error_literal (error, CIM_ERROR, CIM_ERR_NOT_FOUND, "there is no such reference point");
  return NULL;
}

static gboolean
page_jobs (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
           GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  g_ptr_array_add (all, make_job (class));
  cim_page_take (page, all, instances);
  return TRUE;
}

static const CimProvider services
    = { "Msvm_VirtualSystemReferencePointService", TRUE, page_services, NULL };
static const CimProvider systems = { "Msvm_ComputerSystem", FALSE, page_systems, NULL };
static const CimProvider points
    = { "Msvm_VirtualSystemReferencePoint", TRUE, page_points, get_point };
static const CimProvider jobs = { "Msvm_ConcreteJob", TRUE, page_jobs, NULL };
static const CimProvider *const providers[] = { &services, &systems, &points, &jobs, NULL };

/* ---- the association ---- */

static const CimClass *
find (const char *name)
{
  return cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);
}

static gboolean
points_of_system (CimCall *call, const CimInstance *source, const CimPage *page,
                  GPtrArray *instances, GError **error)
{
  return g_strcmp0 (cim_instance_text (source, "Name"), HOST_VM) != 0
         || page_points (call, find (points.class_name), page, instances, error);
}

static gboolean
system_of_point (CimCall *call, const CimInstance *source, const CimPage *page,
                 GPtrArray *instances, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  g_ptr_array_add (all, make_system (find (systems.class_name), HOST_VM, "web"));
  cim_page_take (page, all, instances);
  return TRUE;
}

static const CimAssociation points_of_systems = {
  .class_name = "Msvm_ReferencePointOfVirtualSystem",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { "Msvm_ComputerSystem", "Msvm_VirtualSystemReferencePoint" },
  .is_quick = TRUE,
  .across = { points_of_system, system_of_point },
};
static const CimAssociation *const associations[] = { &points_of_systems, NULL };

/* ---- methods ---- */

/* The path says how it ends; the VM's name is what the argument was understood as. */
static gboolean
import (CimCall *call, const CimInstance *object, const CimInstance *in, CimInstance *out,
        uint32_t *return_value, char **message, GError **error)
{
  const char *path = cim_instance_text (in, "ConfigFilePath");
  const CimPath *system = cim_instance_path_value (in, "AffectedSystem");

  *return_value = 0;
  if (!path || !system || g_str_has_prefix (path, "/bad"))
    {
      *return_value = 32773;
      *message
          = g_strdup_printf ("'%s' isn't a file of VM %s; give its own", path ? path : "(null)",
                             system ? cim_path_key_text (system, "Name") : "(null)");
    }
  else if (g_str_has_prefix (path, "/later"))
    {
      g_autoptr (CimInstance) job = make_job (find (jobs.class_name));

      cim_instance_set_path (out, "Job", cim_instance_make_path (job, &job->arena));
      *return_value = 4096;
    }
  return TRUE;
}

/* Says what it was given as its settings. */
static gboolean
create (CimCall *call, const CimInstance *object, const CimInstance *in, CimInstance *out,
        uint32_t *return_value, char **message, GError **error)
{
  const char *settings = cim_instance_text (in, "ReferencePointSettings");

  *return_value = 4;
  *message = g_strdup_printf ("settings: %s", settings ? settings : "(null)");
  return TRUE;
}

static const CimMethodHandler methods[] = {
  { "Msvm_VirtualSystemReferencePointService", "ImportReferencePointMetadata", TRUE, import },
  { "Msvm_VirtualSystemReferencePointService", "CreateReferencePoint", FALSE, create },
  { NULL },
};

static const CimProviders all = { providers, associations, methods, SERVER };

/* ---- the host ---- */

WsmanHost *
wsman_host_new (guint n_points)
{
  WsmanHost *host = g_new0 (WsmanHost, 1);

  host->n_points = n_points;
  host->caller = cairn_caller_new_nobody ();
  host->caller->is_authenticated = TRUE;
  host->server = (WsmanServer){ .broker = cim_broker_new (cim_schema_get (), &all),
                                .contexts = cim_contexts_new (),
                                .backend = host,
                                .product_version = "1.0" };
  return host;
}

void
wsman_host_free (WsmanHost *host)
{
  cim_contexts_free (host->server.contexts);
  cim_broker_free (host->server.broker);
  cairn_caller_free (host->caller);
  g_free (host);
}

WsmanExchange *
wsman_host_post (WsmanHost *host, const char *bytes, size_t length_bytes)
{
  const WsmanPost post
      = { .bytes = bytes, .length_bytes = length_bytes, .caller = host->caller, .request_id = "1" };
  WsmanExchange *exchange = wsman_exchange_new (&host->server, &post);

  wsman_exchange_run (exchange);
  return exchange;
}
