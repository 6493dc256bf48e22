/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is SQLite's own in the SQLite store: its file, schema, pragmas, rights and waiting. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-samples.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite-store.h"

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->directory = make_temporary_directory ();
  f->path = g_build_filename (f->directory, "cairn.db", NULL);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  chmod (f->directory, 0700);
  remove_directory (f->directory);
  g_free (f->directory);
  g_free (f->path);
}

static CairnStore *
must_open (const char *path)
{
  g_autoptr (GError) error = NULL;
  CairnStore *store = cairn_sqlite_store_open (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (store);
  return store;
}

static void
must_not_open (const char *path, int code, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cairn_sqlite_store_open (path, &error));
  g_assert_error (error, CAIRN_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' doesn't match '%s'", error->message, pattern);
  g_test_message ("%s", error->message);
}

/* A store with one VM and points 1 to N_POINTS. */
static void
make_store (const char *path, guint n_points)
{
  CairnStore *store = must_open (path);
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");

  must_apply (store, &(CairnStoreChange){ .put_vm = vm });
  for (guint i = 1; i <= n_points; i++)
    must_put (store, sample_point (SAMPLE_VM, i, 2));
  store->ops->close (store);
}

static sqlite3 *
open_raw (const char *path)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  return db;
}

static void
execute (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  if (sqlite3_exec (db, sql, NULL, NULL, &message) != SQLITE_OK)
    g_error ("%s: %s", sql, message);
}

static void
execute_on (const char *path, const char *sql)
{
  sqlite3 *db = open_raw (path);

  execute (db, sql);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

/* The first column of the first row as text, "" when there is no row. */
static char *
query (sqlite3 *db, const char *sql)
{
  sqlite3_stmt *stmt = NULL;
  char *text = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &stmt, NULL), ==, SQLITE_OK);
  if (sqlite3_step (stmt) == SQLITE_ROW)
    text = g_strdup ((const char *)sqlite3_column_text (stmt, 0));
  sqlite3_finalize (stmt);
  return text ? text : g_strdup ("");
}

static void
assert_query (sqlite3 *db, const char *sql, const char *expected)
{
  g_autofree char *found = query (db, sql);

  if (!g_str_equal (found, expected))
    g_error ("%s gives '%s', not '%s'", sql, found, expected);
}

static guint
mode_of (const char *path)
{
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_mode & 07777;
}

static void
test_settings (Fixture *f, gconstpointer unused)
{
  g_autofree char *inner = g_build_filename (f->directory, "a", "b", NULL);
  g_autofree char *path = g_build_filename (inner, "c.db", NULL);
  CairnStore *store = must_open (path);
  sqlite3 *db = ((CairnSqliteStore *)store)->db;
  CairnStoreSeen seen = { "x", "y", 1 };

  g_assert_cmpuint (mode_of (inner), ==, 0700);
  g_assert_cmpuint (mode_of (path), ==, 0600);
  store->ops->note_seen (store, &seen, 1);
  must_put (store, sample_point (SAMPLE_VM, 1, 1));
  assert_query (db, "PRAGMA journal_mode", "wal");
  assert_query (db, "PRAGMA synchronous", "2");
  assert_query (db, "PRAGMA foreign_keys", "1");
  assert_query (db, "PRAGMA trusted_schema", "0");
  assert_query (db, "PRAGMA application_id", "1130459758");
  assert_query (db, "PRAGMA user_version", G_STRINGIFY (CAIRN_SCHEMA_VERSION));
  store->ops->close (store);
}

/* After the last writer has gone, the file alone is the whole store. */
static void
test_file_is_complete (Fixture *f, gconstpointer unused)
{
  g_autofree char *copy = g_strconcat (f->path, ".copy", NULL);
  g_autofree char *content = NULL;
  CairnStore *store;
  gsize length = 0;

  make_store (f->path, 3);
  g_assert_true (g_file_get_contents (f->path, &content, &length, NULL));
  g_assert_true (g_file_set_contents (copy, content, (gssize)length, NULL));
  store = must_open (copy);
  g_assert_cmpuint (count_points (store, SAMPLE_VM), ==, 3);
  store->ops->close (store);
}

