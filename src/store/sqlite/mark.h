/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mark.h: whether a SQLite store was changed. */
#ifndef CAIRN_SQLITE_MARK_H
#define CAIRN_SQLITE_MARK_H

#include "store/sqlite/connection.h"

gboolean cairn_sqlite_change_mark (CairnStore *store, uint64_t *mark, GError **error);

#endif
