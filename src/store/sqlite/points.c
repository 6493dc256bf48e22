/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points read from a SQLite store. */
#include "store/sqlite/points.h"

#include "store/sqlite/failure.h"
#include "store/sqlite/statement.h"

#define READING "read reference points"

#define POINT_COLUMNS                                                                              \
  "p.id, p.instance_id, p.guid, p.vm_guid, p.type, p.consistency, p.has_associated_data,"          \
  " p.creation_time_ms, p.owner, p.label, p.origin"
#define ANCHOR_COLUMNS                                                                             \
  "point, disk_identifier, target, path, format, virtual_size_bytes, change_tracking_id, bitmap,"  \
  " granularity_bytes, allocated_bytes, dirty_seen_bytes, lost"
#define HINT_COLUMNS "point, position, tracking_id"
#define OF_VM        " WHERE point IN (SELECT id FROM point WHERE vm_guid = ?1)"

/* A snapshot's point is none yet. Costs one look by number into a table that is nearly empty. */
#define IS_POINT " p.id NOT IN (SELECT point FROM snapshot)"

/* One selection of points as three queries, whose rows are merged (so that a list costs three
 * queries, however long it is). Each takes the selector as ?1, unused where all are meant. */
typedef struct
{
  const char *points;
  const char *anchors;
  const char *hints;
} Selection;

static const Selection all_points = {
  /* A VM that isn't in vm (libvirt has its name) sorts by its GUID. */
  .points = "SELECT " POINT_COLUMNS " FROM point p LEFT JOIN vm ON vm.guid = p.vm_guid"
            " WHERE" IS_POINT
            " ORDER BY coalesce (vm.name, p.vm_guid), p.vm_guid, p.creation_time_ms, p.guid",
  .anchors = "SELECT " ANCHOR_COLUMNS " FROM anchor ORDER BY point, position",
  .hints = "SELECT " HINT_COLUMNS " FROM hint ORDER BY point, position, ordinal",
};

static const Selection points_of_vm = {
  .points = "SELECT " POINT_COLUMNS " FROM point p WHERE p.vm_guid = ?1 AND" IS_POINT
            " ORDER BY p.creation_time_ms, p.guid",
  .anchors = "SELECT " ANCHOR_COLUMNS " FROM anchor" OF_VM " ORDER BY point, position",
  .hints = "SELECT " HINT_COLUMNS " FROM hint" OF_VM " ORDER BY point, position, ordinal",
};

#define NEWER                                                                                      \
  "SELECT p.id FROM point p WHERE p.vm_guid = ?1 AND p.creation_time_ms > ?2 AND" IS_POINT         \
  " ORDER BY p.creation_time_ms, p.guid LIMIT ?3"

static const Selection newer_points = {
  .points = "SELECT " POINT_COLUMNS " FROM point p WHERE p.id IN (" NEWER ")"
            " ORDER BY p.creation_time_ms, p.guid",
  .anchors = "SELECT " ANCHOR_COLUMNS " FROM anchor WHERE point IN (" NEWER ")"
             " ORDER BY point, position",
  .hints = "SELECT " HINT_COLUMNS " FROM hint WHERE point IN (" NEWER ")"
           " ORDER BY point, position, ordinal",
};

#define AFTER      " p.instance_id > ?2 AND" IS_POINT " ORDER BY p.instance_id LIMIT ?3"
#define PAGE       "SELECT p.id FROM point p WHERE" AFTER
#define PAGE_OF_VM "SELECT p.id FROM point p WHERE p.vm_guid = ?1 AND" AFTER
#define ANCHORS_IN(page)                                                                           \
  "SELECT " ANCHOR_COLUMNS " FROM anchor WHERE point IN (" page ") ORDER BY point, position"
#define HINTS_IN(page)                                                                             \
  "SELECT " HINT_COLUMNS " FROM hint WHERE point IN (" page ") ORDER BY point, position, ordinal"

static const Selection page_of_all = {
  .points = "SELECT " POINT_COLUMNS " FROM point p WHERE" AFTER,
  .anchors = ANCHORS_IN (PAGE),
  .hints = HINTS_IN (PAGE),
};

static const Selection page_of_vm = {
  .points = "SELECT " POINT_COLUMNS " FROM point p WHERE p.vm_guid = ?1 AND" AFTER,
  .anchors = ANCHORS_IN (PAGE_OF_VM),
  .hints = HINTS_IN (PAGE_OF_VM),
};