static void
test_journal_mode_restored (Fixture *f, gconstpointer unused)
{
  CairnStore *store;

  make_store (f->path, 1);
  execute_on (f->path, "PRAGMA journal_mode = DELETE");
  store = must_open (f->path);
  assert_query (((CairnSqliteStore *)store)->db, "PRAGMA journal_mode", "wal");
  store->ops->close (store);
}

/* Points that no vm row backs, and configurations that go with their last point. */
static void
test_configurations (Fixture *f, gconstpointer unused)
{
  CairnStore *store = must_open (f->path);
  sqlite3 *db = ((CairnSqliteStore *)store)->db;
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 1, 1));
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();

  g_ptr_array_add (points, sample_point (SAMPLE_VM, 2, 1));
  for (guint i = 0; i < 2; i++)
    ((CairnPoint *)points->pdata[i])->configuration = g_bytes_new_static ("tree", 4);
  must_apply (store, &(CairnStoreChange){ .put_points = points });
  assert_query (db, "SELECT count(*) FROM configuration", "1");

  g_ptr_array_add (ids, ((CairnPoint *)points->pdata[0])->instance_id);
  must_apply (store, &(CairnStoreChange){ .remove_points = ids });
  assert_query (db, "SELECT count(*) FROM configuration", "1");
  g_clear_pointer (&((CairnPoint *)points->pdata[1])->configuration, g_bytes_unref);
  g_ptr_array_remove_index (points, 0);
  must_apply (store, &(CairnStoreChange){ .replace_points = points });
  assert_query (db, "SELECT count(*) FROM configuration", "0");
  must_apply (store, &(CairnStoreChange){ .remove_vm = SAMPLE_VM });
  assert_query (db, "SELECT (SELECT count(*) FROM point) + (SELECT count(*) FROM anchor)", "0");
  store->ops->close (store);
}

static void
make_version (const char *path, int version)
{
  g_autofree char *marks = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                            CAIRN_SCHEMA_APPLICATION_ID, version);
  sqlite3 *db = open_raw (path);

  for (int i = 0; i < version; i++)
    execute (db, cairn_schema_steps[i]);
  execute (db, marks);
  if (version > 0)
    execute (db, "INSERT INTO point (id, instance_id, guid, vm_guid, type, consistency,"
                 " has_associated_data, creation_time_ms, owner, label, origin)"
                 " VALUES (7, 'Microsoft:V\\P', 'P', 'V', 2, 2, 0, 5, 'o', 'kept', 1);"
                 "INSERT INTO anchor (point, position, disk_identifier, target, path, format,"
                 " virtual_size_bytes, change_tracking_id, bitmap, granularity_bytes,"
                 " allocated_bytes, dirty_seen_bytes) VALUES (7, 0, 'd', 'vda', '/p', 'qcow2', 1, "
                 "'r', 'P', 65536,"
                 " 0, 0)");
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

/* The tables of snapshots and copies are there, and go with their point. */
static void
hide_and_show (CairnStore *store, const CairnPoint *point)
{
  g_autoptr (CairnSnapshot) snapshot = cairn_snapshot_new ();
  sqlite3 *db = ((CairnSqliteStore *)store)->db;

  cairn_point_free (snapshot->point);
  snapshot->point = cairn_point_copy (point);
  must_apply (store, &(CairnStoreChange){ .put_snapshot = snapshot });
  g_assert_cmpuint (count_points (store, NULL), ==, 0);
  assert_query (db, "SELECT count(*) FROM snapshot", "1");
  must_apply (store, &(CairnStoreChange){ .release_snapshot = point->instance_id });
  g_assert_cmpuint (count_points (store, NULL), ==, 1);
  assert_query (db, "PRAGMA integrity_check", "ok");
}

