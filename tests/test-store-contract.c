/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What refpoint/store.h promises, held against every store there is. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-samples.h"
#include "store/sqlite/sqlite-store.h"

/* One kind of store; OPEN opens the one that lies in DIRECTORY, made when absent. */
typedef struct
{
  const char *name;
  CairnStore *(*open) (const char *directory);
} Factory;

typedef struct
{
  const Factory *factory;
  char *directory;
  CairnStore *store;
} Fixture;

static CairnStore *
open_sqlite (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "made", "on demand", "cairn.db", NULL);
  g_autoptr (GError) error = NULL;
  CairnStore *store = cairn_sqlite_store_open (path, &error);

  g_assert_no_error (error);
  return store;
}

static const Factory factories[] = {
  { "sqlite", open_sqlite },
};

static void
set_up (Fixture *fixture, gconstpointer factory)
{
  fixture->factory = factory;
  fixture->directory = make_temporary_directory ();
  fixture->store = fixture->factory->open (fixture->directory);
}

static void
tear_down (Fixture *fixture, gconstpointer factory)
{
  fixture->store->ops->close (fixture->store);
  remove_directory (fixture->directory);
  g_free (fixture->directory);
}

static CairnPoint *
must_get (CairnStore *store, const char *id)
{
  g_autoptr (GError) error = NULL;
  CairnPoint *point = NULL;
  gboolean ok = store->ops->get_point (store, id, &point, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  return point;
}

static void
must_fail (CairnStore *store, const CairnStoreChange *change, int code, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (store->ops->apply (store, change, &error));
  g_assert_error (error, CAIRN_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' doesn't match '%s'", error->message, pattern);
}

static void
test_empty (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) vms = f->store->ops->list_vms (f->store, &error);
  g_autoptr (GPtrArray) intents = f->store->ops->list_intents (f->store, NULL, &error);
  g_autoptr (CairnPoint) point = must_get (f->store, "no such point");
  int64_t time_ms = -1;

  g_assert_no_error (error);
  g_assert_cmpuint (vms->len, ==, 0);
  g_assert_cmpuint (intents->len, ==, 0);
  g_assert_cmpuint (count_points (f->store, NULL), ==, 0);
  g_assert_null (point);
  g_assert_true (f->store->ops->newest_time_ms (f->store, SAMPLE_VM, &time_ms, &error));
  g_assert_cmpint (time_ms, ==, 0);
  must_apply (f->store, &(CairnStoreChange){ 0 });
}

static void
test_vm_round_trip (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web 1");
  g_autoptr (CairnVm) other = sample_vm (SAMPLE_OTHER, "app 1");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) vms = NULL;

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });
  must_apply (f->store, &(CairnStoreChange){ .put_vm = other });
  vms = f->store->ops->list_vms (f->store, &error);
  g_assert_cmpuint (vms->len, ==, 2);
  assert_same_vm (vms->pdata[0], other);
  assert_same_vm (vms->pdata[1], vm);
}

static void
test_vm_lookup (Fixture *f, gconstpointer unused)
{
  static const char *const names[] = { "web", SAMPLE_VM, "0a1b2c3d-0000-4000-8000-00000000aaaa" };
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");
  g_autoptr (GError) error = NULL;

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (CairnVm) found = f->store->ops->get_vm (f->store, names[i], &error);

      g_assert_no_error (error);
      assert_same_vm (found, vm);
    }
  g_assert_null (f->store->ops->get_vm (f->store, "WEB", &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER);
  g_assert_nonnull (strstr (error->message, "'WEB'"));
}

static void
test_vm_replaced (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");
  g_autoptr (CairnVm) found = NULL;

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });
  must_put (f->store, sample_point (SAMPLE_VM, 1, 2));
  g_free (vm->name);
  vm->name = g_strdup ("web renamed");
  g_ptr_array_remove_index (vm->disks, 0);
  g_ptr_array_add (vm->aliases, g_strdup (SAMPLE_OTHER));
  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });

  found = f->store->ops->get_vm (f->store, "web renamed", NULL);
  assert_same_vm (found, vm);
  g_assert_null (f->store->ops->get_vm (f->store, "web", NULL));
  g_assert_cmpuint (count_points (f->store, SAMPLE_VM), ==, 1);
}

static void
test_vm_name_taken (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");
  g_autoptr (CairnVm) other = sample_vm (SAMPLE_OTHER, "web");

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });
  must_fail (f->store, &(CairnStoreChange){ .put_vm = other }, CAIRN_ERROR_INVALID_PARAMETER,
             "*'web'*" SAMPLE_VM "*");
}

static void
test_vm_removed (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");
  g_autoptr (CairnIntent) intent = sample_intent (SAMPLE_VM, 1);
  g_autoptr (GPtrArray) vms = NULL, intents = NULL;

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm, .put_intent = intent });
  must_put (f->store, sample_point (SAMPLE_VM, 1, 2));
  must_put (f->store, sample_point (SAMPLE_OTHER, 2, 2));
  must_apply (f->store, &(CairnStoreChange){ .remove_vm = "0a1b2c3d-0000-4000-8000-00000000aaaa" });

  vms = f->store->ops->list_vms (f->store, NULL);
  intents = f->store->ops->list_intents (f->store, NULL, NULL);
  g_assert_cmpuint (vms->len, ==, 0);
  g_assert_cmpuint (intents->len, ==, 0);
  g_assert_cmpuint (count_points (f->store, SAMPLE_VM), ==, 0);
  g_assert_cmpuint (count_points (f->store, SAMPLE_OTHER), ==, 1);
  must_apply (f->store, &(CairnStoreChange){ .remove_vm = SAMPLE_VM });
}

