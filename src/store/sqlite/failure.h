/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* failure.h: SQLite's result codes as errors of ours. */
#ifndef CAIRN_SQLITE_FAILURE_H
#define CAIRN_SQLITE_FAILURE_H

#include "store/sqlite/connection.h"

/* Sets ERROR for SQLite's code RC (extended or not), met while trying to DOING ("read VMs").
 * Returns FALSE, so that a caller can return it. */
gboolean cairn_sqlite_fail (CairnSqliteStore *store, int rc, const char *doing, GError **error);

/* ACCESS_DENIED: the store can be read only. Returns FALSE. */
gboolean cairn_sqlite_fail_read_only (CairnSqliteStore *store, GError **error);

#endif
