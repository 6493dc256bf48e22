/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files known to hold a disk as of a point, in a SQLite store. */
#include "store/sqlite/copies.h"

#include "store/sqlite/statement.h"

#define SAVING "save what was copied"

#define COPIES                                                                                     \
  "SELECT p.instance_id, c.disk_identifier, c.sha256, c.base"                                      \
  " FROM point p JOIN copy c ON c.point = p.id"
#define BY_AGE " ORDER BY p.creation_time_ms, p.guid, c.id"

static const char copies_of_vm[] = COPIES " WHERE p.vm_guid = ?1" BY_AGE;
static const char copies_of_point[] = COPIES " WHERE p.instance_id = ?1" BY_AGE;

GPtrArray *
cairn_sqlite_list_copies (CairnStore *base, const char *vm_guid, const char *point, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) copies
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_store_copy_free);
  g_autoptr (CairnStatement) statement = cairn_statement_take (
      store, point ? copies_of_point : copies_of_vm, "read what was copied", error);
  CairnStep step;

  if (!statement)
    return NULL;
  cairn_statement_bind_text (statement, 1, point ? point : vm_guid);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    {
      CairnStoreCopy *copy = g_new0 (CairnStoreCopy, 1);

      g_ptr_array_add (copies, copy);
      copy->point = cairn_statement_text (statement, 0);
      copy->disk_identifier = cairn_statement_text (statement, 1);
      copy->sha256 = cairn_statement_text (statement, 2);
      copy->base = cairn_statement_optional_text (statement, 3);
    }
  if (step != CAIRN_STEP_DONE || !cairn_connection_end_read (store, error))
    return NULL;
  return g_steal_pointer (&copies);
}

gboolean
cairn_sqlite_put_copy (CairnSqliteStore *store, const CairnStoreCopy *copy, GError **error)
{
  /* The update of a file that is known already makes RETURNING give a row, as an insert does. */
  static const char sql[] = "INSERT INTO copy (point, disk_identifier, sha256, base)"
                            " SELECT id, ?2, ?3, ?4 FROM point WHERE instance_id = ?1"
                            " ON CONFLICT (point, disk_identifier, sha256)"
                            "  DO UPDATE SET base = excluded.base RETURNING id";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, copy->point);
  cairn_statement_bind_text (statement, 2, copy->disk_identifier);
  cairn_statement_bind_text (statement, 3, copy->sha256);
  cairn_statement_bind_optional_text (statement, 4, copy->base);
  step = cairn_statement_step (statement, error);
  if (step == CAIRN_STEP_ROW)
    return cairn_statement_run (statement, error);
  if (step == CAIRN_STEP_DONE)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s', of which disks were copied, is not in the store; it was "
                 "destroyed meanwhile, take a new backup",
                 copy->point);
  return FALSE;
}
