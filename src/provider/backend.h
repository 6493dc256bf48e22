/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend.h: what the providers of one daemon work with. CimCall.backend is one.
 *
 * Threads: any number at once.
 */
#ifndef CAIRN_BACKEND_H
#define CAIRN_BACKEND_H

#include "cim/provider.h"
#include "cim/schema.h"
#include "job/job.h"
#include "provider/catalogue.h"
#include "provider/machines.h"
#include "refpoint/hardware.h"

typedef struct CairnBackend CairnBackend;

typedef struct
{
  const char *store_uri;   /* NULL = the default */
  const char *connect_uri; /* NULL = the default */
  const char *server;      /* the host's name; NULL = its own, without the domain, in upper case */
  guint synchronous_ms;
  guint lease_seconds; /* of recovery checkpoints that clients make */
  /* For the log; any thread; NULL = nobody wants to know. */
  void (*job_ended) (const CairnJobRecord *record);
  void (*job_troubled) (const char *id, const char *sentence);
} CairnBackendOptions;

CairnBackend *cairn_backend_new (const CairnBackendOptions *options, GError **error);
void cairn_backend_free (CairnBackend *backend, guint grace_ms);

const CimProviders *cairn_backend_providers (CairnBackend *backend);
CairnJobs *cairn_backend_jobs (CairnBackend *backend);
const char *cairn_backend_server (CairnBackend *backend);

guint cairn_backend_lease_seconds (CairnBackend *backend);
void cairn_backend_set_lease_seconds (CairnBackend *backend, guint lease_seconds);

/* The points, from the store alone: quick. */
CairnCatalogue *cairn_backend_catalogue (CairnBackend *backend);

/* The VMs, for the providers that describe them. */
CairnMachines *cairn_backend_machines (CairnBackend *backend);

/* A service of its own for one piece of work of this thread, which may wait. */
CairnService *cairn_backend_take_service (CairnBackend *backend, GError **error);
void cairn_backend_give_back (CairnBackend *backend, CairnService *service, gboolean is_broken);

/* The configuration has changed: services opened from now on see it. */
void cairn_backend_forget_services (CairnBackend *backend);

/* The instance of a class (one whose provider has `get`) whose KEY is VALUE. NULL with NOT_FOUND.
 */
CimInstance *cairn_backend_get_instance (CimCall *call, const char *class_name, const char *key,
                                         const char *value, GError **error);

/* The same, appended to INSTANCES; that there is none is fine. */
gboolean cairn_backend_append_instance (CimCall *call, const char *class_name, const char *key,
                                        const char *value, GPtrArray *instances, GError **error);

static inline CairnBackend *
cairn_backend_of (CimCall *call)
{
  return call->backend;
}

#endif