#define SNAPSHOTS "SELECT point FROM snapshot"
#define SNAPSHOTS_OF_VM                                                                            \
  "SELECT p.id FROM point p JOIN snapshot s ON s.point = p.id WHERE p.vm_guid = ?1"
#define POINTS_IN(snapshots)                                                                       \
  "SELECT " POINT_COLUMNS " FROM point p WHERE p.id IN (" snapshots ")"                            \
  " ORDER BY p.creation_time_ms, p.guid"

static const Selection all_of_snapshots = {
  .points = POINTS_IN (SNAPSHOTS),
  .anchors = ANCHORS_IN (SNAPSHOTS),
  .hints = HINTS_IN (SNAPSHOTS),
};

static const Selection vms_of_snapshots = {
  .points = POINTS_IN (SNAPSHOTS_OF_VM),
  .anchors = ANCHORS_IN (SNAPSHOTS_OF_VM),
  .hints = HINTS_IN (SNAPSHOTS_OF_VM),
};

/* What the selections' ?1, ?2 and ?3 stand for; those with a limit have all three. */
typedef struct
{
  const char *text;
  const char *after; /* of the pages */
  int64_t after_ms;  /* of newer_points */
  int64_t limit;     /* 0 = none */
} Selector;

/* Adds one row to what is read so far: BY_ID finds the points of POINTS by point.id. */
typedef void (*TakeRow) (CairnStatement *statement, GPtrArray *points, GHashTable *by_id);

static void
take_point (CairnStatement *statement, GPtrArray *points, GHashTable *by_id)
{
  CairnPoint *point = cairn_point_new ();
  gint64 id = cairn_statement_int (statement, 0);

  point->instance_id = cairn_statement_text (statement, 1);
  point->guid = cairn_statement_text (statement, 2);
  point->vm_guid = cairn_statement_text (statement, 3);
  point->type = (CairnPointType)cairn_statement_int (statement, 4);
  point->consistency = (CairnConsistency)cairn_statement_int (statement, 5);
  point->has_associated_data = cairn_statement_int (statement, 6) != 0;
  point->creation_time_ms = cairn_statement_int (statement, 7);
  point->owner = cairn_statement_text (statement, 8);
  point->label = cairn_statement_text (statement, 9);
  point->origin = (CairnOrigin)cairn_statement_int (statement, 10);
  g_ptr_array_add (points, point);
  g_hash_table_insert (by_id, g_memdup2 (&id, sizeof id), point);
}

static CairnPoint *
point_of_row (CairnStatement *statement, GHashTable *by_id)
{
  gint64 id = cairn_statement_int (statement, 0);

  return g_hash_table_lookup (by_id, &id);
}

static void
take_anchor (CairnStatement *statement, GPtrArray *points, GHashTable *by_id)
{
  CairnPoint *point = point_of_row (statement, by_id);
  CairnAnchor *anchor;

  if (!point)
    return;
  anchor = cairn_anchor_new ();
  anchor->disk_identifier = cairn_statement_text (statement, 1);
  anchor->target = cairn_statement_text (statement, 2);
  anchor->path = cairn_statement_text (statement, 3);
  anchor->format = cairn_statement_text (statement, 4);
  anchor->virtual_size_bytes = cairn_statement_uint (statement, 5);
  anchor->change_tracking_id = cairn_statement_optional_text (statement, 6);
  anchor->bitmap = cairn_statement_optional_text (statement, 7);
  anchor->granularity_bytes = cairn_statement_uint (statement, 8);
  anchor->allocated_bytes = cairn_statement_uint (statement, 9);
  anchor->dirty_seen_bytes = cairn_statement_uint (statement, 10);
  anchor->lost = cairn_statement_optional_text (statement, 11);
  g_ptr_array_add (point->anchors, anchor);
}

static void
take_hint (CairnStatement *statement, GPtrArray *points, GHashTable *by_id)
{
  CairnPoint *point = point_of_row (statement, by_id);
  uint64_t position = cairn_statement_uint (statement, 1);
  CairnAnchor *anchor;

  if (!point || position >= point->anchors->len)
    return;
  anchor = point->anchors->pdata[position];
  g_ptr_array_add (anchor->tracking_hints, cairn_statement_text (statement, 2));
}

