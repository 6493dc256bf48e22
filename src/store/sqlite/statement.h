/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* statement.h: prepared statements, kept for the life of the store.
 *
 * A statement is taken by its SQL, which must be a static string (it is found again by its
 * address), bound, stepped, and given back by its autoptr. Bound values must live until then.
 * A bind or a column that fails for
 * want of memory is reported by the next step, so a reader steps on until the end.
 */
#ifndef CAIRN_SQLITE_STATEMENT_H
#define CAIRN_SQLITE_STATEMENT_H

#include "store/sqlite/connection.h"

typedef struct
{
  CairnSqliteStore *store;
  sqlite3_stmt *stmt;
  const char *doing; /* what a failure says we couldn't do */
  int bind_rc;
} CairnStatement;

typedef enum
{
  CAIRN_STEP_ERROR = -1,
  CAIRN_STEP_DONE = 0,
  CAIRN_STEP_ROW = 1,
} CairnStep;

/* The statement of static string SQL; DOING (static, too) completes "store '...': can't ...". */
CairnStatement *cairn_statement_take (CairnSqliteStore *store, const char *sql, const char *doing,
                                      GError **error);
/* Ready for the next use; it stays in the store's cache. */
void cairn_statement_give_back (CairnStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnStatement, cairn_statement_give_back)

/* For the cache. */
void cairn_statement_free (CairnStatement *statement);

/* Parameters count from 1. text: NULL is "". optional_text: NULL is NULL. uint: kept as the int64
 * of the same 64 bits, as SQLite has no unsigned integers. */
void cairn_statement_bind_text (CairnStatement *statement, int index, const char *text);
void cairn_statement_bind_optional_text (CairnStatement *statement, int index, const char *text);
void cairn_statement_bind_int (CairnStatement *statement, int index, int64_t number);
void cairn_statement_bind_uint (CairnStatement *statement, int index, uint64_t number);
void cairn_statement_bind_bytes (CairnStatement *statement, int index, GBytes *bytes);

CairnStep cairn_statement_step (CairnStatement *statement, GError **error);
/* Steps to the end, dropping rows. */
gboolean cairn_statement_run (CairnStatement *statement, GError **error);
/* Take, bind one text, run. */
gboolean cairn_statement_run_text (CairnSqliteStore *store, const char *sql, const char *doing,
                                   const char *text, GError **error);

/* Columns count from 0. Texts are owned by the caller; text gives "" for NULL. */
char *cairn_statement_text (CairnStatement *statement, int column);
char *cairn_statement_optional_text (CairnStatement *statement, int column);
GBytes *cairn_statement_bytes (CairnStatement *statement, int column); /* NULL for NULL */
int64_t cairn_statement_int (CairnStatement *statement, int column);
uint64_t cairn_statement_uint (CairnStatement *statement, int column);

#endif
