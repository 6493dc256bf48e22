/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* freeze.h: a guest's file systems frozen for a moment, through its agent.
 *
 * A guest that stays frozen hangs. So a keeper process (keeper.h) thaws it when this process dies,
 * and every way out of here thaws it.
 */
#ifndef CAIRN_LIBVIRT_FREEZE_H
#define CAIRN_LIBVIRT_FREEZE_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/look.h"

/* How long the guest may take to freeze, or to thaw: a database that writes out what it holds. */
#define CAIRN_LIBVIRT_FREEZE_S 30

typedef struct CairnLibvirtFreeze CairnLibvirtFreeze;

/* Freezes all file systems; INVALID_STATE when the guest has no agent, or it fails or doesn't
 * answer in time (the guest is thawed then). The caller thaws. */
CairnLibvirtFreeze *cairn_libvirt_freeze (CairnLibvirt *libvirt, const CairnLibvirtLook *look,
                                          int64_t deadline, GError **error);

/* Thaws and frees FREEZE. FALSE with INVALID_STATE when the guest wasn't frozen any more, or can't
 * be thawed (the keeper goes on trying). */
gboolean cairn_libvirt_thaw (CairnLibvirtFreeze *freeze, GError **error);

#endif
