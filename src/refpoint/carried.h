/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* carried.h: what an imported pair holds that we don't know, kept so that an export has it again.
 *
 * CairnPoint.configuration is itself a container: /configuration and /runtime_state are arrays with
 * the bytes of the two files as they came. A runtime state over the limit (a saved state has the
 * guest's memory in it) is left out.
 */
#ifndef CAIRN_CARRIED_H
#define CAIRN_CARRIED_H

#include "refpoint/metadata.h"

/* What is kept of one file at most: a configuration takes 50 to 500 KiB. */
#define CAIRN_CARRIED_LIMIT_BYTES (UINT64_C (8) << 20)

/* Packs both files. OUT_OF_MEMORY for a configuration over the limit. */
GBytes *cairn_carried_pack (const CairnMetadataSource *configuration,
                            const CairnMetadataSource *runtime, GError **error);

/* Whether a pair of ours has keys that this version doesn't know. */
gboolean cairn_carried_is_needed (const CairnMetadataSource *configuration,
                                  const CairnMetadataSource *runtime);

#endif
