/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* changes.h: what changed on a running domain's disks; tracker.h's method. */
#ifndef CAIRN_LIBVIRT_CHANGES_H
#define CAIRN_LIBVIRT_CHANGES_H

#include "tracker/libvirt/domains.h"

/* Judges every question, and answers those whose verdict is TRACKED with one backup job for each
 * point that is asked about. */
gboolean cairn_libvirt_tell_changes (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                     CairnQuestion *questions, size_t n_questions, int64_t deadline,
                                     GError **error);

/* All that ANCHOR's bitmap holds of the running domain's DISK, whatever the verdict. The caller
 * unrefs. */
GArray *cairn_libvirt_read_bitmap (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                   const CairnDisk *disk, const CairnAnchor *anchor,
                                   int64_t deadline, GError **error);

#endif
