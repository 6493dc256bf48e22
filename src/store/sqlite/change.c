/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One CairnStoreChange as one transaction. */
#include "store/sqlite/change.h"

#include "store/sqlite/copies.h"
#include "store/sqlite/failure.h"
#include "store/sqlite/intents.h"
#include "store/sqlite/points.h"
#include "store/sqlite/snapshots.h"
#include "store/sqlite/vms.h"

static gboolean
remove_points (CairnSqliteStore *store, const GPtrArray *instance_ids, GError **error)
{
  for (guint i = 0; instance_ids && i < instance_ids->len; i++)
    if (!cairn_sqlite_remove_point (store, instance_ids->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
put_points (CairnSqliteStore *store, const GPtrArray *points, GError **error)
{
  for (guint i = 0; points && i < points->len; i++)
    if (!cairn_sqlite_put_point (store, points->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
replace_points (CairnSqliteStore *store, const GPtrArray *points, GError **error)
{
  for (guint i = 0; points && i < points->len; i++)
    if (!cairn_sqlite_replace_point (store, points->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
put_copies (CairnSqliteStore *store, const GPtrArray *copies, GError **error)
{
  for (guint i = 0; copies && i < copies->len; i++)
    if (!cairn_sqlite_put_copy (store, copies->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
change_snapshots (CairnSqliteStore *store, const CairnStoreChange *change, GError **error)
{
  if (change->put_snapshot && !cairn_sqlite_put_snapshot (store, change->put_snapshot, error))
    return FALSE;
  if (change->release_snapshot
      && !cairn_sqlite_release_snapshot (store, change->release_snapshot, error))
    return FALSE;
  return put_copies (store, change->put_copies, error);
}

static gboolean
run_change (CairnSqliteStore *store, const CairnStoreChange *change, GError **error)
{
  if (change->put_vm && !cairn_sqlite_put_vm (store, change->put_vm, error))
    return FALSE;
  if (change->remove_vm && !cairn_sqlite_remove_vm (store, change->remove_vm, error))
    return FALSE;
  if (!remove_points (store, change->remove_points, error)
      || !put_points (store, change->put_points, error)
      || !replace_points (store, change->replace_points, error)
      || !change_snapshots (store, change, error))
    return FALSE;
  if (change->remove_intent && !cairn_sqlite_remove_intent (store, change->remove_intent, error))
    return FALSE;
  return !change->put_intent || cairn_sqlite_put_intent (store, change->put_intent, error);
}

gboolean
cairn_sqlite_apply (CairnStore *base, const CairnStoreChange *change, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;

  if (store->read_only)
    return cairn_sqlite_fail_read_only (store, error);
  if (!cairn_connection_begin_write (
          store, change->is_volatile ? CAIRN_DURABILITY_HINT : CAIRN_DURABILITY_FULL, error))
    return FALSE;
  if (!run_change (store, change, error))
    {
      cairn_connection_abort (store);
      return FALSE;
    }
  return cairn_connection_commit (store, error);
}
