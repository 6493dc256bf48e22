/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.h: images of a backup, one over the other, as a view of what they hold together. */
#ifndef CAIRN_DATA_SOURCE_H
#define CAIRN_DATA_SOURCE_H

#include "refpoint/data.h"

/* module table's open_logs. */
gboolean cairn_source_open_logs (const GPtrArray *paths, const GPtrArray *sha256s,
                                 uint64_t size_bytes, CairnView **view, GArray **extents,
                                 GError **error);

#endif
