/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a SQLite store, and how an older store gets them.
 *
 *   vm 1-n disk, alias           point 1-n anchor 1-n hint      intent 1-n intent_path
 *                                point n-1 configuration                   job
 *                                point 1-1 snapshot 1-n snapshot_disk
 *                                point 1-n copy
 *
 * point.vm_guid is no foreign key: libvirt's VMs have points, but no row in vm. Removing a VM
 * removes its points and intents by vm_guid in the same transaction (vms.c).
 * GUIDs are kept in upper case and compared without regard to case (NOCASE is ASCII only).
 * Columns named _bytes are uint64 kept as the int64 of the same bits.
 * point.id exists so that anchors and indexes needn't repeat an InstanceID of 84 characters.
 */
#include "store/sqlite/schema.h"

#include "store/sqlite/failure.h"
#include "store/sqlite/statement.h"

static const char vms_points_and_intents[]
    = "CREATE TABLE vm ("
      "  guid TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
      "  name TEXT NOT NULL UNIQUE"
      ") STRICT, WITHOUT ROWID;"
      "CREATE TABLE disk ("
      "  vm_guid TEXT NOT NULL COLLATE NOCASE REFERENCES vm (guid) ON DELETE CASCADE,"
      "  position INTEGER NOT NULL,"
      "  identifier TEXT NOT NULL,"
      "  target TEXT NOT NULL,"
      "  path TEXT NOT NULL,"
      "  format TEXT NOT NULL,"
      "  virtual_size_bytes INTEGER NOT NULL,"
      "  PRIMARY KEY (vm_guid, position)"
      ") STRICT, WITHOUT ROWID;"
      "CREATE TABLE alias ("
      "  vm_guid TEXT NOT NULL COLLATE NOCASE REFERENCES vm (guid) ON DELETE CASCADE,"
      "  position INTEGER NOT NULL,"
      "  guid TEXT NOT NULL COLLATE NOCASE,"
      "  PRIMARY KEY (vm_guid, position)"
      ") STRICT, WITHOUT ROWID;"
      "CREATE TABLE point ("
      "  id INTEGER PRIMARY KEY,"
      "  instance_id TEXT NOT NULL COLLATE NOCASE UNIQUE,"
      "  guid TEXT NOT NULL COLLATE NOCASE,"
      "  vm_guid TEXT NOT NULL COLLATE NOCASE,"
      "  type INTEGER NOT NULL,"
      "  consistency INTEGER NOT NULL,"
      "  has_associated_data INTEGER NOT NULL,"
      "  creation_time_ms INTEGER NOT NULL,"
      "  owner TEXT NOT NULL,"
      "  label TEXT NOT NULL,"
      "  origin INTEGER NOT NULL"
      ") STRICT;"
      "CREATE INDEX point_by_guid ON point (guid);"
      "CREATE INDEX point_by_age ON point (vm_guid, creation_time_ms);"
      "CREATE TABLE anchor ("
      "  point INTEGER NOT NULL REFERENCES point (id) ON DELETE CASCADE,"
      "  position INTEGER NOT NULL,"
      "  disk_identifier TEXT NOT NULL,"
      "  target TEXT NOT NULL,"
      "  path TEXT NOT NULL,"
      "  format TEXT NOT NULL,"
      "  virtual_size_bytes INTEGER NOT NULL,"
      "  change_tracking_id TEXT,"
      "  bitmap TEXT,"
      "  granularity_bytes INTEGER NOT NULL,"
      "  allocated_bytes INTEGER NOT NULL,"
      "  dirty_seen_bytes INTEGER NOT NULL,"
      "  PRIMARY KEY (point, position)"
      ") STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX anchor_by_tracking_id ON anchor (change_tracking_id)"
      "  WHERE change_tracking_id IS NOT NULL;"
      "CREATE TABLE hint ("
      "  point INTEGER NOT NULL,"
      "  position INTEGER NOT NULL,"
      "  ordinal INTEGER NOT NULL,"
      "  tracking_id TEXT NOT NULL,"
      "  PRIMARY KEY (point, position, ordinal),"
      "  FOREIGN KEY (point, position) REFERENCES anchor (point, position) ON DELETE CASCADE"
      ") STRICT, WITHOUT ROWID;"
      "CREATE TABLE intent ("
      "  sequence INTEGER PRIMARY KEY,"
      "  id TEXT NOT NULL COLLATE NOCASE UNIQUE,"
      "  vm_guid TEXT NOT NULL COLLATE NOCASE,"
      "  kind INTEGER NOT NULL,"
      "  created_ms INTEGER NOT NULL,"
      "  point TEXT NOT NULL,"
      "  bitmap TEXT NOT NULL"
      ") STRICT;"
      "CREATE TABLE intent_path ("
      "  intent INTEGER NOT NULL REFERENCES intent (sequence) ON DELETE CASCADE,"
      "  role INTEGER NOT NULL," /* IntentRole of intents.c */
      "  position INTEGER NOT NULL,"
      "  path TEXT NOT NULL,"
      "  PRIMARY KEY (intent, role, position)"
      ") STRICT, WITHOUT ROWID;";

