/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit.h: bitmaps of a running domain added and removed; the tracker's methods are in libvirt.c. */
#ifndef CAIRN_LIBVIRT_EDIT_H
#define CAIRN_LIBVIRT_EDIT_H

#include "tracker/libvirt/domains.h"

/* As add_bitmap of tracker.h, for a running domain. */
gboolean cairn_libvirt_add (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                            const CairnBitmapOrder *order, GError **error);

/* As remove_bitmap of tracker.h, for a running domain. */
gboolean cairn_libvirt_remove (CairnLibvirtLook *look, const GPtrArray *disks, const char *name,
                               GError **error);

/* Forgets the checkpoint NAME of a shut-off domain after DISKS lost its bitmap, unless another disk
 * has it still. What fails is left for doctor. */
void cairn_libvirt_forget_unused (CairnLibvirtTracker *self, const CairnVm *vm,
                                  const GPtrArray *disks, const char *name);

#endif
