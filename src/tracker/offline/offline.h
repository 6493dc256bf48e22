/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline.h: the tracker of images that no VM has open.
 *
 * Reading is done natively (look.h), writing through a qemu-storage-daemon that lives for one call
 * (edit.h). It knows no VMs of its own: they are the store's.
 *
 * Threads: tracker.h's rule, and its reason. While add_bitmap or remove_bitmap runs, a
 * qemu-storage-daemon has the images open read-write; if it were killed then, every bitmap of them
 * would stay marked in use. So the kernel sends it a SIGTERM, on which it closes them whole, as
 * soon as the *thread* that made the call ends: a thread that is cancelled or leaves in the middle
 * of a call cuts the call short, just as the end of the process does.
 */
#ifndef CAIRN_OFFLINE_H
#define CAIRN_OFFLINE_H

#include "refpoint/tracker.h"

/* A tracker without state; the caller closes it with its ops->close. Never fails. */
CairnTracker *cairn_offline_tracker_new (void);

#endif
