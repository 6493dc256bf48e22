/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machines.h: the VMs and what they are made of, for the providers that describe them.
 *
 * Whoever begins to enumerate gets what is true now. Whoever goes on gets the list that was made
 * last, unless it is old by now: a client that pulls one instance at a time would otherwise have
 * the hypervisor asked for all its VMs each time. Threads: any number at once.
 */
#ifndef CAIRN_MACHINES_H
#define CAIRN_MACHINES_H

#include "cim/provider.h"
#include "refpoint/hardware.h"

/* How old a list may be that somebody goes on with. */
#define CAIRN_MACHINES_AGE_MS 5000

typedef struct CairnMachines CairnMachines;

CairnMachines *cairn_machines_new (void);
void cairn_machines_free (CairnMachines *machines);

/* All VMs (of CairnHardware), by GUID; the caller unrefs the list and changes nothing. Errors:
 * those of cairn_service_list_hardware. */
GPtrArray *cairn_machines_list (CimCall *call, gboolean goes_on, GError **error);

/* The VM of that GUID, as it is now; the caller's. NULL without an error when there is none, or
 * GUID isn't one. */
CairnHardware *cairn_machines_find (CimCall *call, const char *guid, GError **error);

#endif
