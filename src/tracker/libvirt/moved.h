/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* moved.h: whether a running domain's disk that is elsewhere now has all that its bitmaps had. */
#ifndef CAIRN_LIBVIRT_MOVED_H
#define CAIRN_LIBVIRT_MOVED_H

#include "tracker/libvirt/domains.h"

/* For those of N anchors whose JUDGEMENTS say TRACKED and moved_to, reads the bitmap from QEMU and
 * compares it with what the image at the anchor's path has, when there is one: a backup job for
 * each, so what is found right should be remembered. Fails on TIMEOUT, OUT_OF_MEMORY and
 * SYSTEM_NOT_AVAILABLE. */
gboolean cairn_libvirt_confirm_moved (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                      const CairnDisk *disk, const CairnAnchor *const *anchors,
                                      size_t n_anchors, CairnJudgement *judgements,
                                      int64_t deadline, GError **error);

#endif
