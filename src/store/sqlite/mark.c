/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a SQLite store was changed. */
#include "store/sqlite/mark.h"

#include "store/sqlite/statement.h"

/* SQLite counts what other connections commit, in 32 bits; its count leaves out our own. */
gboolean
cairn_sqlite_change_mark (CairnStore *base, uint64_t *mark, GError **error)
{
  static const char sql[] = "PRAGMA data_version";
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (CairnStatement) statement
      = cairn_statement_take (store, sql, "ask whether it was changed", error);

  if (!statement || cairn_statement_step (statement, error) != CAIRN_STEP_ROW)
    return FALSE;
  *mark = cairn_statement_uint (statement, 0) << 32 ^ store->n_commits;
  return TRUE;
}
