/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guid.h: the identifiers that points, VMs and disks go by. */
#ifndef CAIRN_GUID_H
#define CAIRN_GUID_H

#include <glib.h>
#include <stdint.h>

/* The largest time a UUIDv7 can hold, in milliseconds since 1970 (48 bits; RFC 9562, section 5.7).
 */
#define CAIRN_GUID_TIME_LIMIT_MS ((INT64_C (1) << 48) - 1)

/* The end of the year 9999, up to which points are made and taken: later times have no four-digit
 * year, and a file could otherwise push a VM's next point past the largest time of all. */
#define CAIRN_TIME_LIMIT_MS INT64_C (253402300799999)

/* TEXT as a GUID in upper case without braces, or NULL when it isn't one. */
char *cairn_guid_normalize (const char *text);

/* A random GUID (version 4), upper case. */
char *cairn_guid_random (void);

/* The same GUID for the same BASE and NAME for ever, on every host: version 8 (RFC 9562: of the
 * application's own making), of SHA-256; upper case. */
char *cairn_guid_derive (const char *base, const char *name);

/* A UUIDv7 of TIME_MS (0..CAIRN_GUID_TIME_LIMIT_MS), upper case. ENTROPY is 10 bytes, of which 74
 * bits are used; NULL takes random ones. */
char *cairn_guid_v7 (int64_t time_ms, const uint8_t *entropy);

/* The time in a UUIDv7, or -1 for another GUID. */
int64_t cairn_guid_v7_time_ms (const char *guid);

/* Whether TEXT has the form of the names that we give to bitmaps: a UUIDv7 in upper case. */
gboolean cairn_guid_is_ours (const char *text);

/* "Microsoft:<VM>\<POINT>". */
char *cairn_instance_id_format (const char *vm_guid, const char *point_guid);

/* Takes an InstanceID apart, both GUIDs normalized. FALSE when it isn't one. Outputs may be NULL.
 */
gboolean cairn_instance_id_parse (const char *instance_id, char **vm_guid, char **point_guid);

/* The InstanceID of a disk's Msvm_StorageAllocationSettingData:
 * "Microsoft:<VM>\<controller instance>\<controller>\<location>\L". */
char *cairn_disk_identifier_format (const char *vm_guid, const char *controller_guid,
                                    unsigned controller, unsigned location);
gboolean cairn_disk_identifier_parse (const char *identifier, char **controller_guid,
                                      unsigned *controller, unsigned *location);

/* "rctX:<GUID with colons, lower case>:<8 hex digits>". The point's GUID and the disk's position in
 * the point make it unique for ever. */
char *cairn_change_tracking_id_format (const char *point_guid, unsigned position);
gboolean cairn_change_tracking_id_is_valid (const char *id);

/* The GUID in it, upper case; NULL when it isn't one (or NULL). The caller frees. */
char *cairn_change_tracking_id_guid (const char *id);

#endif
