/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open database behind a SQLite store: how its file is made, opened and set up.
 *
 * A file that we may not write is opened for reading, which works as long as PATH-wal and PATH-shm
 * are there or can be made. Where they are absent and can't be (a read-only directory or medium),
 * all there is lies in PATH itself, and SQLite reads it without any lock ("immutable"). A writer
 * that comes then is found by the file's times and the log's size, and the read is refused.
 *
 * Trap: closing any descriptor of a database's file drops the process's POSIX locks on it, also
 * those of its other connections. So nothing here opens the file but SQLite.
 */
#include "store/sqlite/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/failure.h"
#include "store/sqlite/statement.h"

/* SQLite's unix VFS refuses longer names (MAX_PATHNAME in os_unix.c), and adds "-wal" to ours. */
#define MAX_PATH_BYTES 500

/* The log is taken over into the file from this size on (256 pages of 4 KiB): whoever opens the
 * store first reads the whole log, 0.7 ms for 1 MiB. */
#define LOG_PAGES "256"

/* A log that one large import blew up is cut back to this at its next restart. */
#define LOG_SIZE_LIMIT_BYTES "2097152"

/* The longest nap while waiting for another process's transaction (of some milliseconds). */
#define LONGEST_NAP_US 8000

static gboolean
fail_errno (const char *path, const char *doing, int number, GError **error)
{
  gboolean denied = number == EACCES || number == EPERM || number == EROFS;

  g_set_error (error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
               "can't %s '%s': %s; %s", doing, path, g_strerror (number),
               denied ? "run as a user who may, or name another store"
                      : "remove that cause, or name another store");
  return FALSE;
}

/* A new name is on stable storage when its directory is. */
static gboolean
sync_directory (const char *directory, GError **error)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int number = 0;

  /* A directory that one may write but not read can't be synced by this user. */
  if (fd < 0)
    return errno == EACCES || fail_errno (directory, "open the store's directory", errno, error);
  if (fsync (fd) < 0 && errno != EINVAL)
    number = errno;
  close (fd);
  return number == 0 || fail_errno (directory, "write the store's directory", number, error);
}

static gboolean
make_directory (const char *directory, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (directory);

  if (mkdir (directory, 0700) == 0)
    return sync_directory (parent, error);
  if (errno == EEXIST)
    return TRUE;
  if (errno != ENOENT || g_str_equal (parent, directory))
    return fail_errno (directory, "make the store's directory", errno, error);
  if (!make_directory (parent, error))
    return FALSE;
  if (mkdir (directory, 0700) < 0 && errno != EEXIST)
    return fail_errno (directory, "make the store's directory", errno, error);
  return sync_directory (parent, error);
}

/* An empty file is an empty database. mknod makes it without opening it; O_EXCL isn't needed, as a
 * file that another process made meanwhile is just as good. */
static gboolean
make_file (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);

  if (!make_directory (directory, error))
    return FALSE;
  if (mknod (path, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
    return fail_errno (path, "make store", errno, error);
  if (access (path, F_OK) < 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "store '%s' is a symbolic link to a file that isn't there; make that file or "
                   "name another store",
                   path);
      return FALSE;
    }
  return sync_directory (directory, error);
}

/* Refuses what SQLite has no good words for. */
static gboolean
check_file (const char *path, GError **error)
{
  struct stat status;

  if (strlen (path) > MAX_PATH_BYTES)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "store '%s' has a path of more than %d bytes, which SQLite can't open; "
                   "name a shorter one",
                   path, MAX_PATH_BYTES);
      return FALSE;
    }
  if (stat (path, &status) < 0)
    return errno == ENOENT ? make_file (path, error)
                           : fail_errno (path, "open store", errno, error);
  if (S_ISREG (status.st_mode))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "store '%s' is %s; name a regular file",
               path, S_ISDIR (status.st_mode) ? "a directory" : "not a regular file");
  return FALSE;
}

static char *
log_path (CairnSqliteStore *store)
{
  return g_strconcat (cairn_connection_file (store), "-wal", NULL);
}

