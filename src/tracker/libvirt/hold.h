/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hold.h: a running domain's disks as they were at one moment, held by a pull-mode backup job;
 * tracker.h's freeze and open_frozen.
 *
 * The job's place has a mark (place.h) with the name of the freeze's bitmap, which is never used
 * again: where the mark and the job are, so is the view, whoever reads it. What is read is believed
 * only if both are still there afterwards.
 */
#ifndef CAIRN_LIBVIRT_HOLD_H
#define CAIRN_LIBVIRT_HOLD_H

#include "refpoint/frozen.h"
#include "tracker/libvirt/domains.h"

/* As `freeze` of tracker.h, for a running domain. */
CairnFrozen *cairn_libvirt_hold (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                 const CairnBitmapOrder *order, const GPtrArray *disks,
                                 const char *const *bases, GError **error);

/* As `open_frozen` of tracker.h, for a running domain. */
CairnFrozen *cairn_libvirt_open_held (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                      const GPtrArray *disks, const char *name, int64_t deadline,
                                      GError **error);

#endif
