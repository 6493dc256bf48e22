/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reading.h: changes told through a job of ours that holds a frozen view (place.h), while a job of
 * their own isn't possible.
 *
 * The bitmap is copied into one that doesn't record, on the node from which the job serves the
 * disk, and that node exported once more by the job's NBD server: both end with the job at the
 * latest, whatever becomes of us. It has what the bitmap holds now, so also what was written after
 * the job's moment. A disk that the job doesn't serve is exported itself.
 */
#ifndef CAIRN_LIBVIRT_READING_H
#define CAIRN_LIBVIRT_READING_H

#include "nbd/client.h"
#include "tracker/libvirt/look.h"

typedef struct CairnLibvirtReading CairnLibvirtReading;

/* Whether a process holds a frozen view of the domain; *NAME (may be NULL) is its freeze's then,
 * the caller's. */
gboolean cairn_libvirt_is_held (CairnLibvirt *libvirt, const CairnLibvirtLook *look, char **name);

/* A connection to an export of a job that another process may end meanwhile, made in the gate: QEMU
 * 7.2.22 hangs for ever when its NBD server is stopped while a client is just connecting (it waits
 * for that client in an event loop which doesn't serve it). Errors: client.h, gate.h. */
CairnNbdClient *cairn_libvirt_connect_held (CairnLibvirt *libvirt, const char *vm_guid,
                                            const char *socket, const char *export_name,
                                            const char *const *contexts, int64_t deadline,
                                            GError **error);

/* A connection to what BITMAP of disk TARGET holds, in all images down to the first that lacks it;
 * LOOK's bitmaps must have been read. Errors: INVALID_STATE (no such bitmap, or the job has ended),
 * SYSTEM_IN_USE, SYSTEM_NOT_AVAILABLE, FAILED, TIMEOUT. */
CairnLibvirtReading *cairn_libvirt_reading_begin (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                                                  const char *target, const char *bitmap,
                                                  int64_t deadline, GError **error);

/* The connection, and the context to ask it about; borrowed. */
CairnNbdClient *cairn_libvirt_reading_client (CairnLibvirtReading *reading);
const char *cairn_libvirt_reading_context (const CairnLibvirtReading *reading);

/* Removes all that was made. READING may be NULL. */
void cairn_libvirt_reading_end (CairnLibvirtReading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtReading, cairn_libvirt_reading_end)

#endif
