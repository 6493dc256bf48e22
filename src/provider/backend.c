/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend: services, jobs, the catalogue, and the tables of all providers. */
#include "provider/backend.h"

#include <string.h>

#include <cairn/service.h>

#include "provider/points.h"
#include "provider/services.h"
#include "provider/snapshots.h"
#include "provider/system.h"
#include "service/open.h"

/* Services that nobody works with are kept for the next one, as opening one costs a connection. */
#define IDLE_SERVICES_MAX 16u

struct CairnBackend
{
  char *store_uri, *connect_uri, *server;
  CairnCatalogue *catalogue;
  CairnMachines *machines;
  CairnJobs *jobs;
  void (*job_ended) (const CairnJobRecord *record);
  void (*job_troubled) (const char *id, const char *sentence);
  GPtrArray *all_providers, *all_associations;
  GArray *all_methods;
  CimProviders providers; /* the same */

  GMutex lock;
  GPtrArray *idle;    /* of CairnService */
  GHashTable *in_use; /* CairnService -> the era it is of */
  guint era;          /* counts the changes of the configuration */
  gint lease_seconds; /* atomic */
};

/* All there are: those of points, jobs and services, and those that describe VMs and the host. */
static const CimProvider *const providers[]
    = { CAIRN_POINT_PROVIDERS, CAIRN_SERVICE_PROVIDERS, NULL };
static const CimAssociation *const associations[]
    = { CAIRN_POINT_ASSOCIATIONS, CAIRN_SNAPSHOT_ASSOCIATIONS, CAIRN_SERVICE_ASSOCIATIONS, NULL };
static const CimMethodHandler methods[]
    = { CAIRN_POINT_METHODS, CAIRN_SNAPSHOT_METHODS, CAIRN_SERVICE_METHODS, { 0 } };

/* Two NULL-ended lists as one. */
static GPtrArray *
join (gconstpointer const *first, gconstpointer const *second)
{
  GPtrArray *joined = g_ptr_array_new ();

  for (; *first; first++)
    g_ptr_array_add (joined, (gpointer)*first);
  for (; *second; second++)
    g_ptr_array_add (joined, (gpointer)*second);
  g_ptr_array_add (joined, NULL);
  return joined;
}

static GArray *
join_methods (void)
{
  GArray *joined = g_array_new (TRUE, TRUE, sizeof (CimMethodHandler));

  g_array_append_vals (joined, methods, G_N_ELEMENTS (methods) - 1);
  for (const CimMethodHandler *one = cairn_system_methods; one->class_name; one++)
    g_array_append_val (joined, *one);
  return joined;
}

static void
collect (CairnBackend *backend)
{
  backend->all_providers
      = join ((gconstpointer const *)providers, (gconstpointer const *)cairn_system_providers);
  backend->all_associations = join ((gconstpointer const *)associations,
                                    (gconstpointer const *)cairn_system_associations);
  backend->all_methods = join_methods ();
  backend->providers = (CimProviders){
    .providers = (const CimProvider *const *)backend->all_providers->pdata,
    .associations = (const CimAssociation *const *)backend->all_associations->pdata,
    .methods = (const CimMethodHandler *)backend->all_methods->data,
    .server = backend->server,
  };
}

/* What Windows would call the computer: without the domain, in upper case. */
static char *
own_name (void)
{
  g_auto (GStrv) parts = g_strsplit (g_get_host_name (), ".", 2);

  return g_ascii_strup (parts[0] && *parts[0] ? parts[0] : "localhost", -1);
}

CairnService *
cairn_backend_take_service (CairnBackend *backend, GError **error)
{
  CairnService *service = NULL;
  guint era;

  g_mutex_lock (&backend->lock);
  era = backend->era;
  if (backend->idle->len > 0)
    service = g_ptr_array_steal_index_fast (backend->idle, backend->idle->len - 1);
  g_mutex_unlock (&backend->lock);
  if (!service)
    service = cairn_service_open_daemon (backend->store_uri, backend->connect_uri, NULL, error);
  if (!service)
    return NULL;
  g_mutex_lock (&backend->lock);
  g_hash_table_insert (backend->in_use, service, GUINT_TO_POINTER (era));
  g_mutex_unlock (&backend->lock);
  return service;
}

void
cairn_backend_give_back (CairnBackend *backend, CairnService *service, gboolean is_broken)
{
  gpointer era = NULL;

  if (!service)
    return;
  g_mutex_lock (&backend->lock);
  g_hash_table_steal_extended (backend->in_use, service, NULL, &era);
  if (!is_broken && GPOINTER_TO_UINT (era) == backend->era
      && backend->idle->len < IDLE_SERVICES_MAX)
    g_ptr_array_add (backend->idle, g_steal_pointer (&service));
  g_mutex_unlock (&backend->lock);
  cairn_service_close (service);
}

void
cairn_backend_forget_services (CairnBackend *backend)
{
  g_autoptr (GPtrArray) old = NULL;

  g_mutex_lock (&backend->lock);
  backend->era++;
  old = g_steal_pointer (&backend->idle);
  backend->idle = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_service_close);
  g_mutex_unlock (&backend->lock);
}

