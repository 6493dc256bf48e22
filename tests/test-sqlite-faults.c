/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the SQLite store looks like after the n-th write, sync or allocation failed, and after kill
 * -9: as before the change or as after it, never in between.
 *
 * This program's own pwrite64, fdatasync and the like stand before the C library's for SQLite, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-samples.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite-store.h"

#define EXPORTED __attribute__ ((visibility ("default")))

/* The COUNT-th call to come fails with NUMBER (0: none does); with FOR_GOOD all after it, too. */
typedef struct
{
  int count;
  int number;
  gboolean for_good;
  gboolean fired;
} Fault;

static Fault disk_fault, memory_fault;
static guint n_syncs;

static gboolean
fires (Fault *fault)
{
  if (fault->number == 0)
    return FALSE;
  if (fault->count > 0)
    fault->count--;
  if (fault->count > 0)
    return FALSE;
  fault->fired = TRUE;
  if (!fault->for_good)
    fault->number = 0;
  return TRUE;
}

/* Source: the calls that SQLite's unix VFS changes files with (aSyscall in os_unix.c). */
EXPORTED ssize_t pwrite64 (int fd, const void *bytes, size_t n_bytes, off64_t offset);
EXPORTED int fdatasync (int fd);
EXPORTED int fsync (int fd);
EXPORTED int ftruncate64 (int fd, off64_t length);

static int
fail_with (int number)
{
  errno = number;
  return -1;
}

ssize_t
pwrite64 (int fd, const void *bytes, size_t n_bytes, off64_t offset)
{
  int number = disk_fault.number;

  if (fires (&disk_fault))
    return fail_with (number);
  return syscall (SYS_pwrite64, fd, bytes, n_bytes, offset);
}

/* A sync that doesn't fail does nothing: no power fails here, and thousands of them take time. */
int
fdatasync (int fd)
{
  int number = disk_fault.number;

  n_syncs++;
  return fires (&disk_fault) ? fail_with (number) : 0;
}

int
fsync (int fd)
{
  int number = disk_fault.number;

  n_syncs++;
  return fires (&disk_fault) ? fail_with (number) : 0;
}

int
ftruncate64 (int fd, off64_t length)
{
  int number = disk_fault.number;

  return fires (&disk_fault) ? fail_with (number) : (int)syscall (SYS_ftruncate, fd, length);
}

static sqlite3_mem_methods real_memory;

static void *
allocate (int n_bytes)
{
  return fires (&memory_fault) ? NULL : real_memory.xMalloc (n_bytes);
}

static void *
reallocate (void *block, int n_bytes)
{
  return fires (&memory_fault) ? NULL : real_memory.xRealloc (block, n_bytes);
}

static void
fail_memory_of_sqlite (void)
{
  sqlite3_mem_methods failing;

  g_assert_cmpint (sqlite3_config (SQLITE_CONFIG_GETMALLOC, &real_memory), ==, SQLITE_OK);
  failing = real_memory;
  failing.xMalloc = allocate;
  failing.xRealloc = reallocate;
  g_assert_cmpint (sqlite3_config (SQLITE_CONFIG_MALLOC, &failing), ==, SQLITE_OK);
}

typedef enum
{
  STATE_BEFORE,
  STATE_AFTER,
} State;

/* Something that works on a store and may be hit by a fault. */
typedef struct
{
  const char *name;
  void (*prepare) (const char *path);
  gboolean (*act) (const char *path, GError **error);
  State (*judge) (const char *path); /* fails the test for any other state */
} Scenario;

static CairnStore *
must_open (const char *path)
{
  g_autoptr (GError) error = NULL;
  CairnStore *store = cairn_sqlite_store_open (path, &error);

  g_assert_no_error (error);
  return store;
}

static void
assert_sound (CairnStore *store)
{
  sqlite3_stmt *stmt = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (((CairnSqliteStore *)store)->db, "PRAGMA integrity_check",
                                       -1, &stmt, NULL),
                   ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (stmt), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *)sqlite3_column_text (stmt, 0), ==, "ok");
  sqlite3_finalize (stmt);
}

/* Creation: before is as good as after, a store with nothing in it. */
static void
prepare_nothing (const char *path)
{
}

static gboolean
create (const char *path, GError **error)
{
  CairnStore *store = cairn_sqlite_store_open (path, error);

  if (store)
    store->ops->close (store);
  return store != NULL;
}

static State
judge_created (const char *path)
{
  CairnStore *store = must_open (path);

  assert_sound (store);
  g_assert_cmpuint (count_points (store, NULL), ==, 0);
  store->ops->close (store);
  return STATE_BEFORE;
}

