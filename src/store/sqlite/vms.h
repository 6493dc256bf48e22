/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vms.h: VMs in a SQLite store. What store.h says holds; writers run inside a transaction. */
#ifndef CAIRN_SQLITE_VMS_H
#define CAIRN_SQLITE_VMS_H

#include "store/sqlite/connection.h"

GPtrArray *cairn_sqlite_list_vms (CairnStore *store, GError **error);
CairnVm *cairn_sqlite_get_vm (CairnStore *store, const char *name_or_guid, GError **error);

gboolean cairn_sqlite_put_vm (CairnSqliteStore *store, const CairnVm *vm, GError **error);
gboolean cairn_sqlite_remove_vm (CairnSqliteStore *store, const char *guid, GError **error);

#endif
