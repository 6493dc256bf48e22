/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock.h: the locks on VMs beside a SQLite store. What store.h says holds. */
#ifndef CAIRN_SQLITE_LOCK_H
#define CAIRN_SQLITE_LOCK_H

#include "store/sqlite/connection.h"

CairnStoreLock *cairn_sqlite_lock_vm (CairnStore *store, const char *vm_guid, int64_t deadline,
                                      GError **error);
void cairn_sqlite_unlock_vm (CairnStoreLock *lock);

#endif