static CairnPoint *
sample_hyper_v_point (void)
{
  CairnPoint *point = sample_point (SAMPLE_VM, 9, 3);
  CairnAnchor *anchor = point->anchors->pdata[1];

  point->type = CAIRN_POINT_TYPE_LOG;
  point->consistency = CAIRN_CONSISTENCY_APPLICATION;
  point->origin = CAIRN_ORIGIN_HYPER_V;
  point->has_associated_data = TRUE;
  point->configuration = g_bytes_new_static ("tree\0of keys", 12);
  g_clear_pointer (&anchor->change_tracking_id, g_free);
  g_clear_pointer (&anchor->bitmap, g_free);
  anchor->dirty_seen_bytes = UINT64_MAX;
  anchor->granularity_bytes = 0;
  g_ptr_array_add (anchor->tracking_hints, g_strdup ("rctX:one"));
  g_ptr_array_add (anchor->tracking_hints, g_strdup ("rctX:two"));
  anchor = point->anchors->pdata[2];
  g_clear_pointer (&anchor->change_tracking_id, g_free);
  g_ptr_array_add (anchor->tracking_hints, g_strdup ("rctX:three"));
  return point;
}

static void
test_point_round_trip (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) point = sample_hyper_v_point ();
  g_autoptr (CairnPoint) found = NULL;
  g_autoptr (GPtrArray) listed = NULL;

  must_put (f->store, sample_point (SAMPLE_VM, 8, 2));
  must_put (f->store, cairn_point_copy (point));
  found = must_get (f->store, point->instance_id);
  assert_same_point (found, point);

  /* A list has everything but the configuration. */
  listed = f->store->ops->list_points (f->store, SAMPLE_VM, NULL);
  g_assert_cmpuint (listed->len, ==, 2);
  g_clear_pointer (&point->configuration, g_bytes_unref);
  assert_same_point (listed->pdata[1], point);
}

static void
test_point_lookup (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 0xabc, 1);
  g_autofree char *lower_id = g_ascii_strdown (point->instance_id, -1);
  g_autofree char *lower_guid = g_ascii_strdown (point->guid, -1);
  const char *ids[] = { point->instance_id, lower_id, point->guid, lower_guid };

  must_put (f->store, cairn_point_copy (point));
  for (size_t i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (CairnPoint) found = must_get (f->store, ids[i]);

      g_assert_nonnull (found);
      assert_same_point (found, point);
    }
}

static void
test_point_ambiguous (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) a = sample_point (SAMPLE_VM, 1, 1);
  g_autoptr (CairnPoint) b = sample_point (SAMPLE_OTHER, 2, 1);
  g_autoptr (CairnPoint) found = NULL;
  g_autoptr (GError) error = NULL;

  g_free (b->guid);
  g_free (b->instance_id);
  b->guid = g_strdup (a->guid);
  b->instance_id = g_strdup_printf ("Microsoft:%s\\%s", SAMPLE_OTHER, b->guid);
  must_put (f->store, cairn_point_copy (a));
  must_put (f->store, cairn_point_copy (b));

  g_assert_false (f->store->ops->get_point (f->store, a->guid, &found, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER);
  g_assert_nonnull (strstr (error->message, a->instance_id));
  g_assert_nonnull (strstr (error->message, b->instance_id));
  found = must_get (f->store, b->instance_id);
  assert_same_point (found, b);
}

static void
test_point_order (Fixture *f, gconstpointer unused)
{
  static const guint numbers[] = { 5, 1, 4, 2, 3 };
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "zebra");
  g_autoptr (CairnVm) other = sample_vm (SAMPLE_OTHER, "ant");
  g_autoptr (GPtrArray) all = NULL;
  int64_t newest_ms = 0;

  must_apply (f->store, &(CairnStoreChange){ .put_vm = vm });
  must_apply (f->store, &(CairnStoreChange){ .put_vm = other });
  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      must_put (f->store, sample_point (SAMPLE_VM, numbers[i], 1));
      must_put (f->store, sample_point (SAMPLE_OTHER, numbers[i] + 10, 2));
    }

  all = f->store->ops->list_points (f->store, NULL, NULL);
  g_assert_cmpuint (all->len, ==, 10);
  for (guint i = 0; i < 10; i++)
    {
      const CairnPoint *point = all->pdata[i];

      g_assert_cmpstr (point->vm_guid, ==, i < 5 ? SAMPLE_OTHER : SAMPLE_VM);
      g_assert_cmpint (point->creation_time_ms, ==,
                       1700000000000 + (i < 5 ? 11 + (int)i : (int)i - 4));
      g_assert_cmpuint (point->anchors->len, ==, i < 5 ? 2 : 1);
    }
  g_assert_true (f->store->ops->newest_time_ms (f->store, "0a1b2c3d-0000-4000-8000-00000000aaaa",
                                                &newest_ms, NULL));
  g_assert_cmpint (newest_ms, ==, 1700000000005);
}

static void
test_point_newer (Fixture *f, gconstpointer unused)
{
  static const guint numbers[] = { 5, 1, 4, 2, 3 };
  g_autoptr (GPtrArray) newer = NULL;
  g_autoptr (GPtrArray) none = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      must_put (f->store, sample_point (SAMPLE_VM, numbers[i], 2));
      must_put (f->store, sample_point (SAMPLE_OTHER, numbers[i] + 10, 2));
    }

  newer = f->store->ops->list_newer (f->store, SAMPLE_VM, 1700000000002, 2, NULL);
  g_assert_cmpuint (newer->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (CairnPoint) wanted = sample_point (SAMPLE_VM, 3 + i, 2);

      assert_same_point (newer->pdata[i], wanted);
    }
  none = f->store->ops->list_newer (f->store, SAMPLE_VM, 1700000000005, 2, NULL);
  g_assert_cmpuint (none->len, ==, 0);
}

static void
test_point_exists (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) again = points_of (sample_point (SAMPLE_VM, 1, 1));

  must_put (f->store, sample_point (SAMPLE_VM, 1, 1));
  must_fail (f->store, &(CairnStoreChange){ .put_points = again }, CAIRN_ERROR_INVALID_PARAMETER,
             "*'Microsoft:*already*");
}