/* From every version there was, with what was in it. */
static void
test_migration (Fixture *f, gconstpointer unused)
{
  for (int version = 1; version <= CAIRN_SCHEMA_VERSION; version++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.db", f->directory, version);
      g_autoptr (CairnPoint) point = NULL;
      CairnStore *store;

      make_version (path, version);
      store = must_open (path);
      g_assert_true (store->ops->get_point (store, "microsoft:v\\p", &point, NULL));
      g_assert_nonnull (point);
      g_assert_cmpstr (point->label, ==, "kept");
      g_assert_cmpuint (point->anchors->len, ==, 1);
      hide_and_show (store, point);
      point->configuration = g_bytes_new_static ("new", 3);
      g_autoptr (GPtrArray) points = points_of (g_steal_pointer (&point));
      must_apply (store, &(CairnStoreChange){ .replace_points = points });
      assert_query (((CairnSqliteStore *)store)->db, "PRAGMA user_version",
                    G_STRINGIFY (CAIRN_SCHEMA_VERSION));
      store->ops->close (store);
    }
}

static void
test_newer_schema (Fixture *f, gconstpointer unused)
{
  make_store (f->path, 1);
  execute_on (f->path, "PRAGMA user_version = 4711");
  must_not_open (
      f->path, CAIRN_ERROR_NOT_SUPPORTED,
      "store '*' has schema version 4711,*up to " G_STRINGIFY (CAIRN_SCHEMA_VERSION) ";*");
}

static void
test_not_a_store (Fixture *f, gconstpointer unused)
{
  g_autofree char *garbage = g_strnfill (8192, 'g');
  g_autofree char *below = g_build_filename (f->path, "below", NULL);
  g_autofree char *name = g_strnfill (200, 'n');
  g_autofree char *far = g_build_filename (f->directory, name, name, name, NULL);
  g_autofree char *link = g_build_filename (f->directory, "link.db", NULL);
  g_autofree char *foreign = g_build_filename (f->directory, "foreign.db", NULL);

  must_not_open ("", CAIRN_ERROR_INVALID_PARAMETER, "*path is empty*");
  must_not_open (NULL, CAIRN_ERROR_INVALID_PARAMETER, "*path is empty*");
  must_not_open (f->directory, CAIRN_ERROR_FAILED, "store '*' is a directory;*");
  must_not_open ("/dev/full", CAIRN_ERROR_FAILED, "store '/dev/full' is not a regular file;*");
  must_not_open (far, CAIRN_ERROR_FAILED, "*more than*bytes*");
  g_assert_true (g_file_set_contents (f->path, garbage, 8192, NULL));
  must_not_open (f->path, CAIRN_ERROR_FAILED,
                 "store '*cairn.db': can't open it: *not an SQLite database;*");
  must_not_open (below, CAIRN_ERROR_FAILED, "*Not a directory;*");
  g_assert_cmpint (symlink ("nowhere", link), ==, 0);
  must_not_open (link, CAIRN_ERROR_FAILED, "*symbolic link*;*");
  execute_on (foreign, "CREATE TABLE theirs (x)");
  must_not_open (foreign, CAIRN_ERROR_FAILED, "*of another program;*");
}

static void
test_empty_file (Fixture *f, gconstpointer unused)
{
  g_assert_true (g_file_set_contents (f->path, "", 0, NULL));
  make_store (f->path, 1);
}

