/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.h: the open database behind a SQLite store, and its transactions. */
#ifndef CAIRN_SQLITE_CONNECTION_H
#define CAIRN_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <time.h>

#include "refpoint/store.h"

typedef struct
{
  CairnStore store; /* first, so that a CairnStore * is a CairnSqliteStore * */
  sqlite3 *db;
  char *path;             /* as named by the user, made absolute: what messages say */
  GHashTable *statements; /* static SQL string (by address) -> CairnStatement */
  guint busy_ms;          /* how long to wait for other processes */
  int64_t busy_since_us;  /* when the wait that is under way began */
  uint64_t n_commits;     /* of changes, through this store object */
  gboolean lax;           /* PRAGMA synchronous is NORMAL, not FULL */
  gboolean read_only;     /* we may read the file, but not write it */
  gboolean immutable; /* read_only, and not even locks or the log can be made: see connection.c */
  struct timespec immutable_since; /* the file's change time then */
} CairnSqliteStore;

/* Opens the database and sets it up; makes the file when it's absent. Schema work is not its part.
 */
CairnSqliteStore *cairn_connection_open (const char *path, GError **error);
void cairn_connection_close (CairnSqliteStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnSqliteStore, cairn_connection_close)

/* The database's file with symbolic links resolved, so that two names of one store share its locks;
 * borrowed. */
const char *cairn_connection_file (const CairnSqliteStore *store);

/* Makes the database a WAL database if it isn't; another process may be doing the same. */
gboolean cairn_connection_use_wal (CairnSqliteStore *store, GError **error);

/* A snapshot for several queries. end_read fails with SYSTEM_IN_USE when what was read can't be
 * trusted; after a failed query call abort. */
gboolean cairn_connection_begin_read (CairnSqliteStore *store, GError **error);
gboolean cairn_connection_end_read (CairnSqliteStore *store, GError **error);

typedef enum
{
  CAIRN_DURABILITY_FULL, /* on stable storage when the commit returns */
  CAIRN_DURABILITY_HINT, /* lost by a power failure, or whole: the log is synced at a checkpoint */
} CairnDurability;

/* A write transaction, begun with the write lock taken: it never fails later for being busy. A
 * commit that fails has rolled back. */
gboolean cairn_connection_begin_write (CairnSqliteStore *store, CairnDurability durability,
                                       GError **error);
gboolean cairn_connection_commit (CairnSqliteStore *store, GError **error);

/* Rolls back whatever transaction is open; says nothing. */
void cairn_connection_abort (CairnSqliteStore *store);

#endif
