/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources.h: which providers and associations have the instances of a class. For the broker's own
 * files. */
#ifndef CIM_SOURCES_H
#define CIM_SOURCES_H

#include "cim/broker.h"

/* One of the two is set. */
typedef struct
{
  const CimClass *class;
  const CimProvider *provider;
  const CimAssociation *association;
} CimSource;

/* The sources of a class: its own and those of the classes derived from it. */
typedef struct
{
  GArray *sources; /* of CimSource */
  gboolean is_quick;
} CimSourceList;

struct CimBroker
{
  const CimSchema *schema;
  const CimProviders *providers;
  GHashTable *sources; /* const CimClass * -> CimSourceList *, for classes that have any */
};

/* Never NULL: an empty list for a class that has no instances. */
const CimSourceList *cim_sources_of (const CimBroker *broker, const CimClass *class);
GHashTable *cim_sources_collect (const CimSchema *schema, const CimProviders *providers);

/* Whether WORD is this host: absent, ".", "localhost" or its name. */
gboolean cim_broker_is_server (const CimBroker *broker, const char *word);

/* FALSE with CAIRN_ERROR_TIMEOUT past the call's deadline. */
gboolean cim_call_check_deadline (const CimCall *call, GError **error);

/* The association instance between two objects. */
CimInstance *cim_association_make (CimCall *call, const CimSource *source,
                                   const CimInstance *const ends[2]);

/* The association instance that PATH names, for get. */
CimInstance *cim_association_get (CimBroker *broker, CimCall *call, const CimSource *source,
                                  const CimPath *path, GError **error);

#endif
