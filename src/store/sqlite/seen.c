/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looks at the disks showed: how much was dirty (which only grows), what is lost, and where it
 * is now. */
#include "store/sqlite/points.h"

#include "store/sqlite/statement.h"

#define SAME_ANCHOR " AND (?4 IS NULL OR change_tracking_id = ?4)"

/* The numbers are uint64 in int64 columns: with equal signs they compare as they are, otherwise the
 * negative one is the larger. */
static const char grow[]
    = "UPDATE anchor SET dirty_seen_bytes = ?3"
      " WHERE point = (SELECT id FROM point WHERE instance_id = ?1)"
      "  AND disk_identifier = ?2" SAME_ANCHOR "  AND CASE WHEN (dirty_seen_bytes < 0) = (?3 < 0)"
      "      THEN dirty_seen_bytes < ?3 ELSE ?3 < 0 END";

static const char lose[] = "UPDATE anchor SET lost = ?3"
                           " WHERE point = (SELECT id FROM point WHERE instance_id = ?1)"
                           "  AND disk_identifier = ?2 AND lost IS NULL" SAME_ANCHOR;

static const char move[] = "UPDATE anchor SET path = ?3, allocated_bytes = ?5"
                           " WHERE point = (SELECT id FROM point WHERE instance_id = ?1)"
                           "  AND disk_identifier = ?2" SAME_ANCHOR;

static CairnStatement *
begin (CairnSqliteStore *store, const char *sql, const CairnStoreSeen *seen)
{
  CairnStatement *statement = cairn_statement_take (store, sql, "note", NULL);

  if (!statement)
    return NULL;
  cairn_statement_bind_text (statement, 1, seen->instance_id);
  cairn_statement_bind_text (statement, 2, seen->disk_identifier);
  cairn_statement_bind_optional_text (statement, 4, seen->change_tracking_id);
  return statement;
}

static gboolean
note_state (CairnSqliteStore *store, const CairnStoreSeen *seen)
{
  g_autoptr (CairnStatement) statement = begin (store, seen->lost ? lose : grow, seen);

  if (!statement)
    return FALSE;
  if (seen->lost)
    cairn_statement_bind_text (statement, 3, seen->lost);
  else
    cairn_statement_bind_uint (statement, 3, seen->dirty_bytes);
  return cairn_statement_run (statement, NULL);
}

static gboolean
note_move (CairnSqliteStore *store, const CairnStoreSeen *seen)
{
  g_autoptr (CairnStatement) statement = begin (store, move, seen);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 3, seen->moved_to);
  cairn_statement_bind_uint (statement, 5, seen->allocated_bytes);
  return cairn_statement_run (statement, NULL);
}

static gboolean
note_one (CairnSqliteStore *store, const CairnStoreSeen *seen)
{
  return note_state (store, seen) && (!seen->moved_to || note_move (store, seen));
}

static void
note_all (CairnSqliteStore *store, const CairnStoreSeen *seen, size_t n_seen)
{
  if (!cairn_connection_begin_write (store, CAIRN_DURABILITY_HINT, NULL))
    return;
  for (size_t i = 0; i < n_seen; i++)
    if (!note_one (store, &seen[i]))
      {
        cairn_connection_abort (store);
        return;
      }
  cairn_connection_commit (store, NULL);
}

void
cairn_sqlite_note_seen (CairnStore *base, const CairnStoreSeen *seen, size_t n_seen)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  guint busy_ms = store->busy_ms;

  if (store->read_only || n_seen == 0)
    return;
  store->busy_ms = 0;
  note_all (store, seen, n_seen);
  store->busy_ms = busy_ms;
}
