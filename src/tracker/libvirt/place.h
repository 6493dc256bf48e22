/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.h: the directory in which a job of ours on one domain has its socket, locked while the job
 * lasts. */
#ifndef CAIRN_LIBVIRT_PLACE_H
#define CAIRN_LIBVIRT_PLACE_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/look.h"

typedef struct
{
  char *directory;
  char *socket;
  int fd; /* of the directory; holds the lock */
} CairnLibvirtPlace;

/* The directory's path; the caller frees. */
char *cairn_libvirt_place_directory (const CairnLibvirt *libvirt, const char *vm_guid);

/* The path of the socket that a job of ours on LOOK's domain has; the caller frees. */
char *cairn_libvirt_place_socket (const CairnLibvirt *libvirt, const CairnLibvirtLook *look);

/* What the XML of a job whose server listens at SOCKET contains; the caller frees. */
char *cairn_libvirt_place_mark (const char *socket);

/* Makes the directory, for LOOK's QEMU to write to, and locks it, waiting until DEADLINE. NULL with
 * SYSTEM_IN_USE (another process of ours has it), ACCESS_DENIED, INVALID_PARAMETER (the path is too
 * long for a socket), FAILED. */
CairnLibvirtPlace *cairn_libvirt_place_take (const CairnLibvirt *libvirt,
                                             const CairnLibvirtLook *look, int64_t deadline,
                                             GError **error);

/* Removes what is in the directory and the directory, and unlocks it. PLACE may be NULL. */
void cairn_libvirt_place_leave (CairnLibvirtPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtPlace, cairn_libvirt_place_leave)

#endif
