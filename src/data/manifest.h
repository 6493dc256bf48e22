/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* manifest.h: what a backup's directory holds, as JSON: {"Backup": {...}, "Sha256": "..."}, where
 * the checksum is that of the member "Backup" as json-glib writes it without blanks.
 *
 * Version 2 has what version 1 lacked: of each disk the checksums of the files it may follow
 * (BaseSha256), of each other file what it is (Role) and where it was (Original), and IsLog.
 */
#ifndef CAIRN_DATA_MANIFEST_H
#define CAIRN_DATA_MANIFEST_H

#include <json-glib/json-glib.h>

#include "refpoint/data.h"

/* The version that is written; the earlier one is read, too. */
#define CAIRN_MANIFEST_VERSION     2
#define CAIRN_MANIFEST_OLD_VERSION 1

/* A thousand disks, each with its names and checksums; as a tree in memory it is 40 times this, so
 * what is larger isn't read, nor written. */
#define CAIRN_MANIFEST_LIMIT_BYTES (1024u * 1024)

/* '[' and '{' in it, wherever they stand: json-glib goes as deep into itself as they are nested. */
#define CAIRN_MANIFEST_LIMIT_BRACKETS 4096u

#define CAIRN_MANIFEST_N_ROLES        4

/* The words for CairnDataRole. */
extern const char *const cairn_manifest_roles[CAIRN_MANIFEST_N_ROLES];

/* What the names of files of the TPM's state begin with. */
#define CAIRN_MANIFEST_TPM_PREFIX "tpm."

CairnDataManifest *cairn_manifest_new (void);

/* module table's write_manifest. */
gboolean cairn_manifest_write (const CairnDataManifest *manifest, int fd, const char *path,
                               GError **error);

/* The manifest in DIRECTORY, verified in itself. */
CairnDataManifest *cairn_manifest_read (const char *directory, GError **error);

/* The same from N bytes of TEXT; NULL when there is anything wrong. */
CairnDataManifest *cairn_manifest_parse (const char *text, size_t n_bytes);

/* Whether it is within both limits. */
gboolean cairn_manifest_is_small (const char *text, size_t n_bytes);

/* The checksum of the member "Backup", the caller's. */
char *cairn_manifest_checksum (JsonNode *backup);

/* The disk of that target; NULL when it has none. */
const CairnDataDisk *cairn_manifest_find (const CairnDataManifest *manifest, const char *target);

#endif
