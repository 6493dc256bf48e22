/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* catalogue.h: the store's reference points as CIM instances, kept in memory within a bound, never
 * older than the store.
 *
 * Each look asks the store whether anything was committed since (a few microseconds); if so what
 * was kept is dropped. Nothing here waits for a hypervisor. Threads: any number at once.
 */
#ifndef CAIRN_CATALOGUE_H
#define CAIRN_CATALOGUE_H

#include "cim/instance.h"

typedef struct CairnCatalogue CairnCatalogue;

/* What is kept at most. */
#define CAIRN_CATALOGUE_BYTES_MAX (12u << 20)

CairnCatalogue *cairn_catalogue_new (const char *store_uri, GError **error);
void cairn_catalogue_free (CairnCatalogue *catalogue);

/* The point's instance of Msvm_VirtualSystemReferencePoint, the caller's; NULL without an error
 * when there is none. ID: InstanceID or the point's GUID, letter case ignored. */
CimInstance *cairn_catalogue_get (CairnCatalogue *catalogue, const char *id, GError **error);

/* Appends up to LIMIT of them with InstanceIDs greater than AFTER (NULL = from the start), by
 * InstanceID; of one VM (its GUID), or of all (NULL). */
gboolean cairn_catalogue_page (CairnCatalogue *catalogue, const char *vm_guid, const char *after,
                               guint limit, GPtrArray *instances, GError **error);

#endif
