/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.h: what a domain is besides its disks. */
#ifndef CAIRN_LIBVIRT_STATE_H
#define CAIRN_LIBVIRT_STATE_H

#include "refpoint/tracker.h"

/* As describe_state of tracker.h. */
gboolean cairn_libvirt_describe_state (CairnTracker *tracker, const CairnVm *vm,
                                       CairnVmState *state, GError **error);

#endif