/* A change: point 1 goes, 2 and 3 come, one intent is replaced by another. */
static void
prepare_change (const char *path)
{
  CairnStore *store = must_open (path);
  g_autoptr (CairnIntent) intent = sample_intent (SAMPLE_VM, 1);

  must_put (store, sample_point (SAMPLE_VM, 1, 2));
  g_free (intent->id);
  intent->id = g_strdup ("FIRST");
  must_apply (store, &(CairnStoreChange){ .put_intent = intent });
  store->ops->close (store);
}

static gboolean
change (const char *path, GError **error)
{
  CairnStore *store = cairn_sqlite_store_open (path, error);
  g_autoptr (CairnPoint) old = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 2, 2));
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (CairnIntent) intent = sample_intent (SAMPLE_VM, 2);
  gboolean ok;

  if (!store)
    return FALSE;
  g_ptr_array_add (ids, old->instance_id);
  g_ptr_array_add (points, sample_point (SAMPLE_VM, 3, 2));
  ((CairnPoint *)points->pdata[1])->configuration = g_bytes_new_take (g_malloc0 (20000), 20000);
  ok = store->ops->apply (store,
                          &(CairnStoreChange){ .remove_points = ids,
                                               .put_points = points,
                                               .remove_intent = "FIRST",
                                               .put_intent = intent },
                          error);
  store->ops->close (store);
  return ok;
}

static State
judge_changed (const char *path)
{
  CairnStore *store = must_open (path);
  g_autoptr (GPtrArray) points = store->ops->list_points (store, SAMPLE_VM, NULL);
  g_autoptr (GPtrArray) intents = store->ops->list_intents (store, NULL, NULL);
  gboolean is_first;

  assert_sound (store);
  g_assert_nonnull (points);
  g_assert_cmpuint (intents->len, ==, 1);
  is_first = g_str_equal (((CairnIntent *)intents->pdata[0])->id, "FIRST");
  g_assert_cmpuint (points->len, ==, is_first ? 1 : 2);
  for (guint i = 0; i < points->len; i++)
    {
      g_autoptr (CairnPoint) expected = sample_point (SAMPLE_VM, is_first ? 1 : i + 2, 2);

      assert_same_point (points->pdata[i], expected);
    }
  store->ops->close (store);
  return is_first ? STATE_BEFORE : STATE_AFTER;
}

/* An older store is brought up to date. */
static void
prepare_older (const char *path)
{
  g_autofree char *marks = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = 1",
                                            CAIRN_SCHEMA_APPLICATION_ID);
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, cairn_schema_steps[0], NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, marks, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "INSERT INTO vm VALUES ('G', 'kept')", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

static State
judge_older (const char *path)
{
  CairnStore *store = must_open (path);
  g_autoptr (CairnVm) vm = store->ops->get_vm (store, "kept", NULL);

  assert_sound (store);
  g_assert_nonnull (vm);
  store->ops->close (store);
  return STATE_BEFORE;
}

static const Scenario scenarios[] = {
  { "create", prepare_nothing, create, judge_created },
  { "change", prepare_change, change, judge_changed },
  { "migrate", prepare_older, create, judge_older },
};

/* One run of SCENARIO with FAULT armed at its N-th call. Returns whether there were that many. */
static gboolean
hit (const Scenario *scenario, Fault *fault, int n, int number, gboolean for_good)
{
  g_autofree char *directory = make_temporary_directory ();
  g_autofree char *path = g_build_filename (directory, "cairn.db", NULL);
  g_autoptr (GError) error = NULL;
  int code = fault == &memory_fault ? CAIRN_ERROR_OUT_OF_MEMORY : CAIRN_ERROR_FAILED;
  gboolean ok;
  State state;

  scenario->prepare (path);
  *fault = (Fault){ .count = n, .number = number, .for_good = for_good };
  ok = scenario->act (path, &error);
  fault->number = 0;

  g_assert_true (ok == !error);
  if (error)
    {
      g_assert_error (error, CAIRN_ERROR, code);
      g_assert_nonnull (strchr (error->message, ';'));
      g_assert_true (fault->fired);
    }
  state = scenario->judge (path);
  /* A disk that refuses the commit's sync and then even the log's truncation leaves the change in
   * the log: before or after, as sqlite-store.h says. */
  if (scenario->act == change && (ok || !for_good || fault == &memory_fault))
    g_assert_cmpint (state, ==, ok ? STATE_AFTER : STATE_BEFORE);
  remove_directory (directory);
  return fault->fired;
}

static void
test_disk (gconstpointer opaque)
{
  const Scenario *scenario = opaque;
  static const int numbers[] = { EIO, ENOSPC };

  for (int i = 0; i < 2; i++)
    {
      int n = 1;

      /* A bad sector fails once, a full disk until somebody cleans up. */
      while (hit (scenario, &disk_fault, n, numbers[i], i == 1))
        n++;
      g_test_message ("%s, %s: %d calls", scenario->name, g_strerror (numbers[i]), n - 1);
      g_assert_cmpint (n, >, 4);
    }
}

