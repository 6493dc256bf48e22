/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the SQLite store costs with few and with many points: lines "name value unit", medians.
 *
 * Each figure opens the store anew, as each run of `cairn` does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "refpoint/store.h"
#include "store/sqlite/sqlite-store.h"

#define FEW           100u
#define MANY          100000u
#define POINTS_PER_VM 1000u
#define N_DISKS       2u
#define N_ROUNDS      31
#define REPEATED      10000u
#define PAGE          1000u

static void
check (gboolean ok, GError *error)
{
  if (ok)
    return;
  fprintf (stderr, "bench-store: %s\n", error ? error->message : "failed");
  exit (1);
}

static CairnStore *
open_store (const char *path)
{
  GError *error = NULL;
  CairnStore *store = cairn_sqlite_store_open (path, &error);

  check (store != NULL, error);
  return store;
}

/* Spread over the VMs as a backup product makes them: every VM gets one, then every VM the next. */
static CairnPoint *
make_point (guint number, guint n_vms)
{
  CairnPoint *point = cairn_point_new ();

  point->vm_guid = g_strdup_printf ("5E1F0000-0000-4000-8000-%012X", number % n_vms);
  point->guid
      = g_strdup_printf ("01930000-%04X-7000-8000-%012X", number >> 16, number * 2654435761u);
  point->instance_id = g_strdup_printf ("Microsoft:%s\\%s", point->vm_guid, point->guid);
  point->creation_time_ms = 1700000000000 + number;
  point->owner = g_strdup ("bench");
  point->label = g_strdup ("nightly");
  for (guint i = 0; i < N_DISKS; i++)
    {
      CairnAnchor *anchor = cairn_anchor_new ();

      anchor->disk_identifier = g_strdup_printf ("Microsoft:%s\\DISK-%u", point->vm_guid, i);
      anchor->target = g_strdup_printf ("vd%c", 'a' + i);
      anchor->path = g_strdup_printf ("/var/lib/libvirt/images/%s-%u.qcow2", point->vm_guid, i);
      anchor->format = g_strdup ("qcow2");
      anchor->virtual_size_bytes = 8589934592u;
      anchor->change_tracking_id = g_strdup_printf ("rctX:%s:%08x", point->guid, i);
      anchor->bitmap = g_strdup (point->guid);
      anchor->granularity_bytes = 65536;
      g_ptr_array_add (point->anchors, anchor);
    }
  return point;
}

static void
put_points (CairnStore *store, guint first, guint n_points, guint n_vms)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  CairnStoreChange change = { .put_points = points, .remove_intent = "none" };
  GError *error = NULL;

  for (guint i = 0; i < n_points; i++)
    g_ptr_array_add (points, make_point (first + i, n_vms));
  check (store->ops->apply (store, &change, &error), error);
}