static gboolean
read_rows (CairnSqliteStore *store, const char *sql, const Selector *selector, TakeRow take,
           GPtrArray *points, GHashTable *by_id, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  if (selector->text)
    cairn_statement_bind_text (statement, 1, selector->text);
  if (selector->after)
    cairn_statement_bind_text (statement, 2, selector->after);
  else if (selector->limit > 0)
    cairn_statement_bind_int (statement, 2, selector->after_ms);
  if (selector->limit > 0)
    cairn_statement_bind_int (statement, 3, selector->limit);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    take (statement, points, by_id);
  return step == CAIRN_STEP_DONE;
}

static GPtrArray *
read_points (CairnSqliteStore *store, const Selection *selection, const Selector *selector,
             GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  g_autoptr (GHashTable) by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  if (!read_rows (store, selection->points, selector, take_point, points, by_id, error))
    return NULL;
  if (points->len > 0
      && (!read_rows (store, selection->anchors, selector, take_anchor, points, by_id, error)
          || !read_rows (store, selection->hints, selector, take_hint, points, by_id, error)))
    return NULL;
  return g_steal_pointer (&points);
}

static GPtrArray *
list_selected (CairnSqliteStore *store, const Selection *selection, const Selector *selector,
               GError **error)
{
  g_autoptr (GPtrArray) points = NULL;

  if (!cairn_connection_begin_read (store, error))
    return NULL;
  points = read_points (store, selection, selector, error);
  if (!points)
    return cairn_connection_abort (store), NULL;
  return cairn_connection_end_read (store, error) ? g_steal_pointer (&points) : NULL;
}

GPtrArray *
cairn_sqlite_list_points (CairnStore *base, const char *vm_guid, GError **error)
{
  const Selector selector = { .text = vm_guid };

  return list_selected ((CairnSqliteStore *)base, vm_guid ? &points_of_vm : &all_points, &selector,
                        error);
}

GPtrArray *
cairn_sqlite_list_newer (CairnStore *base, const char *vm_guid, int64_t after_ms, guint limit,
                         GError **error)
{
  const Selector selector = { .text = vm_guid, .after_ms = after_ms, .limit = limit };

  return list_selected ((CairnSqliteStore *)base, &newer_points, &selector, error);
}

GPtrArray *
cairn_sqlite_list_page (CairnStore *base, const char *vm_guid, const char *after, guint limit,
                        GError **error)
{
  const Selector selector = { .text = vm_guid, .after = after ? after : "", .limit = limit };

  return list_selected ((CairnSqliteStore *)base, vm_guid ? &page_of_vm : &page_of_all, &selector,
                        error);
}

GPtrArray *
cairn_sqlite_read_snapshot_points (CairnSqliteStore *store, const char *vm_guid, GError **error)
{
  const Selector selector = { .text = vm_guid };

  return read_points (store, vm_guid ? &vms_of_snapshots : &all_of_snapshots, &selector, error);
}

GPtrArray *
cairn_sqlite_list_destroyed (CairnStore *base, const char *vm_guid, GError **error)
{
  static const char sql[] = "SELECT guid FROM destroyed WHERE vm_guid = ?1 ORDER BY id";
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) guids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return NULL;
  cairn_statement_bind_text (statement, 1, vm_guid);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    g_ptr_array_add (guids, cairn_statement_text (statement, 0));
  return step == CAIRN_STEP_DONE ? g_steal_pointer (&guids) : NULL;
}

/* FALSE: another point has the GUID that ID is. */
static gboolean
require_only_one (CairnStatement *statement, const char *id, const CairnPoint *first,
                  GError **error)
{
  CairnStep step = cairn_statement_step (statement, error);
  g_autofree char *second = NULL;

  if (step != CAIRN_STEP_ROW)
    return step == CAIRN_STEP_DONE;
  second = cairn_statement_text (statement, 1);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' is one of several VMs, '%s' and '%s' among others; "
               "name it by its InstanceID",
               id, first->instance_id, second);
  return FALSE;
}

/* The point that ID, an InstanceID or a GUID, stands for, into POINTS, which stays empty when there
 * is none; and the numbers of its rows. */
