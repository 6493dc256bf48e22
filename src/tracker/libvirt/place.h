/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.h: the directory in which a job of ours on one domain has its socket, locked while the job
 * lasts.
 *
 * A job that holds a frozen view for long says so by a file there, the mark, with the name of the
 * freeze: it is there from just after the job's beginning on, so a mark without a job means that
 * the job is over. Others then don't wait for the place, but read through the job (reading.h). The
 * directory may be QEMU's user's, so nothing in it is believed that would harm if forged.
 */
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
char *cairn_libvirt_place_trait (const char *socket);

/* Makes the directory, for LOOK's QEMU to write to, and locks it, waiting until DEADLINE, but not
 * for one with a mark. NULL with SYSTEM_IN_USE (another process of ours has it), ACCESS_DENIED,
 * INVALID_PARAMETER (the path is too long for a socket), FAILED. */
CairnLibvirtPlace *cairn_libvirt_place_take (const CairnLibvirt *libvirt,
                                             const CairnLibvirtLook *look, int64_t deadline,
                                             GError **error);

/* Whether the directory is still this process's: one whose job was over may have been taken away
 * by the next. */
gboolean cairn_libvirt_place_is_ours (const CairnLibvirtPlace *place);

/* Puts the mark NAME there. */
gboolean cairn_libvirt_place_set_mark (const CairnLibvirtPlace *place, const char *name,
                                       GError **error);

/* The mark in a VM's place, whoever has that; NULL when there is none. The caller frees. */
char *cairn_libvirt_place_find_mark (const CairnLibvirt *libvirt, const char *vm_guid);

/* Takes a place away from the process that has it locked: its job is over. In the gate only. */
void cairn_libvirt_place_take_away (const CairnLibvirt *libvirt, const char *vm_guid);

/* Locks what only one may do at a time through the job at a VM's place; -1 with SYSTEM_IN_USE, or
 * INVALID_STATE (there is no place). The caller closes it. */
int cairn_libvirt_place_lock_reading (const CairnLibvirt *libvirt, const char *vm_guid,
                                      int64_t deadline, GError **error);

/* Removes what is in the directory and the directory, and unlocks it. PLACE may be NULL. */
void cairn_libvirt_place_leave (CairnLibvirtPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtPlace, cairn_libvirt_place_leave)

#endif