static void
test_memory (gconstpointer opaque)
{
  const Scenario *scenario = opaque;
  int n = 1, n_runs = 0;

  /* Every one of the first, then some spread over the rest. */
  while (hit (scenario, &memory_fault, n, ENOMEM, n % 2))
    n += 1 + n / 20, n_runs++;
  g_test_message ("%s: %d runs, up to allocation %d", scenario->name, n_runs, n);
  g_assert_cmpint (n_runs, >, 50);
}

/* A process that reads and notes a hint syncs nothing, also when it leaves, but for the header of a
 * log that is begun; one that changes does. */
static void
test_syncs (void)
{
  g_autofree char *directory = make_temporary_directory ();
  g_autofree char *path = g_build_filename (directory, "cairn.db", NULL);
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (CairnPoint) found = NULL;
  CairnAnchor *anchor = point->anchors->pdata[0];
  CairnStoreSeen seen = { point->instance_id, anchor->disk_identifier, 1 << 20 };
  CairnStore *store = must_open (path);

  n_syncs = 0;
  must_put (store, cairn_point_copy (point));
  g_assert_cmpuint (n_syncs, >, 0);
  store->ops->close (store);

  store = must_open (path);
  store->ops->note_seen (store, &seen, 1);
  store->ops->close (store);

  n_syncs = 0;
  seen.dirty_bytes = 1 << 30;
  store = must_open (path);
  store->ops->note_seen (store, &seen, 1);
  store->ops->close (store);
  g_assert_cmpuint (n_syncs, ==, 0);

  store = must_open (path);
  g_assert_true (store->ops->get_point (store, point->guid, &found, NULL));
  g_assert_cmpuint (((CairnAnchor *)found->anchors->pdata[0])->dirty_seen_bytes, ==, 1 << 30);
  store->ops->note_seen (store, &seen, 1);
  n_syncs = 0;
  must_put (store, sample_point (SAMPLE_VM, 2, 1));
  g_assert_cmpuint (n_syncs, >, 0);
  store->ops->close (store);
  remove_directory (directory);
}

/* Puts point after point, and says after each how many there are. */
static void
write_until_killed (const char *path, volatile guint *n_put)
{
  CairnStore *store = must_open (path);
  g_autoptr (CairnIntent) intent = sample_intent (SAMPLE_VM, 1);

  for (guint i = *n_put;; i++)
    {
      g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, i, 2));
      g_autoptr (GError) error = NULL;

      /* It may be there: killed after its commit, before it was counted. */
      if (store->ops->apply (
              store, &(CairnStoreChange){ .put_points = points, .put_intent = intent }, &error)
          || g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER))
        *n_put = i + 1;
      else
        _exit (1);
    }
}

#define N_KILLS 50

static void
test_kill (void)
{
  g_autofree char *directory = make_temporary_directory ();
  g_autofree char *path = g_build_filename (directory, "cairn.db", NULL);
  volatile guint *n_put
      = mmap (NULL, sizeof *n_put, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  for (int i = 0; i < N_KILLS; i++)
    {
      pid_t child = fork ();
      CairnStore *store;
      g_autoptr (GPtrArray) points = NULL;

      if (child == 0)
        write_until_killed (path, n_put);
      g_usleep ((gulong)g_test_rand_int_range (0, 15000));
      kill (child, SIGKILL);
      g_assert_cmpint (wait_for (child), ==, -1);

      store = must_open (path);
      assert_sound (store);
      points = store->ops->list_points (store, SAMPLE_VM, NULL);
      g_assert_cmpuint (points->len, >=, *n_put);
      g_assert_cmpuint (points->len, <=, *n_put + 1);
      for (guint j = 0; j < points->len; j++)
        g_assert_cmpuint (((CairnPoint *)points->pdata[j])->anchors->len, ==, 2);
      store->ops->close (store);
    }
  g_test_message ("%d kills, %u points", N_KILLS, *n_put);
  g_assert_cmpuint (*n_put, >, 0);
  munmap ((void *)n_put, sizeof *n_put);
  remove_directory (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fail_memory_of_sqlite ();
  for (size_t i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *disk = g_strdup_printf ("/sqlite/disk-fails/%s", scenarios[i].name);
      g_autofree char *memory = g_strdup_printf ("/sqlite/memory-fails/%s", scenarios[i].name);

      g_test_add_data_func (disk, &scenarios[i], test_disk);
      g_test_add_data_func (memory, &scenarios[i], test_memory);
    }
  g_test_add_func ("/sqlite/syncs", test_syncs);
  g_test_add_func ("/sqlite/killed", test_kill);
  return g_test_run ();
}