static void
test_tracking_id_reused (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) first = sample_point (SAMPLE_VM, 1, 1);
  g_autoptr (GPtrArray) second = points_of (sample_point (SAMPLE_VM, 2, 1));
  CairnAnchor *reused = ((CairnPoint *)second->pdata[0])->anchors->pdata[0];

  g_free (reused->change_tracking_id);
  reused->change_tracking_id
      = g_strdup (((CairnAnchor *)first->anchors->pdata[0])->change_tracking_id);
  must_put (f->store, cairn_point_copy (first));
  must_fail (f->store, &(CairnStoreChange){ .put_points = second }, CAIRN_ERROR_INVALID_PARAMETER,
             "change-tracking id 'rctX:*'vda'*");
  g_assert_cmpuint (count_points (f->store, NULL), ==, 1);
}

static void
test_point_replaced (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) points = points_of (sample_hyper_v_point ());
  g_autoptr (CairnPoint) found = NULL;
  CairnPoint *point = points->pdata[0];

  must_apply (f->store, &(CairnStoreChange){ .put_points = points });
  g_free (point->vm_guid);
  g_free (point->label);
  point->vm_guid = g_strdup (SAMPLE_OTHER);
  point->label = g_strdup ("");
  g_ptr_array_remove_index (point->anchors, 0);
  g_bytes_unref (point->configuration);
  point->configuration = g_bytes_new_static ("", 0);
  must_apply (f->store, &(CairnStoreChange){ .replace_points = points });

  found = must_get (f->store, point->instance_id);
  assert_same_point (found, point);
  g_assert_cmpuint (count_points (f->store, SAMPLE_VM), ==, 0);
  g_assert_cmpuint (count_points (f->store, SAMPLE_OTHER), ==, 1);
}

static void
test_replace_absent (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 1, 1));

  must_fail (f->store, &(CairnStoreChange){ .replace_points = points },
             CAIRN_ERROR_INVALID_PARAMETER, "*no longer*");
  g_assert_cmpuint (count_points (f->store, NULL), ==, 0);
}

static void
test_point_removed (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (CairnPoint) found = NULL;

  g_ptr_array_add (ids, g_strdup ("Microsoft:absent"));
  g_ptr_array_add (ids, g_ascii_strdown (point->instance_id, -1));
  must_put (f->store, cairn_point_copy (point));
  must_put (f->store, sample_point (SAMPLE_VM, 2, 2));
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids });
  found = must_get (f->store, point->instance_id);
  g_assert_null (found);
  g_assert_cmpuint (count_points (f->store, NULL), ==, 1);

  /* Removed points leave their ids free, and removal comes before insertion. */
  must_put (f->store, cairn_point_copy (point));
  g_autoptr (GPtrArray) again = points_of (g_steal_pointer (&point));
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids, .put_points = again });
  g_assert_cmpuint (count_points (f->store, NULL), ==, 2);
}

/* Points of one import share one configuration; each keeps it when another goes. */
static void
test_configuration_shared (Fixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (300000), 300000);
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 1, 1));
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (CairnPoint) found = NULL;

  g_ptr_array_add (points, sample_point (SAMPLE_VM, 2, 1));
  for (guint i = 0; i < 2; i++)
    ((CairnPoint *)points->pdata[i])->configuration = g_bytes_ref (bytes);
  must_apply (f->store, &(CairnStoreChange){ .put_points = points });
  g_ptr_array_add (ids, ((CairnPoint *)points->pdata[0])->instance_id);
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids });
  found = must_get (f->store, ((CairnPoint *)points->pdata[1])->instance_id);
  assert_same_point (found, points->pdata[1]);
}

static void
test_intents (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnIntent) late = sample_intent (SAMPLE_VM, 2000);
  g_autoptr (CairnIntent) early = sample_intent (SAMPLE_VM, 1000);
  g_autoptr (CairnIntent) other = sample_intent (SAMPLE_OTHER, 1500);
  g_autoptr (GPtrArray) all = NULL, of_vm = NULL, rest = NULL;

  must_apply (f->store, &(CairnStoreChange){ .put_intent = late });
  must_apply (f->store, &(CairnStoreChange){ .put_intent = early });
  must_apply (f->store, &(CairnStoreChange){ .put_intent = other });
  all = f->store->ops->list_intents (f->store, NULL, NULL);
  g_assert_cmpuint (all->len, ==, 3);
  assert_same_intent (all->pdata[0], early);
  assert_same_intent (all->pdata[1], other);
  assert_same_intent (all->pdata[2], late);

  /* Replaced by its id: another kind, fewer paths. */
  early->kind = CAIRN_INTENT_EXPORT;
  g_ptr_array_set_size (early->images, 0);
  g_ptr_array_set_size (early->final_files, 1);
  must_apply (f->store, &(CairnStoreChange){ .put_intent = early });
  of_vm = f->store->ops->list_intents (f->store, "0a1b2c3d-0000-4000-8000-00000000aaaa", NULL);
  g_assert_cmpuint (of_vm->len, ==, 2);
  assert_same_intent (of_vm->pdata[0], early);

  must_apply (f->store, &(CairnStoreChange){ .remove_intent = early->id });
  must_apply (f->store, &(CairnStoreChange){ .remove_intent = "absent" });
  rest = f->store->ops->list_intents (f->store, NULL, NULL);
  g_assert_cmpuint (rest->len, ==, 2);
}

