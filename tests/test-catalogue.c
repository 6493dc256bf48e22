/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The catalogue of reference points: never older than the store, in order, within its bound. */
#include <stdlib.h>
#include <string.h>

#include "cim/schema.h"
#include "provider/catalogue.h"
#include "provider/point-instance.h"
#include "provider/shelf.h"
#include "service/open.h"
#include "store-samples.h"

typedef struct
{
  char *dir, *uri;
  CairnStore *store; /* another connection, as another process has it */
  CairnCatalogue *catalogue;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  f->dir = make_temporary_directory ();
  f->uri = g_strdup_printf ("sqlite:%s/cairn.db", f->dir);
  f->store = cairn_store_open_uri (f->uri, &error);
  g_assert_no_error (error);
  f->catalogue = cairn_catalogue_new (f->uri, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  cairn_catalogue_free (f->catalogue);
  f->store->ops->close (f->store);
  remove_directory (f->dir);
  g_free (f->dir);
  g_free (f->uri);
}

static char *
id_of (const char *vm_guid, guint number)
{
  g_autoptr (CairnPoint) point = sample_point (vm_guid, number, 0);

  return g_strdup (point->instance_id);
}

static CimInstance *
get (Fixture *f, const char *id)
{
  g_autoptr (GError) error = NULL;
  CimInstance *instance = cairn_catalogue_get (f->catalogue, id, &error);

  g_assert_no_error (error);
  return instance;
}

static void
assert_label (Fixture *f, const char *id, const char *label)
{
  g_autoptr (CimInstance) instance = get (f, id);

  g_assert_cmpstr (cim_instance_text (instance, "ElementName"), ==, label);
}

static void
set_label (Fixture *f, guint number, const char *label)
{
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, number, 2));
  CairnPoint *point = points->pdata[0];

  g_free (point->label);
  point->label = g_strdup (label);
  must_apply (f->store, &(CairnStoreChange){ .replace_points = points });
}

static void
assert_texts (const CimInstance *instance, const char *name, const char *expected)
{
  const CimValue *value = cim_instance_get (instance, name);
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_true (value->is_set);
  for (guint i = 0; i < value->n; i++)
    g_string_append_printf (found, "%s%s", i ? " " : "", value->texts[i]);
  g_assert_cmpstr (found->str, ==, expected);
}

/* A disk that no bitmap is tied to is in neither array. */
static void
test_instance (Fixture *f, gconstpointer unused)
{
  CairnPoint *point = sample_point (SAMPLE_VM, 1, 3);
  CairnAnchor *anchor = point->anchors->pdata[1];
  g_autofree char *id = g_strdup (point->instance_id);
  g_autoptr (CimInstance) instance = NULL;

  point->origin = CAIRN_ORIGIN_HYPER_V;
  g_clear_pointer (&anchor->change_tracking_id, g_free);
  g_clear_pointer (&anchor->bitmap, g_free);
  must_put (f->store, point);
  instance = get (f, id);
  g_assert_cmpstr (cim_instance_text (instance, "InstanceID"), ==, id);
  g_assert_cmpstr (cim_instance_text (instance, "VirtualSystemIdentifier"), ==, SAMPLE_VM);
  g_assert_cmpstr (cim_instance_text (instance, "Caption"), ==, "Virtual System Reference Point");
  g_assert_cmpuint (cim_instance_number (instance, "ReferencePointType", 0), ==, 2);
  g_assert_cmpuint (cim_instance_number (instance, "ConsistencyLevel", 0), ==, 2);
  g_assert_cmpuint (cim_instance_number (instance, "HasAssociatedData", 9), ==, 0);
  assert_texts (instance, "VirtualDiskIdentifiers",
                "Microsoft:" SAMPLE_VM "\\DISK-0 Microsoft:" SAMPLE_VM "\\DISK-2");
  assert_texts (instance, "ResilientChangeTrackingIdentifiers",
                "rctX:0000AAAA:00000001:00000000:00000007"
                " rctX:0000AAAA:00000001:00000002:00000007");
}

