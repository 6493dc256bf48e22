/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* intents.h: intents in a SQLite store. What store.h says holds; writers run inside a transaction.
 */
#ifndef CAIRN_SQLITE_INTENTS_H
#define CAIRN_SQLITE_INTENTS_H

#include "store/sqlite/connection.h"

GPtrArray *cairn_sqlite_list_intents (CairnStore *store, const char *vm_guid, GError **error);

gboolean cairn_sqlite_put_intent (CairnSqliteStore *store, const CairnIntent *intent,
                                  GError **error);
gboolean cairn_sqlite_remove_intent (CairnSqliteStore *store, const char *id, GError **error);

#endif
