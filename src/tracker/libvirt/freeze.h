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

/* How long recovery waits for an agent. */
#define CAIRN_LIBVIRT_THAW_LEFTOVER_MS 5000

typedef struct CairnLibvirtFreeze CairnLibvirtFreeze;

/* Freezes all file systems. INVALID_STATE when the guest has no agent, or it fails, freezes nothing
 * or doesn't answer within CAIRN_KEEPER_FREEZE_MS (keeper-talk.h) or until DEADLINE; it is thawed
 * then, or will be as soon as the agent answers. SYSTEM_NOT_AVAILABLE when there is no keeper. The
 * caller thaws. */
CairnLibvirtFreeze *cairn_libvirt_freeze (CairnLibvirt *libvirt, const CairnLibvirtLook *look,
                                          int64_t deadline, GError **error);

/* Thaws and frees FREEZE. FALSE with INVALID_STATE when a part of the guest wasn't frozen any more,
 * or it can't be thawed (the keeper goes on trying). */
gboolean cairn_libvirt_thaw (CairnLibvirtFreeze *freeze, GError **error);

/* Thaws a guest that a process which died may have left frozen. One that isn't is fine, and so is
 * one without an agent. */
gboolean cairn_libvirt_thaw_leftover (const CairnLibvirtLook *look, GError **error);

#endif
