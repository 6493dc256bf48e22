/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit.h: bitmaps of a running domain added and removed; the tracker's methods are in libvirt.c. */
#ifndef CAIRN_LIBVIRT_EDIT_H
#define CAIRN_LIBVIRT_EDIT_H

#include "tracker/libvirt/domains.h"

/* Makes the checkpoint of ORDER, all of it or nothing. */
typedef gboolean (*CairnLibvirtMakeFunc) (CairnLibvirtLook *look, const CairnBitmapOrder *order,
                                          gpointer user, GError **error);

/* As add_bitmap of tracker.h, for a running domain. MAKE (NULL = just the checkpoint) is called in
 * the gate, when all is checked and the guest frozen, if it is to be. */
gboolean cairn_libvirt_add (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                            const CairnBitmapOrder *order, CairnLibvirtMakeFunc make, gpointer user,
                            GError **error);

/* Takes back what cairn_libvirt_add made before ERROR. Where that fails, ERROR says so too. */
void cairn_libvirt_undo_add (CairnLibvirtLook *look, const char *name, GError **error);

/* The XML of the checkpoint of ORDER; the caller frees. */
char *cairn_libvirt_order_xml (const CairnLibvirtLook *look, const CairnBitmapOrder *order);

/* As remove_bitmap of tracker.h, for a running domain. */
gboolean cairn_libvirt_remove (CairnLibvirtLook *look, const GPtrArray *disks, const char *name,
                               GError **error);

/* Forgets the checkpoint NAME of a shut-off domain after DISKS lost its bitmap, unless another disk
 * has it still. What fails is left for doctor. */
void cairn_libvirt_forget_unused (CairnLibvirtTracker *self, const CairnVm *vm,
                                  const GPtrArray *disks, const char *name);

#endif