/* A change whose last point can't be put leaves nothing of what came before it. */
static void
test_all_or_nothing (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnVm) vm = sample_vm (SAMPLE_VM, "web");
  g_autoptr (CairnIntent) intent = sample_intent (SAMPLE_VM, 1);
  g_autoptr (CairnIntent) kept = sample_intent (SAMPLE_VM, 2);
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 1, 2));
  g_autoptr (CairnPoint) there = sample_point (SAMPLE_VM, 2, 2);
  g_autoptr (CairnPoint) old = sample_point (SAMPLE_VM, 3, 2);
  g_autoptr (GPtrArray) intents = NULL;

  must_put (f->store, cairn_point_copy (there));
  must_put (f->store, cairn_point_copy (old));
  must_apply (f->store, &(CairnStoreChange){ .put_intent = kept });
  g_ptr_array_add (ids, old->instance_id);
  g_ptr_array_add (points, cairn_point_copy (there));
  must_fail (f->store,
             &(CairnStoreChange){ .put_vm = vm,
                                  .remove_points = ids,
                                  .put_points = points,
                                  .remove_intent = kept->id,
                                  .put_intent = intent },
             CAIRN_ERROR_INVALID_PARAMETER, "*already*");

  g_assert_null (f->store->ops->get_vm (f->store, "web", NULL));
  g_assert_cmpuint (count_points (f->store, NULL), ==, 2);
  intents = f->store->ops->list_intents (f->store, NULL, NULL);
  g_assert_cmpuint (intents->len, ==, 1);
  assert_same_intent (intents->pdata[0], kept);
}

static uint64_t
seen_of (CairnStore *store, const char *instance_id)
{
  g_autoptr (CairnPoint) point = must_get (store, instance_id);

  return ((CairnAnchor *)point->anchors->pdata[1])->dirty_seen_bytes;
}

static void
test_seen_only_grows (Fixture *f, gconstpointer unused)
{
  static const uint64_t steps[][2] = { { 100, 65536 },
                                       { 70000, 70000 },
                                       { 65536, 70000 },
                                       { INT64_MAX, INT64_MAX },
                                       { UINT64_MAX, UINT64_MAX },
                                       { 5, UINT64_MAX },
                                       { 0x8000000000000000u, UINT64_MAX } };
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  CairnAnchor *anchor = point->anchors->pdata[1];

  must_put (f->store, cairn_point_copy (point));
  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      CairnStoreSeen seen[] = { { point->instance_id, anchor->disk_identifier, steps[i][0], NULL },
                                { "absent", "absent", 1, NULL } };

      f->store->ops->note_seen (f->store, seen, G_N_ELEMENTS (seen));
      g_assert_cmpuint (seen_of (f->store, point->instance_id), ==, steps[i][1]);
    }
}

static void
test_lost_stays (Fixture *f, gconstpointer unused)
{
  static const char *const verdicts[] = { "missing", "in-use" };
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  const CairnAnchor *anchor = point->anchors->pdata[1];

  must_put (f->store, cairn_point_copy (point));
  for (size_t i = 0; i < G_N_ELEMENTS (verdicts); i++)
    {
      CairnStoreSeen seen = { point->instance_id, anchor->disk_identifier, 0, verdicts[i] };
      g_autoptr (CairnPoint) found = NULL;

      f->store->ops->note_seen (f->store, &seen, 1);
      found = must_get (f->store, point->instance_id);
      g_assert_null (((CairnAnchor *)found->anchors->pdata[0])->lost);
      g_assert_cmpstr (((CairnAnchor *)found->anchors->pdata[1])->lost, ==, "missing");
      g_assert_cmpuint (seen_of (f->store, point->instance_id), ==, anchor->dirty_seen_bytes);
    }
}

/* The new path, and what was seen there. */
static void
test_moved (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  const CairnAnchor *other = point->anchors->pdata[0], *anchor = point->anchors->pdata[1];
  CairnStoreSeen seen = { .instance_id = point->instance_id,
                          .disk_identifier = anchor->disk_identifier,
                          .dirty_bytes = 1 << 30,
                          .moved_to = "/new/place.qcow2",
                          .allocated_bytes = 12345 };
  g_autoptr (CairnPoint) found = NULL;

  must_put (f->store, cairn_point_copy (point));
  f->store->ops->note_seen (f->store, &seen, 1);
  found = must_get (f->store, point->instance_id);
  g_assert_cmpstr (((CairnAnchor *)found->anchors->pdata[0])->path, ==, other->path);
  g_assert_cmpstr (((CairnAnchor *)found->anchors->pdata[1])->path, ==, seen.moved_to);
  g_assert_cmpuint (((CairnAnchor *)found->anchors->pdata[1])->allocated_bytes, ==, 12345);
  g_assert_cmpuint (((CairnAnchor *)found->anchors->pdata[0])->allocated_bytes, ==,
                    other->allocated_bytes);
  g_assert_cmpuint (seen_of (f->store, point->instance_id), ==, seen.dirty_bytes);
}

/* What one store object wrote, another sees, also after all were closed. */
static void
test_durable (Fixture *f, gconstpointer unused)
{
  CairnStore *second = f->factory->open (f->directory);

  must_put (f->store, sample_point (SAMPLE_VM, 1, 1));
  g_assert_cmpuint (count_points (second, NULL), ==, 1);
  second->ops->close (second);
  f->store->ops->close (f->store);
  f->store = f->factory->open (f->directory);
  g_assert_cmpuint (count_points (f->store, NULL), ==, 1);
}

static int64_t
in_ms (int64_t ms)
{
  return g_get_monotonic_time () + ms * 1000;
}

