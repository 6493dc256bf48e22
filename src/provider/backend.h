/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend.h: what the providers of one daemon work with. CimCall.backend is one.
 *
 * Threads: any number at once.
 */
#ifndef CAIRN_BACKEND_H
#define CAIRN_BACKEND_H

#include "cim/provider.h"
#include "job/job.h"
#include "provider/catalogue.h"
#include "refpoint/hardware.h"

typedef struct CairnBackend CairnBackend;

typedef struct
{
  const char *store_uri;   /* NULL = the default */
  const char *connect_uri; /* NULL = the default */
  const char *server;      /* the host's name; NULL = its own, without the domain, in upper case */
  guint synchronous_ms;
} CairnBackendOptions;

CairnBackend *cairn_backend_new (const CairnBackendOptions *options, GError **error);
void cairn_backend_free (CairnBackend *backend, guint grace_ms);

const CimProviders *cairn_backend_providers (CairnBackend *backend);
CairnJobs *cairn_backend_jobs (CairnBackend *backend);
const char *cairn_backend_server (CairnBackend *backend);

/* The points, from the store alone: quick. */
CairnCatalogue *cairn_backend_catalogue (CairnBackend *backend);

/* A service of its own for one piece of work of this thread, which may wait. */
CairnService *cairn_backend_take_service (CairnBackend *backend, GError **error);
void cairn_backend_give_back (CairnBackend *backend, CairnService *service, gboolean is_broken);

static inline CairnBackend *
cairn_backend_of (CimCall *call)
{
  return call->backend;
}

#endif
