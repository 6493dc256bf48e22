/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scratch.h: a qcow2 image in memory that holds nothing but one persistent bitmap, to be merged
 * into a disk's. QEMU has no call that sets bits, but it merges bitmaps across images of one size.
 *
 * It is a memfd: it has no name, so nothing is left behind however its users end; QEMU opens it
 * through an inherited or passed descriptor. Clusters have 2 MiB, so that each part of it takes one
 * and the file is nearly all holes. Any thread.
 *
 * Source: QEMU docs/interop/qcow2.txt; tracker/offline/layout.h draws what is needed of it.
 */
#ifndef CAIRN_SCRATCH_H
#define CAIRN_SCRATCH_H

#include "refpoint/granules.h"

/* The name of its bitmap. */
#define CAIRN_SCRATCH_BITMAP "dirty"

/* The image, with the virtual size and granularity of GRANULES, whose dirty ones are its bitmap's.
 * Returns its descriptor, which may only read, and which the caller closes; -1 with NOT_SUPPORTED
 * (more granules than a bitmap of QEMU has) or FAILED. */
int cairn_scratch_new (const CairnGranules *granules, GError **error);

#endif