static void
test_lock_excludes (Fixture *f, gconstpointer unused)
{
  CairnStore *second = f->factory->open (f->directory);
  const CairnStoreOps *ops = f->store->ops;
  g_autoptr (GError) error = NULL;
  CairnStoreLock *lock = ops->lock_vm (f->store, SAMPLE_VM, 0, &error);
  CairnStoreLock *other;
  int64_t begin_us = g_get_monotonic_time ();

  g_assert_no_error (error);
  g_assert_null (ops->lock_vm (second, "0a1b2c3d-0000-4000-8000-00000000aaaa", in_ms (50), &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  g_assert_cmpint (g_get_monotonic_time () - begin_us, >=, 50000);
  g_assert_null (ops->lock_vm (f->store, SAMPLE_VM, 0, NULL));

  other = ops->lock_vm (second, SAMPLE_OTHER, 0, NULL);
  g_assert_nonnull (other);
  ops->unlock_vm (other);
  ops->unlock_vm (lock);
  lock = ops->lock_vm (second, SAMPLE_VM, 0, NULL);
  g_assert_nonnull (lock);
  ops->unlock_vm (lock);
  second->ops->close (second);
}

typedef struct
{
  const Factory *factory;
  const char *directory;
  int *counter;
} Counting;

/* Adds 1 in a way that two at once would lose one. */
static gpointer
count_under_lock (gpointer opaque)
{
  Counting *counting = opaque;
  CairnStore *store = counting->factory->open (counting->directory);

  for (int i = 0; i < 25; i++)
    {
      CairnStoreLock *lock = store->ops->lock_vm (store, SAMPLE_VM, in_ms (20000), NULL);
      int before = *(volatile int *)counting->counter;

      g_assert_nonnull (lock);
      g_usleep (100);
      *(volatile int *)counting->counter = before + 1;
      store->ops->unlock_vm (lock);
    }
  store->ops->close (store);
  return NULL;
}

static void
test_lock_threads (Fixture *f, gconstpointer unused)
{
  int counter = 0;
  Counting counting = { f->factory, f->directory, &counter };
  GThread *threads[4];

  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("locker", count_under_lock, &counting);
  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (counter, ==, 100);
}

/* A process that has the lock dies: the next one has it at once. */
static void
test_lock_dies_with_process (Fixture *f, gconstpointer unused)
{
  CairnStoreLock *lock;
  int ready[2];
  char byte;
  pid_t child;

  g_assert_cmpint (pipe (ready), ==, 0);
  child = fork ();
  if (child == 0)
    {
      CairnStore *store = f->factory->open (f->directory);

      if (store->ops->lock_vm (store, SAMPLE_VM, 0, NULL) && write (ready[1], "x", 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_null (f->store->ops->lock_vm (f->store, SAMPLE_VM, 0, NULL));
  kill (child, SIGKILL);
  g_assert_cmpint (wait_for (child), ==, -1);
  lock = f->store->ops->lock_vm (f->store, SAMPLE_VM, 0, NULL);
  g_assert_nonnull (lock);
  f->store->ops->unlock_vm (lock);
  close (ready[0]);
  close (ready[1]);
}

#define N_WRITERS 4
#define N_WRITES  200

static void
write_many (const Fixture *f, guint writer)
{
  CairnStore *store = f->factory->open (f->directory);

  for (guint i = 0; i < N_WRITES; i++)
    must_put (store, sample_point (SAMPLE_VM, writer * N_WRITES + i, 2));
  store->ops->close (store);
  _exit (0);
}

/* Several processes write; a reader meanwhile sees every point whole and loses none. */
static void
test_several_writers (Fixture *f, gconstpointer unused)
{
  pid_t children[N_WRITERS];
  guint n_seen = 0, n_running = N_WRITERS;

  for (guint i = 0; i < N_WRITERS; i++)
    if ((children[i] = fork ()) == 0)
      write_many (f, i);

  while (n_running > 0)
    {
      g_autoptr (GPtrArray) points = f->store->ops->list_points (f->store, SAMPLE_VM, NULL);
      int status = 0;

      g_assert_nonnull (points);
      g_assert_cmpuint (points->len, >=, n_seen);
      n_seen = points->len;
      for (guint i = 0; i < points->len; i++)
        g_assert_cmpuint (((CairnPoint *)points->pdata[i])->anchors->len, ==, 2);
      for (guint i = 0; i < N_WRITERS; i++)
        if (children[i] > 0 && waitpid (children[i], &status, WNOHANG) == children[i])
          {
            g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
            children[i] = 0;
            n_running--;
          }
    }
  g_assert_cmpuint (count_points (f->store, NULL), ==, N_WRITERS * N_WRITES);
}

/* Processes that make the same store at once all get it. */
static void
test_made_at_once (Fixture *f, gconstpointer unused)
{
  for (int round = 0; round < 10; round++)
    {
      g_autofree char *directory = g_strdup_printf ("%s/round %d", f->directory, round);
      pid_t children[4];
      CairnStore *store;

      g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
      for (guint i = 0; i < 4; i++)
        if ((children[i] = fork ()) == 0)
          {
            store = f->factory->open (directory);
            must_put (store, sample_point (SAMPLE_VM, i, 1));
            store->ops->close (store);
            _exit (0);
          }
      for (guint i = 0; i < 4; i++)
        g_assert_cmpint (wait_for (children[i]), ==, 0);
      store = f->factory->open (directory);
      g_assert_cmpuint (count_points (store, NULL), ==, 4);
      store->ops->close (store);
    }
}

/* The InstanceIDs of one page, joined by newlines. */
static char *
page (Fixture *f, const char *vm_guid, const char *after, guint limit)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) points = f->store->ops->list_page (f->store, vm_guid, after, limit, &error);
  g_autoptr (GString) ids = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < points->len; i++)
    {
      CairnPoint *point = points->pdata[i];
      g_autoptr (CairnPoint) whole = must_get (f->store, point->instance_id);

      g_assert_nonnull (whole);
      assert_same_point (point, whole);
      g_string_append_printf (ids, "%s\n", point->instance_id);
    }
  return g_string_free (g_steal_pointer (&ids), FALSE);
}

static char *
ids_of (const char *vm_guid, guint first, guint last)
{
  GString *ids = g_string_new (NULL);

  for (guint i = first; i <= last; i++)
    {
      g_autoptr (CairnPoint) point = sample_point (vm_guid, i, 0);

      g_string_append_printf (ids, "%s\n", point->instance_id);
    }
  return g_string_free (ids, FALSE);
}

static void
assert_page (Fixture *f, const char *vm_guid, CairnPoint *after, guint limit, char *expected)
{
  g_autoptr (CairnPoint) owned = after;
  g_autofree char *found = page (f, vm_guid, after ? after->instance_id : NULL, limit);

  g_assert_cmpstr (found, ==, expected);
  g_free (expected);
}

static void
test_pages (Fixture *f, gconstpointer unused)
{
  /* Not in their order. */
  for (guint i = 0; i < 5; i++)
    {
      must_put (f->store, sample_point (SAMPLE_OTHER, 5 - i, i % 3));
      must_put (f->store, sample_point (SAMPLE_VM, (i * 2) % 5 + 1, 2));
    }
  assert_page (f, NULL, NULL, 5, ids_of (SAMPLE_VM, 1, 5));
  assert_page (f, NULL, sample_point (SAMPLE_VM, 5, 0), 9, ids_of (SAMPLE_OTHER, 1, 5));
  assert_page (f, SAMPLE_OTHER, NULL, 2, ids_of (SAMPLE_OTHER, 1, 2));
  assert_page (f, SAMPLE_OTHER, sample_point (SAMPLE_OTHER, 2, 0), 2, ids_of (SAMPLE_OTHER, 3, 4));
  assert_page (f, SAMPLE_VM, sample_point (SAMPLE_VM, 5, 0), 2, g_strdup (""));
  /* A point that is gone is a place like any other. */
  assert_page (f, SAMPLE_VM, sample_point (SAMPLE_VM, 0, 0), 1, ids_of (SAMPLE_VM, 1, 1));
}

/* Recovery checkpoint of POINT, with both disks of the VM. */
static CairnSnapshot *
sample_snapshot (const CairnPoint *point, int64_t expires_ms)
{
  CairnSnapshot *snapshot = cairn_snapshot_new ();

  cairn_point_free (snapshot->point);
  snapshot->point = cairn_point_copy (point);
  snapshot->instance_id = g_strconcat ("Microsoft:", point->guid, NULL);
  snapshot->expires_ms = expires_ms;
  snapshot->holder_pid = 4711;
  for (guint i = 0; i < 2; i++)
    {
      CairnFrozenDisk *disk = g_new0 (CairnFrozenDisk, 1);

      disk->identifier = g_strdup_printf ("Microsoft:%s\\DISK-%u", point->vm_guid, i);
      disk->target = g_strdup_printf ("vd%c", 'b' - i);
      disk->address = g_strdup_printf ("nbd+unix:///vd%c?socket=/run/%u", 'b' - i, i);
      disk->virtual_size_bytes = i ? UINT64_MAX : 8589934592u;
      g_ptr_array_add (snapshot->disks, disk);
    }
  return snapshot;
}

/* Puts POINT together with its recovery checkpoint. */
static void
must_freeze (CairnStore *store, const CairnPoint *point)
{
  g_autoptr (GPtrArray) points = points_of (cairn_point_copy (point));
  g_autoptr (CairnSnapshot) snapshot = sample_snapshot (point, 1800000000000);

  must_apply (store, &(CairnStoreChange){ .put_points = points, .put_snapshot = snapshot });
}

static void
assert_snapshots (Fixture *f, const char *vm_guid, const CairnPoint *first,
                  const CairnPoint *second, int64_t expires_ms)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = f->store->ops->list_snapshots (f->store, vm_guid, &error);
  const CairnPoint *points[] = { first, second, NULL };
  guint n = 0;

  g_assert_no_error (error);
  for (; points[n]; n++)
    {
      g_autoptr (CairnSnapshot) wanted = sample_snapshot (points[n], expires_ms);
      const CairnSnapshot *snapshot = found->pdata[n];

      g_assert_cmpuint (found->len, >, n);
      g_assert_cmpstr (snapshot->instance_id, ==, wanted->instance_id);
      g_assert_cmpint (snapshot->expires_ms, ==, expires_ms);
      g_assert_cmpint (snapshot->holder_pid, ==, 4711);
      assert_same_point (snapshot->point, points[n]);
      g_assert_cmpuint (snapshot->disks->len, ==, 2);
      for (guint i = 0; i < 2; i++)
        {
          const CairnFrozenDisk *a = snapshot->disks->pdata[i], *b = wanted->disks->pdata[i];

          g_assert_cmpstr (a->identifier, ==, b->identifier);
          g_assert_cmpstr (a->target, ==, b->target);
          g_assert_cmpstr (a->address, ==, b->address);
          g_assert_cmpuint (a->virtual_size_bytes, ==, b->virtual_size_bytes);
        }
    }
  g_assert_cmpuint (found->len, ==, n);
}

/* The point of a recovery checkpoint is in no answer about points, except for what its age is. */
static void
test_snapshot_hides (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) hidden = sample_point (SAMPLE_VM, 2, 2);
  g_autoptr (CairnPoint) by_id = NULL, by_guid = NULL;
  g_autoptr (GPtrArray) newer = NULL;
  int64_t newest_ms = 0;

  must_put (f->store, sample_point (SAMPLE_VM, 1, 2));
  must_freeze (f->store, hidden);
  by_id = must_get (f->store, hidden->instance_id);
  g_assert_null (by_id);
  by_guid = must_get (f->store, hidden->guid);
  g_assert_null (by_guid);
  g_assert_cmpuint (count_points (f->store, NULL), ==, 1);
  g_assert_cmpuint (count_points (f->store, SAMPLE_VM), ==, 1);
  assert_page (f, NULL, NULL, 9, ids_of (SAMPLE_VM, 1, 1));
  assert_page (f, SAMPLE_VM, NULL, 9, ids_of (SAMPLE_VM, 1, 1));
  g_assert_true (f->store->ops->newest_time_ms (f->store, SAMPLE_VM, &newest_ms, NULL));
  g_assert_cmpint (newest_ms, ==, hidden->creation_time_ms);

  /* It takes no room of a page, nor of the newer ones. */
  must_put (f->store, sample_point (SAMPLE_VM, 3, 2));
  assert_page (f, SAMPLE_VM, sample_point (SAMPLE_VM, 1, 0), 1, ids_of (SAMPLE_VM, 3, 3));
  newer = f->store->ops->list_newer (f->store, SAMPLE_VM, 1700000000001, 1, NULL);
  g_assert_cmpuint (newer->len, ==, 1);
  g_assert_cmpint (((CairnPoint *)newer->pdata[0])->creation_time_ms, ==, 1700000000003);
  g_assert_cmpuint (((CairnPoint *)newer->pdata[0])->anchors->len, ==, 2);
}

