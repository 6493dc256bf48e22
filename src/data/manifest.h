/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* manifest.h: what a backup's directory holds, as JSON: {"Backup": {...}, "Sha256": "..."}, where
 * the checksum is that of the member "Backup" as json-glib writes it without blanks.
 */
#ifndef CAIRN_DATA_MANIFEST_H
#define CAIRN_DATA_MANIFEST_H

#include "refpoint/data.h"

/* The only version there is. */
#define CAIRN_MANIFEST_VERSION 1

/* More than a manifest of the most disks a VM can have; what is larger isn't read. */
#define CAIRN_MANIFEST_LIMIT_BYTES (16u * 1024 * 1024)

CairnDataManifest *cairn_manifest_new (void);

/* module table's write_manifest. */
gboolean cairn_manifest_write (const CairnDataManifest *manifest, int fd, const char *path,
                               GError **error);

/* The manifest in DIRECTORY, verified in itself. */
CairnDataManifest *cairn_manifest_read (const char *directory, GError **error);

/* The disk of that target; NULL when it has none. */
const CairnDataDisk *cairn_manifest_find (const CairnDataManifest *manifest, const char *target);

#endif
