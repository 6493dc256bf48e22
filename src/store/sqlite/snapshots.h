/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshots.h: recovery checkpoints in a SQLite store. What store.h says holds; writers run inside
 * a transaction. */
#ifndef CAIRN_SQLITE_SNAPSHOTS_H
#define CAIRN_SQLITE_SNAPSHOTS_H

#include "store/sqlite/connection.h"

GPtrArray *cairn_sqlite_list_snapshots (CairnStore *base, const char *vm_guid, GError **error);

gboolean cairn_sqlite_put_snapshot (CairnSqliteStore *store, const CairnSnapshot *snapshot,
                                    GError **error);
gboolean cairn_sqlite_release_snapshot (CairnSqliteStore *store, const char *point, GError **error);

#endif
