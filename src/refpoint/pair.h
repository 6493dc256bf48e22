/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pair.h: the two files of an export, opened for reading. */
#ifndef CAIRN_PAIR_H
#define CAIRN_PAIR_H

#include "refpoint/metadata.h"
#include "refpoint/operation.h"

typedef struct CairnPair CairnPair;

/* Checks both paths: syntax, then allowed directories as the service's caller sees them.
 * INVALID_PARAMETER, ACCESS_DENIED. */
gboolean cairn_pair_check_paths (CairnService *service, const char *config_path,
                                 const char *runtime_path, GError **error);

/* Opens both files as CALLER (caller.h), then reads both containers. ACCESS_DENIED,
 * INVALID_PARAMETER, INCORRECT_DATA_TYPE, OUT_OF_MEMORY. The paths must outlive the pair. */
CairnPair *cairn_pair_open (const CairnCaller *caller, const char *config_path,
                            const char *runtime_path, GError **error);

/* Whether both files are there and may be opened by the service's caller. INVALID_PARAMETER,
 * ACCESS_DENIED. */
gboolean cairn_pair_check_access (CairnService *service, const char *config_path,
                                  const char *runtime_path, GError **error);

void cairn_pair_free (CairnPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnPair, cairn_pair_free)

/* Their points, as cairn_metadata_read. */
CairnMetadata *cairn_pair_read (const CairnPair *pair, const CairnVm *vm, GError **error);

#endif
