/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SQLite's result codes as errors of ours: code, cause, remedy. */
#include "store/sqlite/failure.h"

#include <errno.h>

typedef struct
{
  int primary; /* SQLite's primary result code */
  CairnError code;
  const char *cause; /* NULL: SQLite's own words */
  const char *remedy;
} Failure;

#define REMEDY_RIGHTS "run as a user who may write the file and its directory"

/* Source: https://www.sqlite.org/rescode.html */
static const Failure failures[] = {
  { SQLITE_NOMEM, CAIRN_ERROR_OUT_OF_MEMORY, "there is not enough memory", "free some, try again" },
  { SQLITE_FULL, CAIRN_ERROR_FAILED, "the disk is full", "free some space there and try again" },
  { SQLITE_IOERR, CAIRN_ERROR_FAILED, NULL, "check the disk and the system's log" },
  { SQLITE_CORRUPT, CAIRN_ERROR_FAILED, "the file is damaged",
    "restore it from a backup, or move it away and import the points again" },
  { SQLITE_NOTADB, CAIRN_ERROR_FAILED, "the file is not an SQLite database",
    "name another file, or move this one away" },
  { SQLITE_PERM, CAIRN_ERROR_ACCESS_DENIED, "permission denied", REMEDY_RIGHTS },
  { SQLITE_AUTH, CAIRN_ERROR_ACCESS_DENIED, "permission denied", REMEDY_RIGHTS },
  { SQLITE_CANTOPEN, CAIRN_ERROR_ACCESS_DENIED, "a file of it can't be opened", REMEDY_RIGHTS },
  { SQLITE_READONLY, CAIRN_ERROR_ACCESS_DENIED, "it can only be read", REMEDY_RIGHTS },
  { SQLITE_CONSTRAINT, CAIRN_ERROR_INVALID_PARAMETER, NULL, "give each its own value" },
  { SQLITE_TOOBIG, CAIRN_ERROR_FAILED, "a value is larger than SQLite can keep",
    "leave it out or make it smaller" },
};

static const Failure other = { SQLITE_ERROR, CAIRN_ERROR_FAILED, NULL,
                               "check the file with 'sqlite3 FILE \"PRAGMA integrity_check\"'" };

static const Failure *
find_failure (int rc)
{
  /* Both say "input/output" and mean something else. */
  if (rc == SQLITE_IOERR_NOMEM)
    rc = SQLITE_NOMEM;
  for (size_t i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].primary == (rc & 0xff))
      return &failures[i];
  return &other;
}

/* What the system said, where that tells more than SQLite's code; else 0. */
static int
system_error (CairnSqliteStore *store, int primary)
{
  if (!store->db || (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN))
    return 0;
  return sqlite3_system_errno (store->db);
}

static gboolean
is_busy (int rc)
{
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

gboolean
cairn_sqlite_fail (CairnSqliteStore *store, int rc, const char *doing, GError **error)
{
  const Failure *failure = find_failure (rc);
  int system = system_error (store, failure->primary);
  const char *cause = failure->cause;
  const char *remedy = failure->remedy;
  int code = failure->code;

  if (is_busy (rc))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                   "store '%s': can't %s: another process has been using it for more than %u ms; "
                   "try again when it has finished",
                   store->path, doing, store->busy_ms);
      return FALSE;
    }

  /* Too many open files, no space for the log: not a matter of rights. */
  if (failure->primary == SQLITE_CANTOPEN && system != 0 && system != EACCES && system != EPERM
      && system != EROFS && system != ENOENT)
    code = CAIRN_ERROR_FAILED, remedy = "remove that cause and try again";
  if (system != 0)
    cause = g_strerror (system);
  else if (!cause)
    cause = store->db ? sqlite3_errmsg (store->db) : sqlite3_errstr (rc);

  g_set_error (error, CAIRN_ERROR, code, "store '%s': can't %s: %s; %s", store->path, doing, cause,
               remedy);
  return FALSE;
}

gboolean
cairn_sqlite_fail_read_only (CairnSqliteStore *store, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
               "store '%s' can only be read by this user; " REMEDY_RIGHTS, store->path);
  return FALSE;
}
