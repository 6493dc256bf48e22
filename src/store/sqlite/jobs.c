/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's jobs in a SQLite store. */
#include "store/sqlite/jobs.h"

#include "store/sqlite/failure.h"
#include "store/sqlite/statement.h"

#define READING "read jobs"
#define SAVING  "save a job"

static gboolean
put (CairnSqliteStore *store, const CairnStoreJob *job, GError **error)
{
  static const char sql[] = "INSERT INTO job (id, ended_ms, record) VALUES (?1, ?2, ?3)"
                            " ON CONFLICT (id) DO UPDATE SET ended_ms = excluded.ended_ms,"
                            "  record = excluded.record";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, job->id);
  cairn_statement_bind_int (statement, 2, job->ended_ms);
  cairn_statement_bind_bytes (statement, 3, job->record);
  return cairn_statement_run (statement, error);
}

static gboolean
begin (CairnSqliteStore *store, GError **error)
{
  return store->read_only ? cairn_sqlite_fail_read_only (store, error)
                          : cairn_connection_begin_write (store, CAIRN_DURABILITY_HINT, error);
}

static gboolean
end (CairnSqliteStore *store, gboolean ok, GError **error)
{
  if (ok)
    return cairn_connection_commit (store, error);
  cairn_connection_abort (store);
  return FALSE;
}

gboolean
cairn_sqlite_put_job (CairnStore *base, const CairnStoreJob *job, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;

  return begin (store, error) && end (store, put (store, job, error), error);
}

gboolean
cairn_sqlite_remove_job (CairnStore *base, const char *id, GError **error)
{
  static const char sql[] = "DELETE FROM job WHERE id = ?1";
  CairnSqliteStore *store = (CairnSqliteStore *)base;

  return begin (store, error)
         && end (store, cairn_statement_run_text (store, sql, "remove a job", id, error), error);
}

GPtrArray *
cairn_sqlite_list_jobs (CairnStore *base, GError **error)
{
  static const char sql[] = "SELECT id, ended_ms, record FROM job ORDER BY id";
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) jobs
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_store_job_free);
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return NULL;
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    {
      CairnStoreJob *job = g_new0 (CairnStoreJob, 1);

      g_ptr_array_add (jobs, job);
      job->id = cairn_statement_text (statement, 0);
      job->ended_ms = cairn_statement_int (statement, 1);
      job->record = cairn_statement_bytes (statement, 2);
    }
  return step == CAIRN_STEP_DONE ? g_steal_pointer (&jobs) : NULL;
}
