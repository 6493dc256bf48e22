/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reference.h: what the references among a method's arguments refer to. */
#ifndef CAIRN_PROVIDER_REFERENCE_H
#define CAIRN_PROVIDER_REFERENCE_H

#include "provider/backend.h"

#define CAIRN_POINT_CLASS  "Msvm_VirtualSystemReferencePoint"
#define CAIRN_SYSTEM_CLASS "Msvm_ComputerSystem"

/* TEXT with doubled backslashes made single: some clients send InstanceIDs as they stand in a path.
 */
char *cairn_reference_plain (const char *text);

/* The VM's GUID, upper case, of argument NAME, a reference. INVALID_PARAMETER (CAIRN_ERROR): it is
 * NULL, of another class or host, or has no GUID. */
char *cairn_reference_vm (CimCall *call, const CimInstance *in, const char *name, GError **error);

/* The InstanceID, as "Microsoft:<GUID>", of argument NAME, a reference to a recovery checkpoint;
 * whether there is such a one is for prepare to say. */
char *cairn_reference_snapshot (CimCall *call, const CimInstance *in, const char *name,
                                GError **error);

/* The InstanceID in property NAME of SETTINGS, the text of an object path of CLASS_NAME; the
 * caller's. NULL: without an error when there is no text. */
char *cairn_reference_in_text (const CimInstance *settings, const char *name,
                               const char *class_name, GError **error);

/* The point's InstanceID. */
char *cairn_reference_point (CimCall *call, const CimInstance *in, const char *name,
                             GError **error);

/* The path of an instance of ours, for an out argument. */
void cairn_reference_set (CimInstance *out, const char *name, const char *class_name,
                          const CimKey *keys, guint n_keys);

#endif
