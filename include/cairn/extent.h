/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/extent.h: ranges of a virtual disk.
 *
 * A list of extents is a GArray of CairnExtent: sorted by offset, no two touching or overlapping,
 * none empty, none past the end of the disk. Plain values; no thread rule beyond GArray's.
 */
#ifndef CAIRN_EXTENT_H
#define CAIRN_EXTENT_H

#include <glib.h>
#include <stdint.h>

#include <cairn/error.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t offset_bytes; /* from the start of the virtual disk */
  uint64_t length_bytes; /* > 0 */
} CairnExtent;

/* A new, empty list; the caller unrefs it with g_array_unref. */
CAIRN_API GArray *cairn_extents_new (void);

/* Appends a range that starts at or after the end of the last one; merges when they touch. Empty
 * ranges are dropped. */
CAIRN_API void cairn_extents_append (GArray *extents, uint64_t offset_bytes, uint64_t length_bytes);

/* The sum of all lengths, in bytes. */
CAIRN_API uint64_t cairn_extents_total_bytes (const GArray *extents);

/* TRUE when every byte of INNER lies in OUTER. */
CAIRN_API gboolean cairn_extents_cover (const GArray *outer, const GArray *inner);

G_END_DECLS

#endif