static void
test_sees_changes (Fixture *f, gconstpointer unused)
{
  g_autofree char *id = id_of (SAMPLE_VM, 7);
  g_autofree char *lower = g_ascii_strdown (id, -1);
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();

  g_assert_null (get (f, id));
  must_put (f->store, sample_point (SAMPLE_VM, 7, 2));
  assert_label (f, id, "point \xc3\xa4 7");
  assert_label (f, strchr (id, '\\') + 1, "point \xc3\xa4 7");
  set_label (f, 7, "another");
  assert_label (f, id, "another");
  assert_label (f, lower, "another");
  g_ptr_array_add (ids, id);
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids });
  g_assert_null (get (f, id));
}

static void
assert_page (Fixture *f, const char *vm_guid, const char *after, guint limit, guint first, guint n)
{
  g_autoptr (GPtrArray) instances
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  g_autoptr (GError) error = NULL;

  cairn_catalogue_page (f->catalogue, vm_guid, after, limit, instances, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (instances->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = id_of (vm_guid ? vm_guid : SAMPLE_VM, first + i);

      g_assert_cmpstr (cim_instance_text (instances->pdata[i], "InstanceID"), ==, id);
    }
}

static void
test_pages (Fixture *f, gconstpointer unused)
{
  g_autofree char *fourth = id_of (SAMPLE_VM, 4), *fifth = id_of (SAMPLE_VM, 5);

  assert_page (f, NULL, NULL, 9, 1, 0);
  for (guint i = 5; i >= 1; i--)
    must_put (f->store, sample_point (SAMPLE_VM, i, 1));
  must_put (f->store, sample_point (SAMPLE_OTHER, 8, 1));
  /* Each twice: from the store, and from what was kept. */
  for (guint i = 0; i < 2; i++)
    {
      assert_page (f, NULL, NULL, 2, 1, 2);
      assert_page (f, NULL, NULL, 5, 1, 5);
      assert_page (f, SAMPLE_VM, NULL, 9, 1, 5);
      assert_page (f, SAMPLE_VM, fourth, 9, 5, 1);
      assert_page (f, SAMPLE_VM, fifth, 9, 5, 0);
      assert_page (f, SAMPLE_OTHER, NULL, 9, 8, 1);
      /* A place that is no point of that VM. */
      assert_page (f, SAMPLE_OTHER, fifth, 9, 8, 1);
    }
  must_put (f->store, sample_point (SAMPLE_VM, 6, 1));
  assert_page (f, SAMPLE_VM, NULL, 9, 1, 6);
  assert_page (f, SAMPLE_VM, fourth, 9, 5, 2);
}

/* ---- the shelf against a plain list ---- */

#define N_POINTS   60u
#define N_VMS      3u
#define N_ROUNDS   4000u
#define FEW_BYTES  (20u << 10) /* some 12 of them */
#define ROOM_BYTES (1u << 20)  /* all */

static GPtrArray *
make_instances (void)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                                           "Msvm_VirtualSystemReferencePoint");
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < N_POINTS; i++)
    {
      g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, i + 1, i % 3);

      g_free (point->vm_guid);
      point->vm_guid = g_strdup_printf ("VM-%u", i % N_VMS);
      g_ptr_array_add (all, cairn_point_instance_new (class, point));
    }
  return all;
}

/* Up to LIMIT of ALL from START on that are VM's. */
static guint
choose (GPtrArray *all, const char *vm, guint start, guint limit, CimInstance **chosen)
{
  guint n = 0;

  for (guint i = start; i < all->len && n < limit; i++)
    if (!vm || g_str_equal (cim_instance_text (all->pdata[i], "VirtualSystemIdentifier"), vm))
      chosen[n++] = all->pdata[i];
  return n;
}

static guint
index_after (GPtrArray *all, const char *after)
{
  guint i = 0;

  while (after && i < all->len
         && strcmp (cim_instance_text (all->pdata[i], "InstanceID"), after) <= 0)
    i++;
  return i;
}