static void
test_snapshots (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) a = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (CairnPoint) b = sample_point (SAMPLE_OTHER, 2, 1);
  g_autoptr (CairnSnapshot) prolonged = sample_snapshot (a, 1900000000000);
  g_autofree char *lower = g_ascii_strdown (b->instance_id, -1);
  g_autoptr (CairnPoint) found = NULL;

  assert_snapshots (f, NULL, NULL, NULL, 0);
  must_freeze (f->store, b);
  must_freeze (f->store, a);
  assert_snapshots (f, NULL, a, b, 1800000000000);
  assert_snapshots (f, "0a1b2c3d-0000-4000-8000-00000000aaaa", a, NULL, 1800000000000);
  must_apply (f->store, &(CairnStoreChange){ .put_snapshot = prolonged });
  assert_snapshots (f, SAMPLE_VM, a, NULL, 1900000000000);

  must_apply (f->store, &(CairnStoreChange){ .release_snapshot = lower });
  must_apply (f->store, &(CairnStoreChange){ .release_snapshot = lower });
  assert_snapshots (f, NULL, a, NULL, 1900000000000);
  found = must_get (f->store, b->guid);
  g_assert_nonnull (found);
  assert_same_point (found, b);
}

/* A hidden point is changed and removed like any other, and its checkpoint goes with it. */
static void
test_snapshot_removed (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) points = points_of (sample_point (SAMPLE_VM, 1, 2));
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) destroyed = NULL;
  CairnPoint *point = points->pdata[0];

  must_freeze (f->store, point);
  g_free (point->label);
  point->label = g_strdup ("other");
  must_apply (f->store, &(CairnStoreChange){ .replace_points = points });
  assert_snapshots (f, NULL, point, NULL, 1800000000000);
  g_ptr_array_add (ids, point->instance_id);
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids });
  assert_snapshots (f, NULL, NULL, NULL, 0);
  destroyed = f->store->ops->list_destroyed (f->store, SAMPLE_VM, NULL);
  g_assert_cmpuint (destroyed->len, ==, 1);
  g_assert_cmpstr (destroyed->pdata[0], ==, point->guid);

  must_freeze (f->store, point);
  must_apply (f->store, &(CairnStoreChange){ .remove_vm = SAMPLE_VM });
  assert_snapshots (f, NULL, NULL, NULL, 0);
}

