/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points written to a SQLite store; all of it runs inside a transaction. */
#include "store/sqlite/points.h"

#include "store/sqlite/statement.h"

#define SAVING   "save a reference point"
#define REMOVING "remove a reference point"

/* 10 MB; at 24 points a day, the last ten years. */
#define TOMBSTONE_LIMIT 100000

static gboolean
put_hint (CairnSqliteStore *store, int64_t id, guint position, guint ordinal,
          const char *tracking_id, GError **error)
{
  static const char sql[]
      = "INSERT INTO hint (point, position, ordinal, tracking_id) VALUES (?1, ?2, ?3, ?4)";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, id);
  cairn_statement_bind_int (statement, 2, position);
  cairn_statement_bind_int (statement, 3, ordinal);
  cairn_statement_bind_text (statement, 4, tracking_id);
  return cairn_statement_run (statement, error);
}

static gboolean
put_anchor (CairnSqliteStore *store, int64_t id, guint position, const CairnAnchor *anchor,
            GError **error)
{
  static const char sql[]
      = "INSERT INTO anchor (point, position, disk_identifier, target, path, format,"
        " virtual_size_bytes, change_tracking_id, bitmap, granularity_bytes, allocated_bytes,"
        " dirty_seen_bytes, lost)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT (change_tracking_id) WHERE change_tracking_id IS NOT NULL DO NOTHING";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, id);
  cairn_statement_bind_int (statement, 2, position);
  cairn_statement_bind_text (statement, 3, anchor->disk_identifier);
  cairn_statement_bind_text (statement, 4, anchor->target);
  cairn_statement_bind_text (statement, 5, anchor->path);
  cairn_statement_bind_text (statement, 6, anchor->format);
  cairn_statement_bind_uint (statement, 7, anchor->virtual_size_bytes);
  cairn_statement_bind_optional_text (statement, 8, anchor->change_tracking_id);
  cairn_statement_bind_optional_text (statement, 9, anchor->bitmap);
  cairn_statement_bind_uint (statement, 10, anchor->granularity_bytes);
  cairn_statement_bind_uint (statement, 11, anchor->allocated_bytes);
  cairn_statement_bind_uint (statement, 12, anchor->dirty_seen_bytes);
  cairn_statement_bind_optional_text (statement, 13, anchor->lost);
  if (!cairn_statement_run (statement, error))
    return FALSE;
  if (sqlite3_changes (store->db) > 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "change-tracking id '%s' of disk '%s' belongs to another reference point already; "
               "destroy that one first",
               anchor->change_tracking_id, anchor->target);
  return FALSE;
}

static gboolean
put_anchors (CairnSqliteStore *store, int64_t id, const GPtrArray *anchors, GError **error)
{
  for (guint i = 0; i < anchors->len; i++)
    {
      const CairnAnchor *anchor = anchors->pdata[i];

      if (!put_anchor (store, id, i, anchor, error))
        return FALSE;
      for (guint j = 0; j < anchor->tracking_hints->len; j++)
        if (!put_hint (store, id, i, j, anchor->tracking_hints->pdata[j], error))
          return FALSE;
    }
  return TRUE;
}

/* The row of that content, made when it's new. */
static gboolean
put_configuration (CairnSqliteStore *store, GBytes *content, int64_t *id, GError **error)
{
  /* The update changes nothing; it makes RETURNING give the row that is there. */
  static const char sql[] = "INSERT INTO configuration (sha256, content) VALUES (?1, ?2)"
                            " ON CONFLICT (sha256) DO UPDATE SET sha256 = sha256 RETURNING id";
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GBytes) sha256 = NULL;
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);
  guint8 digest[32];
  gsize length = sizeof digest;

  if (!statement)
    return FALSE;
  g_checksum_update (checksum, g_bytes_get_data (content, NULL),
                     (gssize)g_bytes_get_size (content));
  g_checksum_get_digest (checksum, digest, &length);
  sha256 = g_bytes_new (digest, length);
  cairn_statement_bind_bytes (statement, 1, sha256);
  cairn_statement_bind_bytes (statement, 2, content);
  if (cairn_statement_step (statement, error) != CAIRN_STEP_ROW)
    return FALSE;
  *id = cairn_statement_int (statement, 0);
  return cairn_statement_run (statement, error);
}

