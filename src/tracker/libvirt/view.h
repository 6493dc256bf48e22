/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view.h: a running domain's disk as it is at one moment, through a pull-mode backup job. */
#ifndef CAIRN_LIBVIRT_VIEW_H
#define CAIRN_LIBVIRT_VIEW_H

#include "refpoint/view.h"
#include "tracker/libvirt/domains.h"

/* As open_view of tracker.h, for a running domain. The job lasts until the view is closed. */
CairnView *cairn_libvirt_view_open (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                                    const CairnDisk *disk, const char *catcher, int64_t deadline,
                                    GError **error);

#endif
