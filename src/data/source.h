/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.h: a backup's images read back: one full image and the differential ones after it, as one
 * view of the disk as of the last. Reads what plan.h lays out, and nothing else of qcow2.
 */
#ifndef CAIRN_DATA_SOURCE_H
#define CAIRN_DATA_SOURCE_H

#include "refpoint/data.h"

/* A view of the images at PATHS (of char *), the full one first, of a disk of SIZE bytes. Errors:
 * INCORRECT_DATA_TYPE (not such an image, or of another size), FILE_NOT_FOUND, ACCESS_DENIED,
 * FAILED. The caller closes it. */
CairnView *cairn_source_open (const GPtrArray *paths, uint64_t size_bytes, GError **error);

#endif
