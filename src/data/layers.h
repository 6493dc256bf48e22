/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layers.h: images of one disk at several moments, one over the other: which image each cluster is
 * taken from.
 */
#ifndef CAIRN_DATA_LAYERS_H
#define CAIRN_DATA_LAYERS_H

#include "data/image.h"

/* IMAGES (of CairnDataImage, freshly opened, the oldest first) of a disk of SIZE bytes, merged:
 * runs of the disk, by first. A run's source is 1 + the index of the image that has it, its place
 * the cluster of that file. With KEEPS_ZEROES there are runs of CAIRN_RUN_ZERO, too, for what
 * images say is zeroes; otherwise these are left out like what no image says anything of. An image
 * of another size is refused. The caller unrefs. */
GArray *cairn_layers_merge (const GPtrArray *images, uint64_t size_bytes, gboolean keeps_zeroes,
                            GError **error);

#endif