static void
test_snapshot_without_point (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) point = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (CairnSnapshot) snapshot = sample_snapshot (point, 1);

  must_fail (f->store, &(CairnStoreChange){ .put_snapshot = snapshot },
             CAIRN_ERROR_INVALID_PARAMETER, "*recovery checkpoint*");
}

static CairnStoreCopy *
sample_copy (const CairnPoint *point, guint disk, guint number, const CairnPoint *base)
{
  CairnStoreCopy *copy = g_new0 (CairnStoreCopy, 1);

  copy->point = g_strdup (point->instance_id);
  copy->disk_identifier = g_strdup_printf ("Microsoft:%s\\DISK-%u", point->vm_guid, disk);
  copy->sha256 = g_strdup_printf ("%064x", number);
  copy->base = base ? g_strdup (base->instance_id) : NULL;
  return copy;
}

/* "SHA256/BASE" of each, its leading zeroes and all but the ends of InstanceIDs left out. */
static void
assert_copies (Fixture *f, const char *vm_guid, const char *point, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) copies = f->store->ops->list_copies (f->store, vm_guid, point, &error);
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < copies->len; i++)
    {
      const CairnStoreCopy *copy = copies->pdata[i];

      g_assert_cmpuint (strlen (copy->sha256), ==, 64);
      g_string_append_printf (found, "%s%s-%s of %.18s", i ? ", " : "", copy->sha256 + 63,
                              copy->disk_identifier + strlen (copy->disk_identifier) - 1,
                              strchr (copy->point, '\\') + 1);
      if (copy->base)
        g_string_append_printf (found, " since %.18s", strchr (copy->base, '\\') + 1);
    }
  g_assert_cmpstr (found->str, ==, expected);
}

static void
test_copies (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnPoint) a = sample_point (SAMPLE_VM, 1, 2);
  g_autoptr (CairnPoint) b = sample_point (SAMPLE_VM, 2, 2);
  g_autoptr (CairnPoint) absent = sample_point (SAMPLE_VM, 3, 2);
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) copies
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_store_copy_free);
  g_autofree char *lower = g_ascii_strdown (b->instance_id, -1);

  assert_copies (f, SAMPLE_VM, NULL, "");
  must_freeze (f->store, b);
  must_put (f->store, cairn_point_copy (a));
  g_ptr_array_add (copies, sample_copy (b, 1, 3, a));
  g_ptr_array_add (copies, sample_copy (b, 0, 2, NULL));
  g_ptr_array_add (copies, sample_copy (a, 0, 1, NULL));
  g_ptr_array_add (copies, sample_copy (b, 1, 3, a)); /* once more is no more */
  must_apply (f->store,
              &(CairnStoreChange){ .release_snapshot = b->instance_id, .put_copies = copies });
  assert_copies (f, SAMPLE_VM, NULL,
                 "1-0 of 01930000-0000-7001, 3-1 of 01930000-0000-7002 since 01930000-0000-7001, "
                 "2-0 of 01930000-0000-7002");
  assert_copies (f, NULL, lower,
                 "3-1 of 01930000-0000-7002 since 01930000-0000-7001, 2-0 of 01930000-0000-7002");
  assert_copies (f, SAMPLE_OTHER, NULL, "");

  /* They go with their point, not with their base. */
  g_ptr_array_add (ids, a->instance_id);
  must_apply (f->store, &(CairnStoreChange){ .remove_points = ids });
  assert_copies (f, SAMPLE_VM, NULL,
                 "3-1 of 01930000-0000-7002 since 01930000-0000-7001, 2-0 of 01930000-0000-7002");
  g_ptr_array_add (copies, sample_copy (absent, 0, 4, NULL));
  must_fail (f->store, &(CairnStoreChange){ .put_copies = copies }, CAIRN_ERROR_INVALID_PARAMETER,
             "*'Microsoft:*destroyed*");
}

