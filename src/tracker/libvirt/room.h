/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* room.h: whether there is room for what a guest overwrites while its disks are held.
 *
 * When a job's scratch file can't grow, QEMU 7.2 fails the guest's write, not the job: so a job
 * must end before that. It is looked at ten times a second while disks are copied, else each
 * second.
 */
#ifndef CAIRN_LIBVIRT_ROOM_H
#define CAIRN_LIBVIRT_ROOM_H

#include <glib.h>

/* FALSE with FAILED when the file system of one of DIRECTORIES (of char *) is nearly full. VM names
 * the domain. */
gboolean cairn_libvirt_room_check (const GPtrArray *directories, const char *vm, GError **error);

#endif