/* Whatever is broken in the file: an error or the right points, never a crash. */
static void
test_damaged (Fixture *f, gconstpointer unused)
{
  g_autofree char *good = NULL;
  gsize length = 0;
  guint n_refused = 0;

  make_store (f->path, 50);
  g_assert_true (g_file_get_contents (f->path, &good, &length, NULL));
  for (gsize offset = 0; offset < length; offset += 1536)
    {
      g_autofree char *bad = g_memdup2 (good, length);
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) points = NULL;
      CairnStore *store;

      memset (bad + offset, 0xa5, MIN (64, length - offset));
      g_assert_true (g_file_set_contents (f->path, bad, (gssize)length, NULL));
      store = cairn_sqlite_store_open (f->path, &error);
      if (store)
        points = store->ops->list_points (store, SAMPLE_VM, &error);
      g_assert_true (points || error);
      n_refused += error != NULL;
      if (store)
        store->ops->close (store);
    }
  g_assert_cmpuint (n_refused, >, 0);

  g_assert_true (g_file_set_contents (f->path, good, (gssize)length / 2, NULL));
  must_not_open (f->path, CAIRN_ERROR_FAILED, "*damaged;*");
}

/* Runs in a process without root's rights; its exit status is what RUN returns. */
static pid_t
start_unprivileged (int (*run) (const char *path), const char *path)
{
  pid_t child = fork ();

  if (child == 0)
    {
      if (geteuid () == 0 && (setresgid (65534, 65534, 65534) || setresuid (65534, 65534, 65534)))
        _exit (99);
      _exit (run (path));
    }
  return child;
}

static void
run_unprivileged (int (*run) (const char *path), const char *path)
{
  g_assert_cmpint (wait_for (start_unprivileged (run, path)), ==, 0);
}

static void
make_read_only (const Fixture *f)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };

  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (f->path, suffixes[i], NULL);

      g_assert_true (chmod (path, 0444) == 0 || i > 0);
    }
  g_assert_cmpint (chmod (f->directory, 0555), ==, 0);
}