static uint64_t
must_mark (CairnStore *store)
{
  g_autoptr (GError) error = NULL;
  uint64_t mark = 0;
  gboolean ok = store->ops->change_mark (store, &mark, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  return mark;
}

static void
test_change_mark (Fixture *f, gconstpointer unused)
{
  CairnStore *other = f->factory->open (f->directory);
  g_autoptr (GPtrArray) again = points_of (sample_point (SAMPLE_VM, 2, 1));
  g_autoptr (CairnPoint) three = sample_point (SAMPLE_VM, 3, 1);
  uint64_t mark = must_mark (f->store), last = mark;

  g_assert_cmpuint (must_mark (f->store), ==, mark);
  must_put (f->store, sample_point (SAMPLE_VM, 1, 1));
  mark = must_mark (f->store);
  g_assert_cmpuint (mark, !=, last);
  must_put (other, sample_point (SAMPLE_VM, 2, 1));
  g_assert_cmpuint (must_mark (f->store), !=, mark);
  last = must_mark (f->store);
  must_freeze (other, three);
  g_assert_cmpuint (must_mark (f->store), !=, last);
  last = must_mark (f->store);
  must_apply (other, &(CairnStoreChange){ .release_snapshot = three->instance_id });
  g_assert_cmpuint (must_mark (f->store), !=, last);
  last = must_mark (f->store);
  /* Looks change nothing, neither do changes that fail. */
  g_assert_cmpuint (count_points (other, NULL), ==, 3);
  must_fail (other, &(CairnStoreChange){ .put_points = again }, CAIRN_ERROR_INVALID_PARAMETER,
             "*already*");
  g_assert_cmpuint (must_mark (f->store), ==, last);
  other->ops->close (other);
}

static void
put_job (CairnStore *store, const char *id, int64_t ended_ms, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) record = g_bytes_new (text, strlen (text));
  const CairnStoreJob job = { (char *)id, ended_ms, record };
  gboolean ok = store->ops->put_job (store, &job, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static void
assert_job (const CairnStoreJob *job, const char *id, int64_t ended_ms, const char *text)
{
  g_autoptr (GBytes) record = g_bytes_new (text, strlen (text));

  g_assert_cmpstr (job->id, ==, id);
  g_assert_cmpint (job->ended_ms, ==, ended_ms);
  g_assert_true (g_bytes_equal (job->record, record));
}

static void
test_jobs (Fixture *f, gconstpointer unused)
{
  CairnStore *other = f->factory->open (f->directory);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) before = NULL, after = NULL;

  put_job (f->store, SAMPLE_OTHER, 0, "b");
  put_job (f->store, SAMPLE_VM, 0, "a");
  put_job (f->store, SAMPLE_VM, 17, "ended");
  before = other->ops->list_jobs (other, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (before->len, ==, 2);
  assert_job (before->pdata[0], SAMPLE_VM, 17, "ended");
  assert_job (before->pdata[1], SAMPLE_OTHER, 0, "b");

  g_assert_true (f->store->ops->remove_job (f->store, SAMPLE_VM, &error));
  g_assert_true (f->store->ops->remove_job (f->store, "absent", &error));
  after = other->ops->list_jobs (other, &error);
  g_assert_cmpuint (after->len, ==, 1);
  other->ops->close (other);
}

typedef struct
{
  const char *name;
  void (*run) (Fixture *fixture, gconstpointer factory);
} Case;

static const Case cases[] = {
  { "empty", test_empty },
  { "vm/round-trip", test_vm_round_trip },
  { "vm/lookup", test_vm_lookup },
  { "vm/replaced", test_vm_replaced },
  { "vm/name-taken", test_vm_name_taken },
  { "vm/removed", test_vm_removed },
  { "point/round-trip", test_point_round_trip },
  { "point/lookup", test_point_lookup },
  { "point/ambiguous", test_point_ambiguous },
  { "point/order", test_point_order },
  { "point/newer", test_point_newer },
  { "point/pages", test_pages },
  { "point/exists", test_point_exists },
  { "point/tracking-id-reused", test_tracking_id_reused },
  { "point/replaced", test_point_replaced },
  { "point/replace-absent", test_replace_absent },
  { "point/removed", test_point_removed },
  { "point/configuration-shared", test_configuration_shared },
  { "snapshot/hides", test_snapshot_hides },
  { "snapshot/listed", test_snapshots },
  { "snapshot/removed", test_snapshot_removed },
  { "snapshot/without-point", test_snapshot_without_point },
  { "copies", test_copies },
  { "intents", test_intents },
  { "all-or-nothing", test_all_or_nothing },
  { "seen-only-grows", test_seen_only_grows },
  { "lost-stays", test_lost_stays },
  { "moved", test_moved },
  { "change-mark", test_change_mark },
  { "jobs", test_jobs },
  { "durable", test_durable },
  { "lock/excludes", test_lock_excludes },
  { "lock/threads", test_lock_threads },
  { "lock/dies-with-process", test_lock_dies_with_process },
  { "several-writers", test_several_writers },
  { "made-at-once", test_made_at_once },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (factories); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        g_autofree char *path = g_strdup_printf ("/%s/%s", factories[i].name, cases[j].name);

        g_test_add (path, Fixture, &factories[i], set_up, cases[j].run, tear_down);
      }
  return g_test_run ();
}