/* Imported points carry the container they came from. The points of one import share one, and it
 * goes with the last of them. */
static const char shared_configurations[]
    = "CREATE TABLE configuration ("
      "  id INTEGER PRIMARY KEY,"
      "  sha256 BLOB NOT NULL UNIQUE,"
      "  content BLOB NOT NULL"
      ") STRICT;"
      "ALTER TABLE point ADD COLUMN configuration INTEGER REFERENCES configuration (id);"
      "CREATE INDEX point_by_configuration ON point (configuration)"
      "  WHERE configuration IS NOT NULL;"
      "CREATE TRIGGER configuration_unused_after_delete AFTER DELETE ON point"
      "  WHEN old.configuration IS NOT NULL"
      " BEGIN"
      "  DELETE FROM configuration WHERE id = old.configuration"
      "   AND NOT EXISTS (SELECT 1 FROM point WHERE configuration = old.configuration);"
      " END;"
      "CREATE TRIGGER configuration_unused_after_update AFTER UPDATE OF configuration ON point"
      "  WHEN old.configuration IS NOT NULL AND old.configuration IS NOT new.configuration"
      " BEGIN"
      "  DELETE FROM configuration WHERE id = old.configuration"
      "   AND NOT EXISTS (SELECT 1 FROM point WHERE configuration = old.configuration);"
      " END;";

/* A bitmap that was seen disabled or gone can't be trusted again. */
static const char lost_anchors[] = "ALTER TABLE anchor ADD COLUMN lost TEXT;";

/* Of a hypervisor's VM the store has no more than its disks' identifiers and its aliases. A bitmap
 * of a destroyed point that turns up again (an older copy of a disk) is known by its tombstone. */
static const char domains_and_tombstones[]
    = "ALTER TABLE vm ADD COLUMN is_domain INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE intent ADD COLUMN detail BLOB;"
      "CREATE TABLE destroyed ("
      "  id INTEGER PRIMARY KEY," /* by age: the oldest are forgotten first */
      "  guid TEXT NOT NULL COLLATE NOCASE UNIQUE,"
      "  vm_guid TEXT NOT NULL COLLATE NOCASE"
      ") STRICT;"
      "CREATE INDEX destroyed_by_vm ON destroyed (vm_guid);";

/* A VM's points page by page, in the order of their InstanceIDs; and the service's jobs. */
static const char pages_and_jobs[] = "CREATE INDEX point_by_name ON point (vm_guid, instance_id);"
                                     "CREATE TABLE job ("
                                     "  id TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
                                     "  ended_ms INTEGER NOT NULL," /* 0 = it hasn't */
                                     "  record BLOB NOT NULL"
                                     ") STRICT, WITHOUT ROWID;";

/* A point with a row in snapshot is none yet; snapshot.point is the row's number, so that a look
 * for one costs next to nothing. A copy's base may be gone: it is no foreign key. */
static const char snapshots_and_copies[]
    = "CREATE TABLE snapshot ("
      "  point INTEGER PRIMARY KEY REFERENCES point (id) ON DELETE CASCADE,"
      "  expires_ms INTEGER NOT NULL,"
      "  holder_pid INTEGER NOT NULL"
      ") STRICT;"
      "CREATE TABLE snapshot_disk ("
      "  snapshot INTEGER NOT NULL REFERENCES snapshot (point) ON DELETE CASCADE,"
      "  position INTEGER NOT NULL,"
      "  identifier TEXT NOT NULL,"
      "  target TEXT NOT NULL,"
      "  address TEXT NOT NULL,"
      "  virtual_size_bytes INTEGER NOT NULL,"
      "  PRIMARY KEY (snapshot, position)"
      ") STRICT, WITHOUT ROWID;"
      "CREATE TABLE copy ("
      "  id INTEGER PRIMARY KEY," /* by age */
      "  point INTEGER NOT NULL REFERENCES point (id) ON DELETE CASCADE,"
      "  disk_identifier TEXT NOT NULL,"
      "  sha256 TEXT NOT NULL,"
      "  base TEXT," /* NULL = it is full */
      "  UNIQUE (point, disk_identifier, sha256)"
      ") STRICT;";

