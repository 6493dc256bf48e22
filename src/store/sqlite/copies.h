/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copies.h: the files known to hold a disk as of a point, in a SQLite store. What store.h says
 * holds; the writer runs inside a transaction. */
#ifndef CAIRN_SQLITE_COPIES_H
#define CAIRN_SQLITE_COPIES_H

#include "store/sqlite/connection.h"

GPtrArray *cairn_sqlite_list_copies (CairnStore *base, const char *vm_guid, const char *point,
                                     GError **error);

gboolean cairn_sqlite_put_copy (CairnSqliteStore *store, const CairnStoreCopy *copy,
                                GError **error);

#endif
