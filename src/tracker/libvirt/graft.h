/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* graft.h: a bitmap with given contents put on a running domain's disk. */
#ifndef CAIRN_LIBVIRT_GRAFT_H
#define CAIRN_LIBVIRT_GRAFT_H

#include "refpoint/granules.h"
#include "tracker/libvirt/domains.h"

/* As graft_bitmap of tracker.h, for a running domain. libvirt's record of NAME, which doesn't know
 * this disk, is dropped: settling redefines it. */
gboolean cairn_libvirt_graft (CairnLibvirtLook *look, const CairnDisk *disk, const char *name,
                              const CairnGranules *granules, const char *catcher, GError **error);

#endif