/* SQLite calls it while another process has the lock, COUNT from 0 in each wait. */
static int
wait_busy (void *opaque, int count)
{
  CairnSqliteStore *store = opaque;
  int64_t now_us = g_get_monotonic_time ();

  if (count == 0)
    store->busy_since_us = now_us;
  if (now_us - store->busy_since_us >= (int64_t)store->busy_ms * 1000)
    return 0;
  g_usleep (MIN (500ul << MIN (count, 8), LONGEST_NAP_US));
  return 1;
}

static int
set_up (CairnSqliteStore *store)
{
  int persist = 1;

  sqlite3_busy_handler (store->db, wait_busy, store);
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_file_control (store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  /* A process that only looks, or notes a hint, doesn't pay for a checkpoint when it leaves. */
  sqlite3_db_config (store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  /* The last of them is the first look into the file. */
  return sqlite3_exec (store->db,
                       "PRAGMA synchronous = FULL;"
                       "PRAGMA wal_autocheckpoint = " LOG_PAGES ";"
                       "PRAGMA journal_size_limit = " LOG_SIZE_LIMIT_BYTES ";"
                       "PRAGMA user_version",
                       NULL, NULL, NULL);
}

static int
open_database (CairnSqliteStore *store, const char *name, int flags)
{
  int rc = sqlite3_open_v2 (name, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                            NULL);

  if (rc == SQLITE_OK)
    rc = set_up (store);
  if (rc == SQLITE_OK)
    store->read_only = sqlite3_db_readonly (store->db, "main") == 1;
  return rc;
}

/* Whether RC is about our rights to the log and its index, not about the process or the disk (too
 * many open files, no space). ENOENT: where SQLite may not make a file, it tries to read it. */
static gboolean
is_about_rights (CairnSqliteStore *store, int rc)
{
  int number;

  if ((rc & 0xff) == SQLITE_READONLY)
    return TRUE;
  if ((rc & 0xff) != SQLITE_CANTOPEN)
    return FALSE;
  number = sqlite3_system_errno (store->db);
  return number == EACCES || number == EPERM || number == EROFS || number == ENOENT;
}

/* Whether RC says that the log or its index is neither there nor can be made. */
static gboolean
lacks_log (CairnSqliteStore *store, int rc)
{
  g_autofree char *log = NULL;
  struct stat status;

  if (!store->db || !is_about_rights (store, rc))
    return FALSE;
  if (access (store->path, R_OK) < 0)
    return FALSE;
  log = log_path (store);
  return stat (log, &status) < 0 ? errno == ENOENT : status.st_size == 0;
}

static int
open_immutable (CairnSqliteStore *store)
{
  g_autofree char *uri = g_filename_to_uri (store->path, NULL, NULL);
  g_autofree char *name = g_strconcat (uri, "?immutable=1", NULL);
  struct stat status;
  int rc;

  sqlite3_close (g_steal_pointer (&store->db));
  if (stat (store->path, &status) == 0)
    store->immutable_since = status.st_ctim;
  rc = open_database (store, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  store->immutable = TRUE;
  return rc;
}

CairnSqliteStore *
cairn_connection_open (const char *path, GError **error)
{
  g_autoptr (CairnSqliteStore) store = NULL;
  int rc;

  if (!path || !*path)
    {
      g_set_error (
          error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
          "the store's path is empty; name a file, as in 'sqlite:/var/lib/cairn/cairn.db'");
      return NULL;
    }

  store = g_new0 (CairnSqliteStore, 1);
  store->busy_ms = CAIRN_STORE_BUSY_MS;
  /* Absolute, so that SQLite never sees ":memory:" or "file:". */
  store->path = g_canonicalize_filename (path, NULL);
  store->statements = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL,
                                             (GDestroyNotify)cairn_statement_free);
  if (!check_file (store->path, error))
    return NULL;

  rc = open_database (store, store->path, SQLITE_OPEN_READWRITE);
  if (lacks_log (store, rc))
    rc = open_immutable (store);
  if (rc != SQLITE_OK)
    return cairn_sqlite_fail (store, rc, "open it", error), NULL;
  return g_steal_pointer (&store);
}

void
cairn_connection_close (CairnSqliteStore *store)
{
  if (!store)
    return;
  g_hash_table_unref (store->statements);
  sqlite3_close (store->db);
  g_free (store->path);
  g_free (store);
}

const char *
cairn_connection_file (const CairnSqliteStore *store)
{
  const char *file = store->db ? sqlite3_db_filename (store->db, "main") : NULL;

  return file && *file ? file : store->path;
}

/* Called by sqlite3_exec with the one row of PRAGMA journal_mode. */
static int
take_mode (void *opaque, int n_columns, char **values, char **names)
{
  char **mode = opaque;

  g_free (*mode);
  *mode = g_strdup (values[0]);
  return 0;
}

gboolean
cairn_connection_use_wal (CairnSqliteStore *store, GError **error)
{
  int64_t deadline_us = g_get_monotonic_time () + (int64_t)store->busy_ms * 1000;
  g_autofree char *mode = NULL;
  int rc = sqlite3_exec (store->db, "PRAGMA journal_mode", take_mode, &mode, NULL);

  if (rc == SQLITE_OK && g_strcmp0 (mode, "wal") == 0)
    return TRUE;

  /* Needs the whole file for a moment, and doesn't always ask the busy handler. */
  while ((rc = sqlite3_exec (store->db, "PRAGMA journal_mode = WAL", take_mode, &mode, NULL))
             != SQLITE_OK
         && (rc & 0xff) == SQLITE_BUSY && g_get_monotonic_time () < deadline_us)
    g_usleep (1000);
  if (rc != SQLITE_OK)
    return cairn_sqlite_fail (store, rc, "start the log", error);
  if (g_strcmp0 (mode, "wal") == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "store '%s' lies on a file system without shared memory, which several processes "
               "can't share safely; name a file on a local disk",
               store->path);
  return FALSE;
}

gboolean
cairn_connection_begin_read (CairnSqliteStore *store, GError **error)
{
  return cairn_statement_run_text (store, "BEGIN", "begin to read", NULL, error);
}

/* Whether a file without locks stayed as it was since we opened it. */
static gboolean
is_unchanged (CairnSqliteStore *store)
{
  g_autofree char *log = log_path (store);
  struct stat status;

  if (stat (log, &status) == 0 && status.st_size > 0)
    return FALSE;
  return stat (store->path, &status) == 0 && status.st_ctim.tv_sec == store->immutable_since.tv_sec
         && status.st_ctim.tv_nsec == store->immutable_since.tv_nsec;
}

gboolean
cairn_connection_end_read (CairnSqliteStore *store, GError **error)
{
  /* Kept ready, unlike abort's: this one ends every look at the store. */
  if (!sqlite3_get_autocommit (store->db)
      && !cairn_statement_run_text (store, "COMMIT", "end reading", NULL, error))
    return cairn_connection_abort (store), FALSE;
  if (!store->immutable || is_unchanged (store))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "store '%s' was changed by another process while this one, which may not lock it, "
               "read it; try again",
               store->path);
  return FALSE;
}

/* NORMAL leaves a good file after a power failure, without the last commits; OFF might not. It
 * syncs the header of a log that is begun, and a checkpoint, but no commit. */
static gboolean
set_durability (CairnSqliteStore *store, CairnDurability durability, GError **error)
{
  gboolean lax = durability != CAIRN_DURABILITY_FULL;
  int rc = SQLITE_OK;

  /* Once something was worth a sync, the file is left complete in itself: see set_up. */
  if (!lax)
    sqlite3_db_config (store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  if (lax == store->lax)
    return TRUE;
  rc = sqlite3_exec (store->db, lax ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
                     NULL, NULL, NULL);
  if (rc != SQLITE_OK)
    return cairn_sqlite_fail (store, rc, "begin a change", error);
  store->lax = lax;
  return TRUE;
}

gboolean
cairn_connection_begin_write (CairnSqliteStore *store, CairnDurability durability, GError **error)
{
  return set_durability (store, durability, error)
         && cairn_statement_run_text (store, "BEGIN IMMEDIATE", "begin a change", NULL, error);
}

gboolean
cairn_connection_commit (CairnSqliteStore *store, GError **error)
{
  if (cairn_statement_run_text (store, "COMMIT", "save the change", NULL, error))
    {
      store->n_commits++;
      return TRUE;
    }
  cairn_connection_abort (store);
  return FALSE;
}

void
cairn_connection_abort (CairnSqliteStore *store)
{
  if (!sqlite3_get_autocommit (store->db))
    sqlite3_exec (store->db, "ROLLBACK", NULL, NULL, NULL);
}
