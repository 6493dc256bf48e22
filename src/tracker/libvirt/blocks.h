/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* blocks.h: what QEMU says of a running domain's images and bitmaps, put into a look's layers.
 *
 * query-block tells it of what is attached to a device, and is safe at any time. A disk under a job
 * (a backup) has a filter on top that hides its bitmaps there; only then query-named-block-nodes is
 * asked, through the gate (gate.h says why).
 * Source: QEMU's QMP reference: query-block, BlockDeviceInfo, ImageInfo.
 */
#ifndef CAIRN_LIBVIRT_BLOCKS_H
#define CAIRN_LIBVIRT_BLOCKS_H

#include "tracker/libvirt/look.h"

/* Fills in the sizes and bitmaps of LOOK's layers. */
gboolean cairn_libvirt_blocks_read (CairnLibvirtLook *look, GError **error);

/* Whether a disk has a filter of a job on top. */
gboolean cairn_libvirt_blocks_are_filtered (CairnLibvirtLook *look, gboolean *are, GError **error);

/* Whether the QEMU was migrated to or from since it started, done or not. */
gboolean cairn_libvirt_blocks_have_migrated (CairnLibvirtLook *look, gboolean *have,
                                             GError **error);

#endif
