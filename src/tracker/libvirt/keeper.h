/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* keeper.h: a process that stands by while a guest is frozen or a backup job of ours runs, and
 * thaws or ends it when we die.
 *
 * It is a program of its own (cairn-keeper, beside the module), started before the deed: a fork of
 * a process with threads can't use libvirt. It waits for our end of a socket to be closed, which
 * the kernel does whatever we die of, and loads libvirt only then. It is in a session of its own,
 * so that a signal to our process group doesn't reach it. It thaws a guest, too, that stays frozen
 * for too long because we are stopped.
 *
 * Threads: any; each keeper is one thread's.
 */
#ifndef CAIRN_LIBVIRT_KEEPER_H
#define CAIRN_LIBVIRT_KEEPER_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/look.h"

typedef enum
{
  CAIRN_LIBVIRT_KEEPER_THAW,
  CAIRN_LIBVIRT_KEEPER_END_JOB, /* only a job at our place (place.h) */
} CairnLibvirtKeeperDuty;

typedef struct CairnLibvirtKeeper CairnLibvirtKeeper;

/* Starts a keeper and returns when it stands by. With a job that it ends it removes FILES (of
 * char *; NULL = none). SYSTEM_NOT_AVAILABLE when it can't be started. */
CairnLibvirtKeeper *cairn_libvirt_keeper_start (CairnLibvirtKeeperDuty duty,
                                                const CairnLibvirt *libvirt,
                                                const CairnLibvirtLook *look,
                                                const GPtrArray *files, GError **error);

/* Tells it that the guest is frozen: from now on its clock ticks (CAIRN_KEEPER_HOLD_MS). */
void cairn_libvirt_keeper_note_frozen (CairnLibvirtKeeper *keeper);

/* The duty is done: the keeper ends. KEEPER may be NULL in both; both free it. */
void cairn_libvirt_keeper_dismiss (CairnLibvirtKeeper *keeper);

/* We couldn't do it: the keeper does it now, and goes on trying for a while. */
void cairn_libvirt_keeper_abandon (CairnLibvirtKeeper *keeper);

#endif
