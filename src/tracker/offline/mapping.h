/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mapping.h: how much of the virtual disk the image itself holds. Errors: qcow2.h. */
#ifndef CAIRN_OFFLINE_MAPPING_H
#define CAIRN_OFFLINE_MAPPING_H

#include "tracker/offline/qcow2.h"

/* L2 tables are read up to this many bytes: 8 Mi clusters, 512 GiB of fully allocated disk at the
 * usual 64 KiB, some 20 ms from the page cache. What is larger is not counted. */
#define CAIRN_MAPPING_LIMIT_BYTES (UINT64_C (64) << 20)

/* Counts the guest clusters that have an entry: data, compressed data or explicit zeros; saved VM
 * state, which lies past the disk's end, isn't counted. *COUNTED is FALSE when the limit was
 * reached. */
gboolean cairn_mapping_count (const CairnQcow2 *image, gboolean *counted, uint64_t *n_clusters,
                              int64_t deadline, GError **error);

#endif
