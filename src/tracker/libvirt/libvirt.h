/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt.h: the one entry of module cairn-libvirt.so: the tracker of libvirt's domains.
 *
 * A running domain's bitmaps are made, told and removed through its QEMU, with a libvirt checkpoint
 * of the same name beside each, so that libvirt carries them through snapshots and commits. A
 * domain that is shut off is the offline tracker's, and its checkpoints are then redefined. The
 * store is the truth about points; libvirt's checkpoints are a cache of it.
 *
 * Threads: tracker.h's rule. The module starts one thread of its own, for libvirt's events.
 */
#ifndef CAIRN_LIBVIRT_H
#define CAIRN_LIBVIRT_H

#include "refpoint/tracker.h"

#define CAIRN_LIBVIRT_MODULE "libvirt"
#define CAIRN_LIBVIRT_ENTRY  "cairn_libvirt_tracker_new"

/* A tracker for the connection URI ("qemu:///system"); connects when first asked something. Takes
 * over OFFLINE, the tracker of images that no QEMU has open, also on failure. Errors:
 * INVALID_PARAMETER, NOT_SUPPORTED (another host's). */
typedef CairnTracker *(*CairnLibvirtNewFunc) (const char *uri, CairnTracker *offline,
                                              GError **error);

CAIRN_API CairnTracker *cairn_libvirt_tracker_new (const char *uri, CairnTracker *offline,
                                                   GError **error);

#endif
