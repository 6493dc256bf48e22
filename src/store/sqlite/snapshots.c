/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery checkpoints in a SQLite store. */
#include "store/sqlite/snapshots.h"

#include "store/sqlite/points.h"
#include "store/sqlite/statement.h"

#define READING "read recovery checkpoints"
#define SAVING  "save a recovery checkpoint"

/* Of all VMs: a host has few, so these need no selection. */
static const char all_leases[] = "SELECT p.instance_id, s.expires_ms, s.holder_pid"
                                 " FROM snapshot s JOIN point p ON p.id = s.point";
static const char all_disks[]
    = "SELECT p.instance_id, d.identifier, d.target, d.address, d.virtual_size_bytes"
      " FROM snapshot_disk d JOIN point p ON p.id = d.snapshot ORDER BY d.snapshot, d.position";

static GPtrArray *
snapshots_of (GPtrArray *points, GHashTable *by_point)
{
  GPtrArray *snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_snapshot_free);

  while (points->len > 0)
    {
      CairnSnapshot *snapshot = cairn_snapshot_new ();

      cairn_point_free (snapshot->point);
      snapshot->point = g_ptr_array_steal_index (points, 0);
      snapshot->instance_id = g_strconcat ("Microsoft:", snapshot->point->guid, NULL);
      g_ptr_array_add (snapshots, snapshot);
      g_hash_table_insert (by_point, snapshot->point->instance_id, snapshot);
    }
  return snapshots;
}

static void
take_lease (CairnStatement *statement, CairnSnapshot *snapshot)
{
  snapshot->expires_ms = cairn_statement_int (statement, 1);
  snapshot->holder_pid = cairn_statement_int (statement, 2);
}

static void
take_disk (CairnStatement *statement, CairnSnapshot *snapshot)
{
  CairnFrozenDisk *disk = g_new0 (CairnFrozenDisk, 1);

  disk->identifier = cairn_statement_text (statement, 1);
  disk->target = cairn_statement_text (statement, 2);
  disk->address = cairn_statement_text (statement, 3);
  disk->virtual_size_bytes = cairn_statement_uint (statement, 4);
  g_ptr_array_add (snapshot->disks, disk);
}

static gboolean
read_rows (CairnSqliteStore *store, const char *sql,
           void (*take) (CairnStatement *, CairnSnapshot *), GHashTable *by_point, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    {
      g_autofree char *point = cairn_statement_text (statement, 0);
      CairnSnapshot *snapshot = g_hash_table_lookup (by_point, point);

      if (snapshot)
        take (statement, snapshot);
    }
  return step == CAIRN_STEP_DONE;
}

static GPtrArray *
read_snapshots (CairnSqliteStore *store, const char *vm_guid, GError **error)
{
  g_autoptr (GPtrArray) points = cairn_sqlite_read_snapshot_points (store, vm_guid, error);
  g_autoptr (GHashTable) by_point = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) snapshots = NULL;

  if (!points)
    return NULL;
  snapshots = snapshots_of (points, by_point);
  if (snapshots->len > 0
      && (!read_rows (store, all_leases, take_lease, by_point, error)
          || !read_rows (store, all_disks, take_disk, by_point, error)))
    return NULL;
  return g_steal_pointer (&snapshots);
}

GPtrArray *
cairn_sqlite_list_snapshots (CairnStore *base, const char *vm_guid, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) snapshots = NULL;

  if (!cairn_connection_begin_read (store, error))
    return NULL;
  snapshots = read_snapshots (store, vm_guid, error);
  if (!snapshots)
    return cairn_connection_abort (store), NULL;
  return cairn_connection_end_read (store, error) ? g_steal_pointer (&snapshots) : NULL;
}

/* *FOUND: its point is there. */
static gboolean
put_row (CairnSqliteStore *store, const CairnSnapshot *snapshot, gboolean *found, int64_t *id,
         GError **error)
{
  static const char sql[] = "INSERT INTO snapshot (point, expires_ms, holder_pid)"
                            " SELECT id, ?2, ?3 FROM point WHERE instance_id = ?1"
                            " ON CONFLICT (point) DO UPDATE SET expires_ms = excluded.expires_ms,"
                            "  holder_pid = excluded.holder_pid RETURNING point";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, snapshot->point->instance_id);
  cairn_statement_bind_int (statement, 2, snapshot->expires_ms);
  cairn_statement_bind_int (statement, 3, snapshot->holder_pid);
  step = cairn_statement_step (statement, error);
  *found = step == CAIRN_STEP_ROW;
  if (step != CAIRN_STEP_ROW)
    return step == CAIRN_STEP_DONE;
  *id = cairn_statement_int (statement, 0);
  return cairn_statement_run (statement, error);
}

static gboolean
drop_disks (CairnSqliteStore *store, int64_t id, GError **error)
{
  static const char sql[] = "DELETE FROM snapshot_disk WHERE snapshot = ?1";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, id);
  return cairn_statement_run (statement, error);
}

static gboolean
put_disk (CairnSqliteStore *store, int64_t id, guint position, const CairnFrozenDisk *disk,
          GError **error)
{
  static const char sql[] = "INSERT INTO snapshot_disk (snapshot, position, identifier, target,"
                            " address, virtual_size_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, id);
  cairn_statement_bind_int (statement, 2, position);
  cairn_statement_bind_text (statement, 3, disk->identifier);
  cairn_statement_bind_text (statement, 4, disk->target);
  cairn_statement_bind_text (statement, 5, disk->address);
  cairn_statement_bind_uint (statement, 6, disk->virtual_size_bytes);
  return cairn_statement_run (statement, error);
}

gboolean
cairn_sqlite_put_snapshot (CairnSqliteStore *store, const CairnSnapshot *snapshot, GError **error)
{
  gboolean found = FALSE;
  int64_t id = 0;

  if (!put_row (store, snapshot, &found, &id, error))
    return FALSE;
  if (!found)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "the point '%s' of a recovery checkpoint is not in the store; it was destroyed "
                   "meanwhile, make a new checkpoint",
                   snapshot->point->instance_id);
      return FALSE;
    }
  if (!drop_disks (store, id, error))
    return FALSE;
  for (guint i = 0; i < snapshot->disks->len; i++)
    if (!put_disk (store, id, i, snapshot->disks->pdata[i], error))
      return FALSE;
  return TRUE;
}

gboolean
cairn_sqlite_release_snapshot (CairnSqliteStore *store, const char *point, GError **error)
{
  /* Its disks go too. */
  static const char sql[] = "DELETE FROM snapshot WHERE point ="
                            " (SELECT id FROM point WHERE instance_id = ?1)";

  return cairn_statement_run_text (store, sql, "release a recovery checkpoint", point, error);
}
