/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* freeze.h: images that nobody writes to for a while: QEMU's lock on them is held as by a reader
 * that allows no writer (locks.h), so that a VM doesn't start on them. It vanishes with the
 * process.
 */
#ifndef CAIRN_OFFLINE_FREEZE_H
#define CAIRN_OFFLINE_FREEZE_H

#include <cairn/vm.h>

#include "refpoint/frozen.h"

/* Views of DISKS (of CairnDisk), held still with their backing images. Waits for writers up to
 * CAIRN_IMAGE_LOCK_MS or DEADLINE. Errors: view.h. */
CairnFrozen *cairn_offline_hold (const GPtrArray *disks, int64_t deadline, GError **error);

/* The same views of what is held already, since bitmap NAME was added: INVALID_STATE when nobody
 * holds an image, or that bitmap has changes. */
CairnFrozen *cairn_offline_open_held (const GPtrArray *disks, const char *name, int64_t deadline,
                                      GError **error);

#endif
