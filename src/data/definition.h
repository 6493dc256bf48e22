/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* definition.h: a domain's XML, made to fit the disks that were restored. */
#ifndef CAIRN_DATA_DEFINITION_H
#define CAIRN_DATA_DEFINITION_H

#include "refpoint/data.h"

/* More than any domain's; what is larger isn't read. */
#define CAIRN_DEFINITION_LIMIT_BYTES (4u * 1024 * 1024)

/* N bytes of XML with each disk whose target is among TARGETS (of char *) on
 * DIRECTORY/TARGET.qcow2, and the NVRAM at NVRAM (NULL = as it is); the caller's, of *SIZE bytes.
 * PATH is for messages. INCORRECT_DATA_TYPE when it is no domain's XML, or has a document type,
 * which none has. */
char *cairn_definition_rewrite (const char *xml, size_t n_bytes, const char *path,
                                const char *directory, const GPtrArray *targets, const char *nvram,
                                size_t *size_bytes, GError **error);

#endif
