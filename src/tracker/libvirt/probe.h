/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe.h: what a domain's disks are, running or shut off. probe_disk and measure are tracker.h's.
 */
#ifndef CAIRN_LIBVIRT_PROBE_H
#define CAIRN_LIBVIRT_PROBE_H

#include "tracker/libvirt/domains.h"

void cairn_libvirt_probe_disk (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                               CairnDiskProbe *probe);
void cairn_libvirt_measure (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                            CairnAnchor *anchor);

/* What isn't on this host, or is a drive for media, isn't for the offline tracker: TRUE, and PROBE
 * says so. */
gboolean cairn_libvirt_probe_by_description (CairnLibvirtTracker *self, const CairnVm *vm,
                                             const CairnDisk *disk, CairnDiskProbe *probe);

#endif