/* As the catalogue does it: from the shelf as far as that goes, the rest from ALL. */
static void
take_page (CairnShelf *shelf, GPtrArray *all, const char *vm, const char *after, guint limit)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  CimInstance *expected[N_POINTS], *rest[N_POINTS];
  guint n = choose (all, vm, index_after (all, after), limit, expected), n_rest;

  if (cairn_shelf_follow (shelf, vm, after, limit, found))
    g_assert_cmpuint (found->len, ==, n);
  g_assert_cmpuint (found->len, <=, n);
  for (guint i = 0; i < found->len; i++)
    g_assert_true (found->pdata[i] == expected[i]);
  if (found->len == n && n == limit)
    return;
  if (found->len > 0)
    after = cim_instance_text (found->pdata[found->len - 1], "InstanceID");
  limit -= found->len;
  n_rest = choose (all, vm, index_after (all, after), limit, rest);
  cairn_shelf_put_row (shelf, vm, after, rest, n_rest, n_rest < limit);
}

static void
test_shelf (gconstpointer bytes_max)
{
  CairnShelf *shelf = cairn_shelf_new (GPOINTER_TO_UINT (bytes_max));
  g_autoptr (GPtrArray) all = make_instances ();

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      CimInstance *some = all->pdata[g_test_rand_int_range (0, N_POINTS)];
      CimInstance *place = all->pdata[g_test_rand_int_range (0, N_POINTS)];
      const char *vms[] = { "VM-0", "VM-1", "vm-2", NULL, NULL };
      const char *vm = vms[g_test_rand_int_range (0, G_N_ELEMENTS (vms))];
      const char *after = g_test_rand_bit () ? cim_instance_text (place, "InstanceID") : NULL;
      CimInstance *found = cairn_shelf_find (shelf, cim_instance_text (some, "InstanceID"));

      g_assert_true (!found || found == some);
      if (g_test_rand_int_range (0, 4) == 0)
        cairn_shelf_put (shelf, some);
      if (vm && g_str_equal (vm, "vm-2"))
        vm = "VM-2";
      take_page (shelf, all, vm, after, (guint)g_test_rand_int_range (1, N_POINTS));
      g_assert_cmpuint (cairn_shelf_bytes (shelf), <=, GPOINTER_TO_UINT (bytes_max));
      if (g_test_rand_int_range (0, 500) == 0)
        cairn_shelf_clear (shelf);
    }
  cairn_shelf_free (shelf);
}

/* ---- several threads ---- */

#define N_COMMITS 300u

typedef struct
{
  Fixture *f;
  gint committed; /* atomic: the label that the store has at least */
  gint has_ended;
} Race;

static gpointer
look_on (gpointer user)
{
  Race *race = user;
  g_autofree char *id = id_of (SAMPLE_VM, 1);

  while (!g_atomic_int_get (&race->has_ended))
    {
      int least = g_atomic_int_get (&race->committed);
      g_autoptr (CimInstance) instance = get (race->f, id);
      g_autoptr (GPtrArray) page
          = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

      g_assert_cmpint (atoi (cim_instance_text (instance, "ElementName")), >=, least);
      g_assert_true (cairn_catalogue_page (race->f->catalogue, NULL, NULL, 5, page, NULL));
      g_assert_cmpint (atoi (cim_instance_text (page->pdata[0], "ElementName")), >=, least);
    }
  return NULL;
}

/* Nobody is given what was replaced before he asked. */
static void
test_race (Fixture *f, gconstpointer unused)
{
  Race race = { .f = f };
  GThread *threads[3];

  must_put (f->store, sample_point (SAMPLE_VM, 1, 2));
  set_label (f, 1, "0");
  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", look_on, &race);
  for (guint i = 1; i <= N_COMMITS; i++)
    {
      g_autofree char *label = g_strdup_printf ("%u", i);

      set_label (f, 1, label);
      g_atomic_int_set (&race.committed, (gint)i);
    }
  g_atomic_int_set (&race.has_ended, TRUE);
  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/catalogue/instance", Fixture, NULL, set_up, test_instance, tear_down);
  g_test_add ("/catalogue/sees-changes", Fixture, NULL, set_up, test_sees_changes, tear_down);
  g_test_add ("/catalogue/pages", Fixture, NULL, set_up, test_pages, tear_down);
  g_test_add_data_func ("/catalogue/shelf/few", GUINT_TO_POINTER (FEW_BYTES), test_shelf);
  g_test_add_data_func ("/catalogue/shelf/all", GUINT_TO_POINTER (ROOM_BYTES), test_shelf);
  g_test_add ("/catalogue/race", Fixture, NULL, set_up, test_race, tear_down);
  return g_test_run ();
}
