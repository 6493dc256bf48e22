/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* broker.h: CIM operations on the providers' instances, for any protocol.
 *
 * Everything blocks its thread until it is done; what is_quick says TRUE for may be called where
 * nothing may wait. Errors: CIM_ERROR, and CAIRN_ERROR from the providers (cim_error_status).
 * Threads: any number at once. An enumeration is used by one at a time.
 */
#ifndef CIM_BROKER_H
#define CIM_BROKER_H

#include "cim/provider.h"
#include "cim/query.h"
#include "cim/schema.h"

typedef struct CimBroker CimBroker;

/* All borrowed. */
CimBroker *cim_broker_new (const CimSchema *schema, const CimProviders *providers);
void cim_broker_free (CimBroker *broker);

const CimSchema *cim_broker_schema (const CimBroker *broker);
const char *cim_broker_server (const CimBroker *broker);

/* A class by namespace (as spelled; NULL: root/virtualization/v2) and name. INVALID_NAMESPACE,
 * INVALID_CLASS. *NAMESPACE_FLAG may be NULL. */
const CimClass *cim_broker_find_class (const CimBroker *broker, const char *namespace_,
                                       const char *class_name, unsigned *namespace_flag,
                                       GError **error);

/* ---- one instance ---- */

/* The instance PATH names: its class is the path's or derived from it; the keys may be some of the
 * class's, when they choose just one. NOT_FOUND, INVALID_PARAMETER (an unknown key, another
 * server's, several chosen), INVALID_CLASS, INVALID_NAMESPACE. */
CimInstance *cim_broker_get (CimBroker *broker, CimCall *call, const CimPath *path, GError **error);
gboolean cim_broker_get_is_quick (const CimBroker *broker, const CimPath *path);

/* ---- many ---- */

/* Holds no instances, but the place it has come to: it is small, and what is there when it gets
 * there is what it gives. */
typedef struct CimEnumeration CimEnumeration;

/* Instances of the class and of those derived from it. */
CimEnumeration *cim_broker_enumerate (CimBroker *broker, const char *namespace_,
                                      const char *class_name, GError **error);

/* WQL. INVALID_QUERY, INVALID_CLASS. ASSOCIATORS and REFERENCES as below. */
CimEnumeration *cim_broker_query (CimBroker *broker, const char *namespace_, const char *text,
                                  GError **error);

/* The objects associated with FILTER's, or (REFERENCES) the associations that refer to it.
 * Whether the object is there is found out by the first `next`. */
CimEnumeration *cim_broker_associators (CimBroker *broker, const char *namespace_,
                                        const CimAssociationFilter *filter, GError **error);
CimEnumeration *cim_broker_references (CimBroker *broker, const char *namespace_,
                                       const CimAssociationFilter *filter, GError **error);

/* Appends up to LIMIT instances (of CimInstance). *HAS_ENDED: there are no more after these; it is
 * told with the last ones. */
gboolean cim_enumeration_next (CimEnumeration *enumeration, CimCall *call, guint limit,
                               GPtrArray *instances, gboolean *has_ended, GError **error);

/* The names a query selects; NULL = all. */
const char *const *cim_enumeration_properties (const CimEnumeration *enumeration);
unsigned cim_enumeration_namespace (const CimEnumeration *enumeration);
gboolean cim_enumeration_is_quick (const CimEnumeration *enumeration);

/* The memory it takes, but for an instance that it may have found ahead (some KB, shared mostly).
 */
size_t cim_enumeration_bytes (const CimEnumeration *enumeration);
void cim_enumeration_free (CimEnumeration *enumeration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CimEnumeration, cim_enumeration_free)

/* ---- methods ---- */

/* The method of the class PATH names. METHOD_NOT_FOUND. What its parameters are: ->parameters, of
 * which arguments are an instance. */
const CimResolvedMethod *cim_broker_find_method (CimBroker *broker, const CimPath *path,
                                                 const char *method, GError **error);

/* Calls METHOD (of find_method) of the object that PATH names, with IN, an instance of its
 * parameters. *OUT is the caller's. *MESSAGE (the caller's; may stay NULL) says why when
 * *RETURN_VALUE is a failure. */
gboolean cim_broker_invoke (CimBroker *broker, CimCall *call, const CimPath *path,
                            const CimResolvedMethod *method, const CimInstance *in,
                            CimInstance **out, uint32_t *return_value, char **message,
                            GError **error);
gboolean cim_broker_invoke_is_quick (const CimBroker *broker, const CimPath *path,
                                     const CimResolvedMethod *method);

#endif
