/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metadata-keys.h: single keys of a metadata file. PATH is the file's, for messages; each reader
 * fails with INCORRECT_DATA_TYPE when the key is absent or of another type. */
#ifndef CAIRN_METADATA_KEYS_H
#define CAIRN_METADATA_KEYS_H

#include "refpoint/metadata.h"

/* Sets INCORRECT_DATA_TYPE: "file 'PATH' WHAT; <remedy>". Always FALSE. */
gboolean cairn_metadata_refuse (GError **error, const char *path, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* The key at path NAME below NODE; borrowed. */
const VmcxKey *cairn_metadata_require (const VmcxKey *node, const char *path, const char *name,
                                       GError **error);

char *cairn_metadata_string (const VmcxKey *node, const char *path, const char *name,
                             GError **error);
gboolean cairn_metadata_uint (const VmcxKey *node, const char *path, const char *name,
                              uint64_t *value, GError **error);
gboolean cairn_metadata_int (const VmcxKey *node, const char *path, const char *name,
                             int64_t *value, GError **error);

/* The bytes of KEY itself. */
GBytes *cairn_metadata_array (const VmcxKey *key, const char *path, GError **error);

#endif