/* Binds ?1 ... ?11 in the order of the two statements below. */
static gboolean
bind_point (CairnStatement *statement, const CairnPoint *point, GError **error)
{
  int64_t configuration = 0;

  cairn_statement_bind_text (statement, 1, point->instance_id);
  cairn_statement_bind_text (statement, 2, point->guid);
  cairn_statement_bind_text (statement, 3, point->vm_guid);
  cairn_statement_bind_int (statement, 4, point->type);
  cairn_statement_bind_int (statement, 5, point->consistency);
  cairn_statement_bind_int (statement, 6, point->has_associated_data != FALSE);
  cairn_statement_bind_int (statement, 7, point->creation_time_ms);
  cairn_statement_bind_text (statement, 8, point->owner);
  cairn_statement_bind_text (statement, 9, point->label);
  cairn_statement_bind_int (statement, 10, point->origin);
  if (!point->configuration)
    return TRUE;
  if (!put_configuration (statement->store, point->configuration, &configuration, error))
    return FALSE;
  cairn_statement_bind_int (statement, 11, configuration);
  return TRUE;
}

/* Runs one of them, which returns the point's id, or no row. */
static gboolean
run_point (CairnSqliteStore *store, const char *sql, const CairnPoint *point, gboolean *found,
           int64_t *id, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);
  CairnStep step;

  if (!statement || !bind_point (statement, point, error))
    return FALSE;
  step = cairn_statement_step (statement, error);
  *found = step == CAIRN_STEP_ROW;
  if (step != CAIRN_STEP_ROW)
    return step == CAIRN_STEP_DONE;
  *id = cairn_statement_int (statement, 0);
  return cairn_statement_run (statement, error);
}

gboolean
cairn_sqlite_put_point (CairnSqliteStore *store, const CairnPoint *point, GError **error)
{
  static const char sql[]
      = "INSERT INTO point (instance_id, guid, vm_guid, type, consistency, has_associated_data,"
        " creation_time_ms, owner, label, origin, configuration)"
        " VALUES (?1, upper (?2), upper (?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        " ON CONFLICT (instance_id) DO NOTHING RETURNING id";
  static const char no_longer_destroyed[] = "DELETE FROM destroyed WHERE guid = ?1";
  gboolean inserted = FALSE;
  int64_t id = 0;

  if (!run_point (store, sql, point, &inserted, &id, error))
    return FALSE;
  if (inserted)
    return cairn_statement_run_text (store, no_longer_destroyed, SAVING, point->guid, error)
           && put_anchors (store, id, point->anchors, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' is in the store already; destroy it first",
               point->instance_id);
  return FALSE;
}

static gboolean
drop_anchors (CairnSqliteStore *store, int64_t id, GError **error)
{
  static const char sql[] = "DELETE FROM anchor WHERE point = ?1"; /* their hints go too */
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, id);
  return cairn_statement_run (statement, error);
}

gboolean
cairn_sqlite_replace_point (CairnSqliteStore *store, const CairnPoint *point, GError **error)
{
  static const char sql[]
      = "UPDATE point SET instance_id = ?1, guid = upper (?2), vm_guid = upper (?3), type = ?4,"
        " consistency = ?5, has_associated_data = ?6, creation_time_ms = ?7, owner = ?8,"
        " label = ?9, origin = ?10, configuration = ?11 WHERE instance_id = ?1 RETURNING id";
  gboolean replaced = FALSE;
  int64_t id = 0;

  if (!run_point (store, sql, point, &replaced, &id, error))
    return FALSE;
  if (replaced)
    return drop_anchors (store, id, error) && put_anchors (store, id, point->anchors, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' is no longer in the store; it was destroyed meanwhile, "
               "list the VM's points again",
               point->instance_id);
  return FALSE;
}

/* Tombstones are a help, not the truth: a store doesn't grow for ever by them. */
static gboolean
forget_oldest (CairnSqliteStore *store, GError **error)
{
  static const char sql[] = "DELETE FROM destroyed WHERE id <="
                            " (SELECT max (id) FROM destroyed) - " G_STRINGIFY (TOMBSTONE_LIMIT);

  return cairn_statement_run_text (store, sql, REMOVING, NULL, error);
}

gboolean
cairn_sqlite_remove_point (CairnSqliteStore *store, const char *instance_id, GError **error)
{
  static const char *const steps[] = {
    "INSERT INTO destroyed (guid, vm_guid) SELECT guid, vm_guid FROM point WHERE instance_id = ?1"
    " ON CONFLICT (guid) DO NOTHING",
    "DELETE FROM point WHERE instance_id = ?1",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    if (!cairn_statement_run_text (store, steps[i], REMOVING, instance_id, error))
      return FALSE;
  return forget_oldest (store, error);
}