static CairnService *
take_for_job (gpointer user, GError **error)
{
  return cairn_backend_take_service (user, error);
}

static void
give_back_from_job (gpointer user, CairnService *service, gboolean is_broken)
{
  cairn_backend_give_back (user, service, is_broken);
}

static void
tell_job_ended (gpointer user, const CairnJobRecord *record)
{
  CairnBackend *backend = user;

  backend->job_ended (record);
}

static void
tell_job_troubled (gpointer user, const char *id, const char *sentence)
{
  CairnBackend *backend = user;

  backend->job_troubled (id, sentence);
}

guint
cairn_backend_lease_seconds (CairnBackend *backend)
{
  return (guint)g_atomic_int_get (&backend->lease_seconds);
}

void
cairn_backend_set_lease_seconds (CairnBackend *backend, guint lease_seconds)
{
  g_atomic_int_set (&backend->lease_seconds, (gint)lease_seconds);
}

static gboolean
open_parts (CairnBackend *backend, const CairnBackendOptions *options, GError **error)
{
  const CairnJobsOptions jobs = { .take_service = take_for_job,
                                  .give_back = give_back_from_job,
                                  .troubled = backend->job_troubled ? tell_job_troubled : NULL,
                                  .ended = backend->job_ended ? tell_job_ended : NULL,
                                  .user = backend,
                                  .store_uri = backend->store_uri,
                                  .synchronous_ms = options->synchronous_ms };

  backend->catalogue = cairn_catalogue_new (backend->store_uri, error);
  if (!backend->catalogue)
    return FALSE;
  backend->jobs = cairn_jobs_new (&jobs, error);
  return backend->jobs != NULL;
}

CairnBackend *
cairn_backend_new (const CairnBackendOptions *options, GError **error)
{
  CairnBackend *backend = g_new0 (CairnBackend, 1);

  backend->store_uri = g_strdup (options->store_uri);
  backend->job_ended = options->job_ended;
  backend->job_troubled = options->job_troubled;
  backend->connect_uri = g_strdup (options->connect_uri);
  backend->server = options->server ? g_strdup (options->server) : own_name ();
  backend->in_use = g_hash_table_new (NULL, NULL);
  backend->idle = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_service_close);
  backend->machines = cairn_machines_new ();
  cairn_backend_set_lease_seconds (backend, options->lease_seconds);
  g_mutex_init (&backend->lock);
  collect (backend);
  if (open_parts (backend, options, error))
    return backend;
  cairn_backend_free (backend, 0);
  return NULL;
}

void
cairn_backend_free (CairnBackend *backend, guint grace_ms)
{
  if (!backend)
    return;
  if (backend->jobs && !cairn_jobs_free (backend->jobs, grace_ms))
    return; /* methods that still run use the rest, until the process ends */
  cairn_catalogue_free (backend->catalogue);
  cairn_machines_free (backend->machines);
  g_ptr_array_unref (backend->idle);
  g_hash_table_unref (backend->in_use);
  g_ptr_array_unref (backend->all_providers);
  g_ptr_array_unref (backend->all_associations);
  g_array_unref (backend->all_methods);
  g_mutex_clear (&backend->lock);
  g_free (backend->store_uri);
  g_free (backend->connect_uri);
  g_free (backend->server);
  g_free (backend);
}

const CimProviders *
cairn_backend_providers (CairnBackend *backend)
{
  return &backend->providers;
}

CairnJobs *
cairn_backend_jobs (CairnBackend *backend)
{
  return backend->jobs;
}

const char *
cairn_backend_server (CairnBackend *backend)
{
  return backend->server;
}

CairnMachines *
cairn_backend_machines (CairnBackend *backend)
{
  return backend->machines;
}

CairnCatalogue *
cairn_backend_catalogue (CairnBackend *backend)
{
  return backend->catalogue;
}

CimInstance *
cairn_backend_get_instance (CimCall *call, const char *class_name, const char *key,
                            const char *value, GError **error)
{
  const CimKey keys[] = { { .name = key, .text = value } };
  const CimPath path = { .class_name = class_name, .keys = keys, .n_keys = 1 };
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, class_name);

  for (const CimProvider *const *p = cairn_backend_of (call)->providers.providers; *p; p++)
    if (g_str_equal ((*p)->class_name, class_name))
      return (*p)->get (call, class, &path, error);
  g_assert_not_reached ();
}

gboolean
cairn_backend_append_instance (CimCall *call, const char *class_name, const char *key,
                               const char *value, GPtrArray *instances, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CimInstance *found = cairn_backend_get_instance (call, class_name, key, value, &cause);

  if (found)
    g_ptr_array_add (instances, found);
  else if (!g_error_matches (cause, CIM_ERROR, CIM_ERR_NOT_FOUND))
    return g_propagate_error (error, g_steal_pointer (&cause)), FALSE;
  return TRUE;
}
