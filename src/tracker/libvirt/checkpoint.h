/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checkpoint.h: libvirt's checkpoints, one of each point's name.
 *
 * Source: libvirt's checkpoint XML format; what of it libvirt 9.0 does and refuses was measured.
 */
#ifndef CAIRN_LIBVIRT_CHECKPOINT_H
#define CAIRN_LIBVIRT_CHECKPOINT_H

#include "tracker/libvirt/look.h"

/* What a checkpoint's XML says. All borrowed. */
typedef struct
{
  const char *name;
  const char *parent;       /* NULL = none said; must exist in libvirt */
  int64_t creation_time_ms; /* < 0 = now (libvirt's own time) */
  GPtrArray *targets;       /* of char *: disks that have the bitmap; the others are left out */
} CairnLibvirtCheckpoint;

/* The XML of a checkpoint of LOOK's domain; the caller frees. */
char *cairn_libvirt_checkpoint_xml (const CairnLibvirtLook *look,
                                    const CairnLibvirtCheckpoint *checkpoint);

/* Makes it, with its bitmaps on all its disks at one moment. */
gboolean cairn_libvirt_checkpoint_create (const CairnLibvirtLook *look,
                                          const CairnLibvirtCheckpoint *checkpoint, GError **error);

/* Makes libvirt know it again, its bitmaps being there; checked when the domain runs. */
gboolean cairn_libvirt_checkpoint_redefine (const CairnLibvirtLook *look,
                                            const CairnLibvirtCheckpoint *checkpoint,
                                            GError **error);

/* Removes it with its bitmaps, or (METADATA_ONLY) makes libvirt forget it. An unknown name is fine:
 * *FOUND (may be NULL) says so. */
gboolean cairn_libvirt_checkpoint_delete (const CairnLibvirtLook *look, const char *name,
                                          gboolean metadata_only, gboolean *found, GError **error);

/* Makes libvirt forget checkpoint NAME if it can; its bitmaps stay. */
void cairn_libvirt_checkpoint_forget (virDomainPtr domain, const char *name);

/* Names of all of the domain's checkpoints, parents first; of char *. */
GPtrArray *cairn_libvirt_checkpoint_list (const CairnLibvirtLook *look, GError **error);

gboolean cairn_libvirt_checkpoint_is_known (const CairnLibvirtLook *look, const char *name);

/* The same with their parents, for an inventory: of CairnFoundRecord. */
gboolean cairn_libvirt_checkpoint_take_records (const CairnLibvirtLook *look, GPtrArray *records,
                                                GError **error);

#endif
