/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prepared statements, kept for the life of the store. */
#include "store/sqlite/statement.h"

#include <string.h>

#include "store/sqlite/failure.h"

CairnStatement *
cairn_statement_take (CairnSqliteStore *store, const char *sql, const char *doing, GError **error)
{
  CairnStatement *statement = g_hash_table_lookup (store->statements, sql);
  sqlite3_stmt *stmt = NULL;
  int rc;

  if (statement)
    {
      statement->doing = doing; /* BEGIN serves all */
      return statement;
    }

  rc = sqlite3_prepare_v3 (store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
  if (rc != SQLITE_OK)
    return cairn_sqlite_fail (store, rc, doing, error), NULL;

  statement = g_new0 (CairnStatement, 1);
  statement->store = store;
  statement->stmt = stmt;
  statement->doing = doing;
  g_hash_table_insert (store->statements, (gpointer)sql, statement);
  return statement;
}

void
cairn_statement_give_back (CairnStatement *statement)
{
  if (!statement)
    return;
  /* Without its bindings, which point to the caller's memory. */
  sqlite3_reset (statement->stmt);
  sqlite3_clear_bindings (statement->stmt);
  statement->bind_rc = SQLITE_OK;
}

void
cairn_statement_free (CairnStatement *statement)
{
  sqlite3_finalize (statement->stmt);
  g_free (statement);
}

static void
remember (CairnStatement *statement, int rc)
{
  if (statement->bind_rc == SQLITE_OK)
    statement->bind_rc = rc;
}

void
cairn_statement_bind_text (CairnStatement *statement, int index, const char *text)
{
  cairn_statement_bind_optional_text (statement, index, text ? text : "");
}

void
cairn_statement_bind_optional_text (CairnStatement *statement, int index, const char *text)
{
  remember (statement, sqlite3_bind_text (statement->stmt, index, text, -1, SQLITE_STATIC));
}

void
cairn_statement_bind_int (CairnStatement *statement, int index, int64_t number)
{
  remember (statement, sqlite3_bind_int64 (statement->stmt, index, number));
}

void
cairn_statement_bind_uint (CairnStatement *statement, int index, uint64_t number)
{
  cairn_statement_bind_int (statement, index, (int64_t)number);
}

void
cairn_statement_bind_bytes (CairnStatement *statement, int index, GBytes *bytes)
{
  gsize length = 0;
  gconstpointer start = g_bytes_get_data (bytes, &length);

  /* SQLite takes a NULL pointer for NULL, GLib for no bytes. */
  remember (statement, sqlite3_bind_blob64 (statement->stmt, index, start ? start : "", length,
                                            SQLITE_STATIC));
}

CairnStep
cairn_statement_step (CairnStatement *statement, GError **error)
{
  int rc = statement->bind_rc;

  if (rc == SQLITE_OK)
    rc = sqlite3_step (statement->stmt);
  if (rc == SQLITE_ROW)
    return CAIRN_STEP_ROW;
  if (rc == SQLITE_DONE)
    return CAIRN_STEP_DONE;
  cairn_sqlite_fail (statement->store, rc, statement->doing, error);
  return CAIRN_STEP_ERROR;
}

gboolean
cairn_statement_run (CairnStatement *statement, GError **error)
{
  CairnStep step;

  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    ;
  return step == CAIRN_STEP_DONE;
}

gboolean
cairn_statement_run_text (CairnSqliteStore *store, const char *sql, const char *doing,
                          const char *text, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, doing, error);

  if (!statement)
    return FALSE;
  if (text)
    cairn_statement_bind_text (statement, 1, text);
  return cairn_statement_run (statement, error);
}

char *
cairn_statement_text (CairnStatement *statement, int column)
{
  char *text = cairn_statement_optional_text (statement, column);

  return text ? text : g_strdup ("");
}

char *
cairn_statement_optional_text (CairnStatement *statement, int column)
{
  const char *text = (const char *)sqlite3_column_text (statement->stmt, column);

  /* SQLite had no memory for it. */
  if (!text && sqlite3_column_type (statement->stmt, column) != SQLITE_NULL)
    remember (statement, SQLITE_NOMEM);
  return g_strdup (text);
}

GBytes *
cairn_statement_bytes (CairnStatement *statement, int column)
{
  gsize length = (gsize)sqlite3_column_bytes (statement->stmt, column);
  gconstpointer content = sqlite3_column_blob (statement->stmt, column);
  gpointer copy;

  if (sqlite3_column_type (statement->stmt, column) == SQLITE_NULL)
    return NULL;
  copy = g_try_malloc (MAX (length, 1));
  if (!copy || (length > 0 && !content))
    {
      g_free (copy);
      remember (statement, SQLITE_NOMEM);
      return NULL;
    }
  if (length > 0)
    memcpy (copy, content, length);
  return g_bytes_new_take (copy, length);
}

int64_t
cairn_statement_int (CairnStatement *statement, int column)
{
  return sqlite3_column_int64 (statement->stmt, column);
}

uint64_t
cairn_statement_uint (CairnStatement *statement, int column)
{
  return (uint64_t)sqlite3_column_int64 (statement->stmt, column);
}