const char *const cairn_schema_steps[CAIRN_SCHEMA_VERSION] = {
  vms_points_and_intents, shared_configurations, lost_anchors,
  domains_and_tombstones, pages_and_jobs,        snapshots_and_copies,
};

/* One number of one row. The statement isn't kept: it runs once in a store's life. */
static gboolean
read_number (CairnSqliteStore *store, const char *sql, int64_t *number, GError **error)
{
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2 (store->db, sql, -1, &stmt, NULL);

  if (rc == SQLITE_OK)
    rc = sqlite3_step (stmt);
  if (rc == SQLITE_ROW)
    *number = sqlite3_column_int64 (stmt, 0);
  sqlite3_finalize (stmt);
  return rc == SQLITE_ROW || cairn_sqlite_fail (store, rc, "read the schema", error);
}

static gboolean
fail_foreign (CairnSqliteStore *store, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "store '%s' is an SQLite database of another program; name another file",
               store->path);
  return FALSE;
}

/* The store's version, 0 for an empty database. */
static gboolean
read_version (CairnSqliteStore *store, int64_t *version, GError **error)
{
  int64_t application_id = 0, n_objects = 0, found = 0;

  if (!read_number (store, "PRAGMA application_id", &application_id, error)
      || !read_number (store, "PRAGMA user_version", &found, error))
    return FALSE;

  if (application_id == CAIRN_SCHEMA_APPLICATION_ID && found > 0)
    {
      *version = found;
      return TRUE;
    }
  if (!read_number (store, "SELECT count(*) FROM sqlite_schema", &n_objects, error))
    return FALSE;
  if (application_id != 0 || found != 0 || n_objects != 0)
    return fail_foreign (store, error);
  *version = 0;
  return TRUE;
}

static gboolean
fail_newer (CairnSqliteStore *store, int64_t version, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "store '%s' has schema version %" G_GINT64_FORMAT
               ", but this Cairn knows versions up to %d; use the newer Cairn that wrote it",
               store->path, version, CAIRN_SCHEMA_VERSION);
  return FALSE;
}

static gboolean
execute (CairnSqliteStore *store, const char *sql, GError **error)
{
  int rc = sqlite3_exec (store->db, sql, NULL, NULL, NULL);

  return rc == SQLITE_OK || cairn_sqlite_fail (store, rc, "bring the schema up to date", error);
}

static gboolean
run_steps (CairnSqliteStore *store, GError **error)
{
  g_autofree char *marks = NULL;
  int64_t version = 0;

  /* Again, now that nobody else can change it: another process may have been faster. */
  if (!read_version (store, &version, error))
    return FALSE;
  if (version > CAIRN_SCHEMA_VERSION)
    return fail_newer (store, version, error);

  for (int64_t i = version; i < CAIRN_SCHEMA_VERSION; i++)
    if (!execute (store, cairn_schema_steps[i], error))
      return FALSE;

  marks = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d",
                           CAIRN_SCHEMA_APPLICATION_ID, CAIRN_SCHEMA_VERSION);
  return execute (store, marks, error);
}

/* Before anything is locked. One transaction, so that what another process makes of an empty file
 * at this moment is seen whole or not at all. */
static gboolean
look_at_version (CairnSqliteStore *store, int64_t *version, GError **error)
{
  gboolean known;

  if (!cairn_connection_begin_read (store, error))
    return FALSE;
  known = read_version (store, version, error);
  cairn_connection_abort (store);
  return known;
}

gboolean
cairn_schema_ensure (CairnSqliteStore *store, GError **error)
{
  int64_t version = 0;

  if (!look_at_version (store, &version, error))
    return FALSE;
  if (version > CAIRN_SCHEMA_VERSION)
    return fail_newer (store, version, error);
  if (version == CAIRN_SCHEMA_VERSION)
    return store->read_only || cairn_connection_use_wal (store, error);

  if (store->read_only)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                   "store '%s' has %s schema and can only be read by this user; "
                   "open it once as a user who may write it",
                   store->path, version == 0 ? "no" : "an older");
      return FALSE;
    }

  if (!cairn_connection_use_wal (store, error)
      || !cairn_connection_begin_write (store, CAIRN_DURABILITY_FULL, error))
    return FALSE;
  if (!run_steps (store, error))
    {
      cairn_connection_abort (store);
      return FALSE;
    }
  return cairn_connection_commit (store, error);
}
