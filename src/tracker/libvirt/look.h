/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* look.h: one look at a domain: whether it runs, its disks, and what its QEMU says of their
 * bitmaps.
 *
 * A look is taken for each call of the service and then believed for the rest of that call; what
 * changes bitmaps has them read again.
 */
#ifndef CAIRN_LIBVIRT_LOOK_H
#define CAIRN_LIBVIRT_LOOK_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/disk.h"

typedef struct
{
  CairnLibvirt *libvirt; /* borrowed */
  virDomainPtr domain;
  char *guid;           /* upper case */
  gboolean is_running;  /* a QEMU has its images open (it may be paused) */
  gboolean is_arriving; /* by migration, and not here yet */
  gboolean is_paused;
  gboolean is_dormant;  /* paused, and migrated at some time: QEMU reads the bitmaps of its images
                           when it first runs, so those that aren't there may come yet; valid once
                           has_bitmaps */
  gboolean has_bitmaps; /* the layers' bitmaps are read */
  CairnLibvirtDescription *description;
} CairnLibvirtLook;

/* Looks at DOMAIN, which it takes over (also on failure). SYSTEM_NOT_AVAILABLE, FAILED,
 * INVALID_PARAMETER (it is gone). */
CairnLibvirtLook *cairn_libvirt_look_new (CairnLibvirt *libvirt, virDomainPtr domain,
                                          GError **error);
void cairn_libvirt_look_free (CairnLibvirtLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtLook, cairn_libvirt_look_free)

/* The domain of that name or GUID, the caller's; INVALID_PARAMETER when there is none. */
virDomainPtr cairn_libvirt_domain_find (CairnLibvirt *libvirt, const char *name_or_guid,
                                        GError **error);

/* The look at the domain of that name or GUID; INVALID_PARAMETER when there is none. */
CairnLibvirtLook *cairn_libvirt_look_find (CairnLibvirt *libvirt, const char *name_or_guid,
                                           GError **error);

/* SYSTEM_IN_USE while the domain migrates or is being saved: libvirt would have us wait for it. */
gboolean cairn_libvirt_look_require_here (const CairnLibvirtLook *look, GError **error);

/* Reads the bitmaps of a running domain's layers, unless they are read already. Those of one that
 * is arriving are left unread: QEMU doesn't know them yet, and libvirt would have us wait. */
gboolean cairn_libvirt_look_read_bitmaps (CairnLibvirtLook *look, GError **error);
void cairn_libvirt_look_forget_bitmaps (CairnLibvirtLook *look);

/* The disk of that target, or NULL; borrowed. */
CairnLibvirtDisk *cairn_libvirt_look_find_disk (const CairnLibvirtLook *look, const char *target);

/* Whether the domain started or stopped since the look was taken. */
gboolean cairn_libvirt_look_is_stale (const CairnLibvirtLook *look);

#endif