static int
compare (const void *a, const void *b)
{
  const double *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

typedef struct
{
  const char *name;
  void (*run) (const char *path, guint n_points, guint round);
} Figure;

static double
median (double *values)
{
  qsort (values, N_ROUNDS, sizeof values[0], compare);
  return values[N_ROUNDS / 2];
}

static double
time_ms (const Figure *figure, const char *path, guint n_points, guint round)
{
  int64_t begin_us = g_get_monotonic_time ();

  figure->run (path, n_points, round);
  return (double)(g_get_monotonic_time () - begin_us) / 1000;
}

static guint
vms_of (guint n_points)
{
  return MAX (n_points / POINTS_PER_VM, 1);
}

static void
get_one (const char *path, guint n_points, guint round)
{
  g_autoptr (CairnPoint) wanted = make_point (round * 7919 % n_points, vms_of (n_points));
  g_autoptr (CairnPoint) point = NULL;
  CairnStore *store = open_store (path);
  GError *error = NULL;

  check (store->ops->get_point (store, wanted->guid, &point, &error) && point, error);
  store->ops->close (store);
}

static void
apply_one (const char *path, guint n_points, guint round)
{
  CairnStore *store = open_store (path);

  put_points (store, n_points + round, 1, vms_of (n_points));
  store->ops->close (store);
}

static void
list_vm (const char *path, guint n_points, guint round)
{
  g_autoptr (CairnPoint) some = make_point (round, vms_of (n_points));
  g_autoptr (GPtrArray) points = NULL;
  CairnStore *store = open_store (path);
  GError *error = NULL;

  points = store->ops->list_points (store, some->vm_guid, &error);
  check (points && points->len > 0, error);
  store->ops->close (store);
}

static const guint sizes[] = { FEW, POINTS_PER_VM, MANY };
#define N_SIZES G_N_ELEMENTS (sizes)

static const Figure figures[] = {
  { "store-open-get", get_one },
  { "store-open-list", list_vm },
  { "store-open-apply", apply_one },
};

static char *
path_of (const char *directory, guint n_points)
{
  return g_strdup_printf ("%s/%u.db", directory, n_points);
}

static void
fill (const char *directory, guint n_points)
{
  g_autofree char *path = path_of (directory, n_points);
  CairnStore *store = open_store (path);

  for (guint i = 0; i < n_points; i += FEW)
    put_points (store, i, FEW, vms_of (n_points));
  store->ops->close (store);
}

/* The sizes take turns, so that what else the disk does meanwhile hits all alike. */
static void
bench (const Figure *figure, const char *directory)
{
  double times_ms[N_SIZES][N_ROUNDS];

  for (guint round = 0; round < N_ROUNDS; round++)
    for (size_t i = 0; i < N_SIZES; i++)
      {
        g_autofree char *path = path_of (directory, sizes[i]);

        times_ms[i][round] = time_ms (figure, path, sizes[i], round);
      }
  for (size_t i = 0; i < N_SIZES; i++)
    printf ("%s-%u %.3f ms\n", figure->name, sizes[i], median (times_ms[i]));
}

/* What a store that stays open costs: the same few asked again and again. */
static void
bench_open (const char *directory)
{
  g_autofree char *path = path_of (directory, MANY);
  g_autoptr (CairnPoint) wanted = make_point (MANY / 2, vms_of (MANY));
  CairnStore *store = open_store (path);
  GError *error = NULL;
  int64_t begin_us = 0;
  uint64_t mark;

  for (guint i = 0; i < 2 * REPEATED; i++)
    {
      g_autoptr (CairnPoint) point = NULL;

      if (i == REPEATED)
        begin_us = g_get_monotonic_time ();
      check (store->ops->get_point (store, wanted->instance_id, &point, &error) && point, error);
    }
  printf ("store-get %.3f us\n", (double)(g_get_monotonic_time () - begin_us) / REPEATED);
  begin_us = g_get_monotonic_time ();
  for (guint i = 0; i < REPEATED; i++)
    check (store->ops->change_mark (store, &mark, &error), error);
  printf ("store-change-mark %.3f us\n", (double)(g_get_monotonic_time () - begin_us) / REPEATED);
  begin_us = g_get_monotonic_time ();
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GPtrArray) points
          = store->ops->list_page (store, i % 2 ? wanted->vm_guid : NULL, NULL, PAGE, &error);

      check (points && points->len == PAGE, error);
    }
  printf ("store-page-%u %.3f ms\n", PAGE,
          (double)(g_get_monotonic_time () - begin_us) / 1000 / N_ROUNDS);
  store->ops->close (store);
}

static void
remove_files (const char *directory)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };

  for (size_t i = 0; i < N_SIZES; i++)
    for (size_t j = 0; j < G_N_ELEMENTS (suffixes); j++)
      {
        g_autofree char *path = path_of (directory, sizes[i]);
        g_autofree char *file = g_strconcat (path, suffixes[j], NULL);

        unlink (file);
      }
  rmdir (directory);
}

int
main (void)
{
  g_autofree char *directory = g_dir_make_tmp ("cairn-bench-XXXXXX", NULL);

  if (!directory)
    return 1;
  for (size_t i = 0; i < N_SIZES; i++)
    fill (directory, sizes[i]);
  sync ();
  for (size_t i = 0; i < G_N_ELEMENTS (figures); i++)
    bench (&figures[i], directory);
  bench_open (directory);
  remove_files (directory);
  return 0;
}
