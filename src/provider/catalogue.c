/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store's reference points as CIM instances. */
#include "provider/catalogue.h"

#include "cim/schema.h"
#include "provider/point-instance.h"
#include "provider/shelf.h"
#include "service/open.h"

/* Stores that nobody reads from are kept for the next one: opening takes half a millisecond. */
#define IDLE_STORES_MAX 8u

/* Order of locks: none is taken with another. */
struct CairnCatalogue
{
  const CimClass *class;
  char *store_uri; /* NULL = the default */

  GMutex lock;       /* guards what follows */
  CairnStore *watch; /* asked whether anybody changed the store, and nothing else */
  uint64_t mark;     /* its answer */
  uint64_t era;      /* counts the changes seen: what was read in one isn't kept in the next */
  CairnShelf *shelf;

  GMutex idle_lock;
  GPtrArray *idle; /* of CairnStore */
};

CairnCatalogue *
cairn_catalogue_new (const char *store_uri, GError **error)
{
  CairnStore *watch = cairn_store_open_uri (store_uri, error);
  CairnCatalogue *catalogue;

  if (!watch)
    return NULL;
  catalogue = g_new0 (CairnCatalogue, 1);
  catalogue->class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                                      "Msvm_VirtualSystemReferencePoint");
  catalogue->store_uri = g_strdup (store_uri);
  catalogue->watch = watch;
  catalogue->shelf = cairn_shelf_new (CAIRN_CATALOGUE_BYTES_MAX);
  catalogue->idle = g_ptr_array_new ();
  g_mutex_init (&catalogue->lock);
  g_mutex_init (&catalogue->idle_lock);
  return catalogue;
}

void
cairn_catalogue_free (CairnCatalogue *catalogue)
{
  if (!catalogue)
    return;
  for (guint i = 0; i < catalogue->idle->len; i++)
    ((CairnStore *)catalogue->idle->pdata[i])->ops->close (catalogue->idle->pdata[i]);
  g_ptr_array_unref (catalogue->idle);
  catalogue->watch->ops->close (catalogue->watch);
  cairn_shelf_free (catalogue->shelf);
  g_mutex_clear (&catalogue->lock);
  g_mutex_clear (&catalogue->idle_lock);
  g_free (catalogue->store_uri);
  g_free (catalogue);
}

/* ---- stores to read from ---- */

static CairnStore *
take_store (CairnCatalogue *catalogue, GError **error)
{
  CairnStore *store = NULL;

  g_mutex_lock (&catalogue->idle_lock);
  if (catalogue->idle->len > 0)
    store = g_ptr_array_steal_index_fast (catalogue->idle, catalogue->idle->len - 1);
  g_mutex_unlock (&catalogue->idle_lock);
  return store ? store : cairn_store_open_uri (catalogue->store_uri, error);
}

static void
give_back (CairnCatalogue *catalogue, CairnStore *store, gboolean is_good)
{
  g_mutex_lock (&catalogue->idle_lock);
  if (is_good && catalogue->idle->len < IDLE_STORES_MAX)
    g_ptr_array_add (catalogue->idle, g_steal_pointer (&store));
  g_mutex_unlock (&catalogue->idle_lock);
  if (store)
    store->ops->close (store);
}

/* *POINT stays NULL when there is none. */
static gboolean
read_point (CairnCatalogue *catalogue, const char *id, CairnPoint **point, GError **error)
{
  CairnStore *store = take_store (catalogue, error);
  gboolean ok;

  if (!store)
    return FALSE;
  ok = store->ops->get_point (store, id, point, error);
  give_back (catalogue, store, ok);
  return ok;
}

static GPtrArray *
read_page (CairnCatalogue *catalogue, const char *vm_guid, const char *after, guint limit,
           GError **error)
{
  CairnStore *store = take_store (catalogue, error);
  GPtrArray *points;

  if (!store)
    return NULL;
  points = store->ops->list_page (store, vm_guid, after, limit, error);
  give_back (catalogue, store, points != NULL);
  return points;
}

/* ---- looking ---- */

/* Drops what isn't true any more, with the lock held. */
static gboolean
catch_up (CairnCatalogue *catalogue, GError **error)
{
  uint64_t mark;

  if (!catalogue->watch->ops->change_mark (catalogue->watch, &mark, error))
    return FALSE;
  if (mark == catalogue->mark)
    return TRUE;
  catalogue->mark = mark;
  catalogue->era++;
  cairn_shelf_clear (catalogue->shelf);
  return TRUE;
}

/* Whether what was read since ERA is what the store holds, with the lock held: then it may be kept.
 */
static gboolean
is_still (CairnCatalogue *catalogue, uint64_t era)
{
  return catch_up (catalogue, NULL) && era == catalogue->era;
}

CimInstance *
cairn_catalogue_get (CairnCatalogue *catalogue, const char *id, GError **error)
{
  g_autoptr (CairnPoint) point = NULL;
  CimInstance *instance = NULL;
  uint64_t era;
  gboolean ok;

  g_mutex_lock (&catalogue->lock);
  ok = catch_up (catalogue, error);
  era = catalogue->era;
  if (ok)
    instance = cairn_shelf_find (catalogue->shelf, id);
  if (instance)
    cim_instance_ref (instance);
  g_mutex_unlock (&catalogue->lock);
  if (instance || !ok || !read_point (catalogue, id, &point, error) || !point)
    return instance;

  instance = cairn_point_instance_new (catalogue->class, point);
  g_mutex_lock (&catalogue->lock);
  if (is_still (catalogue, era))
    cairn_shelf_put (catalogue->shelf, instance);
  g_mutex_unlock (&catalogue->lock);
  return instance;
}

/* Appends what follows AFTER from the store, and puts it on the shelf. */
static gboolean
append_page (CairnCatalogue *catalogue, const char *vm_guid, const char *after, guint limit,
             uint64_t era, GPtrArray *instances, GError **error)
{
  g_autoptr (GPtrArray) points = read_page (catalogue, vm_guid, after, limit, error);
  guint first = instances->len;

  if (!points)
    return FALSE;
  for (guint i = 0; i < points->len; i++)
    g_ptr_array_add (instances, cairn_point_instance_new (catalogue->class, points->pdata[i]));
  g_mutex_lock (&catalogue->lock);
  if (is_still (catalogue, era))
    cairn_shelf_put_row (catalogue->shelf, vm_guid, after,
                         (CimInstance *const *)instances->pdata + first, points->len,
                         points->len < limit);
  g_mutex_unlock (&catalogue->lock);
  return TRUE;
}

gboolean
cairn_catalogue_page (CairnCatalogue *catalogue, const char *vm_guid, const char *after,
                      guint limit, GPtrArray *instances, GError **error)
{
  guint first = instances->len;
  gboolean is_whole;
  uint64_t era;

  g_mutex_lock (&catalogue->lock);
  if (!catch_up (catalogue, error))
    {
      g_mutex_unlock (&catalogue->lock);
      return FALSE;
    }
  era = catalogue->era;
  is_whole = cairn_shelf_follow (catalogue->shelf, vm_guid, after, limit, instances);
  g_mutex_unlock (&catalogue->lock);
  if (is_whole)
    return TRUE;
  if (instances->len > first)
    after = cim_instance_text (instances->pdata[instances->len - 1], "InstanceID");
  return append_page (catalogue, vm_guid, after, limit - (instances->len - first), era, instances,
                      error);
}
