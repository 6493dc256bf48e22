/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Old points of one owner are retired. */
#include <cairn/backup.h>

#include "refpoint/engine.h"

/* VM's points that OWNER has, of POINTS, oldest first; borrowed. */
static GPtrArray *
points_of_owner (const GPtrArray *points, const char *owner)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < points->len; i++)
    if (g_str_equal (((CairnPoint *)points->pdata[i])->owner, owner))
      g_ptr_array_add (found, points->pdata[i]);
  return found;
}

/* A set of InstanceIDs in upper case, as their letter case doesn't matter. */
static void
add_id (GHashTable *ids, const char *id)
{
  g_hash_table_add (ids, g_ascii_strup (id, -1));
}

static gboolean
has_id (GHashTable *ids, const char *id)
{
  g_autofree char *upper = g_ascii_strup (id, -1);

  return g_hash_table_contains (ids, upper);
}

/* The points that a copy is relative to whose own point isn't one of the OLD ones: whoever has that
 * point, its backup is kept. */
static GHashTable *
find_bases (CairnService *service, const char *vm_guid, GHashTable *old, GError **error)
{
  CairnStore *store = service->store;
  g_autoptr (GPtrArray) copies = store->ops->list_copies (store, vm_guid, NULL, error);
  g_autoptr (GHashTable) bases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (!copies)
    return NULL;
  for (guint i = 0; i < copies->len; i++)
    {
      const CairnStoreCopy *copy = copies->pdata[i];

      if (copy->base && !has_id (old, copy->point))
        add_id (bases, copy->base);
    }
  return g_steal_pointer (&bases);
}

/* A log begins at the log-based point before it: without that one's log, nothing older is its base
 * any more. POINTS are all of the VM's, oldest first. */
static void
add_bases_of_logs (const GPtrArray *points, GHashTable *old, GHashTable *bases)
{
  const CairnPoint *before = NULL;

  for (guint i = 0; i < points->len; i++)
    {
      const CairnPoint *point = points->pdata[i];

      if (point->type != CAIRN_POINT_TYPE_LOG)
        continue;
      if (before && point->has_associated_data && !has_id (old, point->instance_id))
        add_id (bases, before->instance_id);
      before = point;
    }
}

/* Parts OURS, oldest first, into those that may go and those that stay (InstanceIDs). */
static gboolean
choose (CairnService *service, const GPtrArray *points, const GPtrArray *ours, guint keep,
        GPtrArray *old_ids, GPtrArray *kept_ids, GError **error)
{
  guint n_old = ours->len > keep ? ours->len - keep : 0;
  g_autoptr (GHashTable) old = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) bases = NULL;

  for (guint i = 0; i < n_old; i++)
    add_id (old, ((CairnPoint *)ours->pdata[i])->instance_id);
  bases = ours->len > 0 ? find_bases (service, ((CairnPoint *)ours->pdata[0])->vm_guid, old, error)
                        : NULL;
  if (!bases)
    return ours->len == 0;
  add_bases_of_logs (points, old, bases);
  for (guint i = 0; i < ours->len; i++)
    {
      const char *id = ((CairnPoint *)ours->pdata[i])->instance_id;

      g_ptr_array_add (i < n_old && !has_id (bases, id) ? old_ids : kept_ids, g_strdup (id));
    }
  return TRUE;
}

/* Another prune may have been faster, which is fine. */
static gboolean
destroy (CairnService *service, const char *id, const char *owner, gboolean *destroyed,
         GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (CairnPoint) point = NULL;

  *destroyed = cairn_service_destroy_reference_point (service, id, owner, FALSE, &cause);
  if (*destroyed)
    return TRUE;
  if (g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER)
      && service->store->ops->get_point (service->store, id, &point, NULL) && !point)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
destroy_all (CairnService *service, const GPtrArray *ids, const char *owner, GPtrArray *destroyed,
             GError **error)
{
  for (guint i = 0; i < ids->len; i++)
    {
      gboolean by_us;

      if (!destroy (service, ids->pdata[i], owner, &by_us, error))
        return FALSE;
      if (by_us)
        g_ptr_array_add (destroyed, g_strdup (ids->pdata[i]));
    }
  return TRUE;
}

gboolean
cairn_service_prune (CairnService *service, const char *name, guint keep, const char *owner,
                     GPtrArray **out_destroyed, GPtrArray **out_kept, GError **error)
{
  g_autoptr (GPtrArray) destroyed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) points = NULL;
  g_autoptr (GPtrArray) ours = NULL;
  g_autoptr (CairnVm) vm = NULL;
  gboolean done;

  cairn_service_start_call (service);
  owner = owner ? owner : g_getenv ("CAIRN_OWNER");
  owner = owner ? owner : "";
  vm = cairn_service_find_vm (service, name, error);
  points = vm ? service->store->ops->list_points (service->store, vm->guid, error) : NULL;
  if (!points)
    return FALSE;
  ours = points_of_owner (points, owner);
  if (!choose (service, points, ours, keep, old, kept, error))
    return FALSE;
  done = destroy_all (service, old, owner, destroyed, error);
  if (out_destroyed)
    *out_destroyed = g_steal_pointer (&destroyed);
  if (done && out_kept)
    *out_kept = g_steal_pointer (&kept);
  return done;
}