static gboolean
read_row_of (CairnSqliteStore *store, const char *id, GPtrArray *points, GHashTable *by_id,
             int64_t *number, int64_t *configuration, GError **error)
{
  /* Two are enough to know that a GUID isn't unique. */
  static const char sql[]
      = "SELECT " POINT_COLUMNS
        ", p.configuration FROM point p WHERE p.instance_id = ?1 AND" IS_POINT
        " UNION ALL SELECT " POINT_COLUMNS
        ", p.configuration FROM point p WHERE p.guid = ?1 AND" IS_POINT " LIMIT 2";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  const CairnPoint *point;
  CairnStep step;

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, id);
  step = cairn_statement_step (statement, error);
  if (step != CAIRN_STEP_ROW)
    return step == CAIRN_STEP_DONE;
  take_point (statement, points, by_id);
  *number = cairn_statement_int (statement, 0);
  *configuration = cairn_statement_int (statement, 11);
  point = points->pdata[0];
  return g_ascii_strcasecmp (point->instance_id, id) == 0
             ? cairn_statement_run (statement, error)
             : require_only_one (statement, id, point, error);
}

/* The rows of one point. */
static gboolean
read_part (CairnSqliteStore *store, const char *sql, int64_t number, TakeRow take,
           GPtrArray *points, GHashTable *by_id, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, number);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    take (statement, points, by_id);
  return step == CAIRN_STEP_DONE;
}

/* CONFIGURATION is its row's number, 0 when the point has none. */
static gboolean
read_configuration (CairnSqliteStore *store, int64_t configuration, GBytes **content,
                    GError **error)
{
  static const char sql[] = "SELECT content FROM configuration WHERE id = ?1";
  g_autoptr (CairnStatement) statement = NULL;
  CairnStep step;

  if (configuration == 0)
    return TRUE;
  statement = cairn_statement_take (store, sql, READING, error);
  if (!statement)
    return FALSE;
  cairn_statement_bind_int (statement, 1, configuration);
  step = cairn_statement_step (statement, error);
  if (step != CAIRN_STEP_ROW)
    return step == CAIRN_STEP_DONE;
  *content = cairn_statement_bytes (statement, 0);
  return cairn_statement_run (statement, error);
}

/* *POINT stays NULL when there is none. */
static gboolean
read_point (CairnSqliteStore *store, const char *id, CairnPoint **point, GError **error)
{
  static const char anchors[]
      = "SELECT " ANCHOR_COLUMNS " FROM anchor WHERE point = ?1 ORDER BY position";
  static const char hints[]
      = "SELECT " HINT_COLUMNS " FROM hint WHERE point = ?1 ORDER BY position, ordinal";
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  g_autoptr (GHashTable) by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  int64_t number = 0, configuration = 0;

  if (!read_row_of (store, id, points, by_id, &number, &configuration, error))
    return FALSE;
  if (points->len == 0)
    return TRUE;
  if (!read_part (store, anchors, number, take_anchor, points, by_id, error)
      || !read_part (store, hints, number, take_hint, points, by_id, error)
      || !read_configuration (store, configuration,
                              &((CairnPoint *)points->pdata[0])->configuration, error))
    return FALSE;
  *point = g_ptr_array_steal_index (points, 0);
  return TRUE;
}

gboolean
cairn_sqlite_get_point (CairnStore *base, const char *id, CairnPoint **point, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (CairnPoint) found = NULL;

  if (!cairn_connection_begin_read (store, error))
    return FALSE;
  if (!read_point (store, id, &found, error))
    {
      cairn_connection_abort (store);
      return FALSE;
    }
  if (!cairn_connection_end_read (store, error))
    return FALSE;
  *point = g_steal_pointer (&found);
  return TRUE;
}

static gboolean
read_newest (CairnSqliteStore *store, const char *vm_guid, int64_t *time_ms, GError **error)
{
  static const char sql[] = "SELECT max (creation_time_ms) FROM point WHERE vm_guid = ?1";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, vm_guid);
  /* One row always; NULL, which reads as 0, when there is no point. */
  if (cairn_statement_step (statement, error) != CAIRN_STEP_ROW)
    return FALSE;
  *time_ms = cairn_statement_int (statement, 0);
  return TRUE;
}

gboolean
cairn_sqlite_newest_time_ms (CairnStore *base, const char *vm_guid, int64_t *time_ms,
                             GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  int64_t newest_ms = 0;

  if (!read_newest (store, vm_guid, &newest_ms, error) || !cairn_connection_end_read (store, error))
    return FALSE;
  *time_ms = newest_ms;
  return TRUE;
}