/* Three points can be read, nothing can be changed. */
static int
look_without_touching (const char *path)
{
  CairnStore *store = must_open (path);
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 9, 1));
  CairnStoreSeen seen = { "x", "y", 1 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (count_points (store, SAMPLE_VM), ==, 3);
  g_assert_false (store->ops->apply (store, &(CairnStoreChange){ .put_points = points }, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED);
  g_clear_error (&error);
  g_assert_null (store->ops->lock_vm (store, SAMPLE_VM, 0, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED);
  store->ops->note_seen (store, &seen, 1);
  g_assert_cmpuint (count_points (store, NULL), ==, 3);
  store->ops->close (store);
  return 0;
}

/* With all of SQLite's files there, and a log that a writer still has open. */
static void
test_read_only_beside_writer (Fixture *f, gconstpointer unused)
{
  CairnStore *writer;

  make_store (f->path, 2);
  writer = must_open (f->path);
  must_put (writer, sample_point (SAMPLE_VM, 3, 2));
  make_read_only (f);
  run_unprivileged (look_without_touching, f->path);
  writer->ops->close (writer);
  run_unprivileged (look_without_touching, f->path);
}

/* With nothing but the file, in a directory where nothing can be made. */
static void
test_read_only_alone (Fixture *f, gconstpointer unused)
{
  g_autofree char *log = g_strconcat (f->path, "-wal", NULL);
  g_autofree char *index = g_strconcat (f->path, "-shm", NULL);

  make_store (f->path, 3);
  g_assert_cmpint (unlink (log), ==, 0);
  g_assert_cmpint (unlink (index), ==, 0);
  make_read_only (f);
  run_unprivileged (look_without_touching, f->path);
  g_assert_cmpint (chmod (f->path, 0644), ==, 0);
  run_unprivileged (look_without_touching, f->path);
}

/* From the reader to the writer, and back. */
static int is_open[2], is_changed[2];

/* Such a reader has no lock: when the file changes below it, it must not trust what it read. */
static int
notice_a_change (const char *path)
{
  CairnStore *store = must_open (path);
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpuint (count_points (store, NULL), ==, 1);
  g_assert_cmpint (write (is_open[1], "x", 1), ==, 1);
  g_assert_cmpint (read (is_changed[0], &byte, 1), ==, 1);
  g_assert_null (store->ops->list_points (store, NULL, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  store->ops->close (store);
  return 0;
}

/* The change lies in the log, or (with CLOSE_FIRST) in the file already. */
static void
change_below_reader (Fixture *f, gboolean close_first)
{
  CairnStore *writer;
  pid_t child;
  char byte;
  g_autofree char *log = g_strconcat (f->path, "-wal", NULL);
  g_autofree char *index = g_strconcat (f->path, "-shm", NULL);

  make_store (f->path, 1);
  g_assert_cmpint (unlink (log), ==, 0);
  g_assert_cmpint (unlink (index), ==, 0);
  make_read_only (f);
  g_assert_cmpint (pipe (is_open) | pipe (is_changed), ==, 0);
  child = start_unprivileged (notice_a_change, f->path);
  g_assert_cmpint (read (is_open[0], &byte, 1), ==, 1);
  g_assert_cmpint (chmod (f->directory, 0700) | chmod (f->path, 0600), ==, 0);
  writer = must_open (f->path);
  must_put (writer, sample_point (SAMPLE_VM, 2, 1));
  if (close_first)
    writer->ops->close (writer);
  g_assert_cmpint (write (is_changed[1], "x", 1), ==, 1);
  g_assert_cmpint (wait_for (child), ==, 0);
  if (!close_first)
    writer->ops->close (writer);
}

static void
test_read_only_changed (Fixture *f, gconstpointer unused)
{
  change_below_reader (f, FALSE);
}

static void
test_read_only_taken_over (Fixture *f, gconstpointer unused)
{
  change_below_reader (f, TRUE);
}

/* Opens the store with room for 0, 1, 2 ... more descriptors: it is refused for what it is, until
 * it can be written. */
static int
run_out_of_descriptors (const char *path)
{
  g_autoptr (GError) error = NULL;
  struct rlimit limit = { .rlim_max = 1024 };
  CairnStore *store = NULL;
  int first_free = open ("/", O_RDONLY);

  close (first_free);
  for (int more = 0; more < 8 && !store; more++)
    {
      g_clear_error (&error);
      limit.rlim_cur = (rlim_t)(first_free + more);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      store = cairn_sqlite_store_open (path, &error);
      if (!store && !strstr (error->message, "Too many open files"))
        g_error ("with room for %d: %s", more, error->message);
      g_assert_true (store || error->code == CAIRN_ERROR_FAILED);
      g_test_message ("%d: %s", more, store ? "open" : error->message);
    }
  g_assert_nonnull (store);
  must_put (store, sample_point (SAMPLE_VM, 2, 1));
  store->ops->close (store);
  return 0;
}

static void
test_descriptors (Fixture *f, gconstpointer unused)
{
  static const char *const suffixes[] = { "-wal", "-shm" };

  for (size_t i = 0; i <= G_N_ELEMENTS (suffixes); i++)
    {
      pid_t child;

      unlink (f->path);
      make_store (f->path, 1);
      for (size_t j = 0; j < i; j++)
        {
          g_autofree char *beside = g_strconcat (f->path, suffixes[j], NULL);

          g_assert_cmpint (unlink (beside), ==, 0);
        }
      child = fork ();
      if (child == 0)
        _exit (run_out_of_descriptors (f->path));
      g_assert_cmpint (wait_for (child), ==, 0);
    }
}

static int
fail_to_open (const char *path)
{
  must_not_open (path, CAIRN_ERROR_ACCESS_DENIED, "*'*'*;*");
  return 0;
}

static void
test_no_access (Fixture *f, gconstpointer unused)
{
  g_autofree char *absent = g_build_filename (f->directory, "absent", "cairn.db", NULL);

  /* Empty, and can't be made a store. */
  g_assert_true (g_file_set_contents (f->path, "", 0, NULL));
  make_read_only (f);
  run_unprivileged (fail_to_open, f->path);
  run_unprivileged (fail_to_open, absent);
  g_assert_cmpint (chmod (f->path, 0), ==, 0);
  run_unprivileged (fail_to_open, f->path);
}

static void
test_busy (Fixture *f, gconstpointer unused)
{
  CairnStore *store;
  sqlite3 *db;
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 9, 1));
  CairnStoreChange change = { .put_points = points };
  CairnStoreSeen seen = { "x", "y", 1 };
  g_autoptr (GError) error = NULL;
  int64_t begin_us;

  make_store (f->path, 1);
  store = must_open (f->path);
  db = open_raw (f->path);
  execute (db, "BEGIN EXCLUSIVE");
  cairn_sqlite_store_set_busy_ms (store, 100);
  begin_us = g_get_monotonic_time ();
  g_assert_false (store->ops->apply (store, &change, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  g_assert_nonnull (strstr (error->message, "100 ms"));
  g_assert_cmpint (g_get_monotonic_time () - begin_us, >=, 100000);

  /* Readers don't wait, nor does a hint. */
  cairn_sqlite_store_set_busy_ms (store, 60000);
  g_assert_cmpuint (count_points (store, NULL), ==, 1);
  store->ops->note_seen (store, &seen, 1);

  execute (db, "COMMIT");
  must_apply (store, &change);
  sqlite3_close (db);
  store->ops->close (store);
}

static gpointer
commit_later (gpointer db)
{
  g_usleep (150000);
  execute (db, "COMMIT");
  return NULL;
}

static void
test_busy_waits (Fixture *f, gconstpointer unused)
{
  CairnStore *store = must_open (f->path);
  sqlite3 *db = open_raw (f->path);
  int64_t begin_us = g_get_monotonic_time ();
  GThread *thread;

  execute (db, "BEGIN EXCLUSIVE");
  thread = g_thread_new ("committer", commit_later, db);
  must_put (store, sample_point (SAMPLE_VM, 1, 1));
  g_assert_cmpint (g_get_monotonic_time () - begin_us, >=, 150000);
  g_thread_join (thread);
  sqlite3_close (db);
  store->ops->close (store);
}

/* Two names of one store have one set of locks. */
static void
test_symbolic_link (Fixture *f, gconstpointer unused)
{
  g_autofree char *other = g_build_filename (f->directory, "other.db", NULL);
  CairnStore *a = must_open (f->path);
  CairnStore *b;
  CairnStoreLock *lock;

  g_assert_cmpint (symlink (f->path, other), ==, 0);
  b = must_open (other);
  lock = a->ops->lock_vm (a, SAMPLE_VM, 0, NULL);
  g_assert_nonnull (lock);
  g_assert_null (b->ops->lock_vm (b, SAMPLE_VM, 0, NULL));
  a->ops->unlock_vm (lock);
  a->ops->close (a);
  b->ops->close (b);
}

typedef struct
{
  const char *name;
  void (*run) (Fixture *fixture, gconstpointer unused);
} Case;

static const Case cases[] = {
  { "settings", test_settings },
  { "file-is-complete", test_file_is_complete },
  { "journal-mode-restored", test_journal_mode_restored },
  { "configurations", test_configurations },
  { "migration", test_migration },
  { "newer-schema", test_newer_schema },
  { "not-a-store", test_not_a_store },
  { "empty-file", test_empty_file },
  { "damaged", test_damaged },
  { "read-only/beside-writer", test_read_only_beside_writer },
  { "read-only/alone", test_read_only_alone },
  { "read-only/changed", test_read_only_changed },
  { "read-only/taken-over", test_read_only_taken_over },
  { "too-many-open-files", test_descriptors },
  { "no-access", test_no_access },
  { "busy/gives-up", test_busy },
  { "busy/waits", test_busy_waits },
  { "symbolic-link", test_symbolic_link },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/sqlite/", cases[i].name, NULL);

      g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
    }
  return g_test_run ();
}
