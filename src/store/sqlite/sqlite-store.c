/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SQLite store as a CairnStore. */
#include "store/sqlite/sqlite-store.h"

#include "store/sqlite/change.h"
#include "store/sqlite/copies.h"
#include "store/sqlite/intents.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/lock.h"
#include "store/sqlite/mark.h"
#include "store/sqlite/points.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/snapshots.h"
#include "store/sqlite/vms.h"

static void
close_store (CairnStore *store)
{
  cairn_connection_close ((CairnSqliteStore *)store);
}

static const CairnStoreOps ops = {
  .name = "sqlite",
  .close = close_store,
  .list_vms = cairn_sqlite_list_vms,
  .get_vm = cairn_sqlite_get_vm,
  .list_points = cairn_sqlite_list_points,
  .list_newer = cairn_sqlite_list_newer,
  .list_page = cairn_sqlite_list_page,
  .change_mark = cairn_sqlite_change_mark,
  .get_point = cairn_sqlite_get_point,
  .newest_time_ms = cairn_sqlite_newest_time_ms,
  .list_destroyed = cairn_sqlite_list_destroyed,
  .list_snapshots = cairn_sqlite_list_snapshots,
  .list_copies = cairn_sqlite_list_copies,
  .list_intents = cairn_sqlite_list_intents,
  .apply = cairn_sqlite_apply,
  .note_seen = cairn_sqlite_note_seen,
  .put_job = cairn_sqlite_put_job,
  .remove_job = cairn_sqlite_remove_job,
  .list_jobs = cairn_sqlite_list_jobs,
  .lock_vm = cairn_sqlite_lock_vm,
  .unlock_vm = cairn_sqlite_unlock_vm,
};

CairnStore *
cairn_sqlite_store_open (const char *path, GError **error)
{
  g_autoptr (CairnSqliteStore) store = cairn_connection_open (path, error);

  if (!store || !cairn_schema_ensure (store, error))
    return NULL;
  store->store.ops = &ops;
  return &g_steal_pointer (&store)->store;
}

void
cairn_sqlite_store_set_busy_ms (CairnStore *store, guint busy_ms)
{
  ((CairnSqliteStore *)store)->busy_ms = busy_ms;
}
