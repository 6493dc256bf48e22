/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts many reference points into a SQLite store, as fast as it can.
 *
 *   fill-store STORE_FILE N_POINTS VM      of this VM (by name), tied to its disks
 *   fill-store STORE_FILE N_POINTS +N_VMS  of so many new VMs with two disks each
 *
 * Prints the points' GUIDs, oldest first, one a line. Half of the points are older than now and
 * half newer, a second apart, so that a point of now lies amid them. No image is touched: each
 * point's bitmap would bear its GUID.
 */
#include <stdio.h>
#include <stdlib.h>

#include "refpoint/store.h"
#include "store/sqlite/sqlite-store.h"

#define POINTS_PER_CHANGE 5000u
#define DISKS_OF_A_CROWD  2u
#define DISK_BYTES        (UINT64_C (8) << 30)
#define SECOND_MS         1000

static void
check (gboolean ok, GError *error)
{
  if (ok)
    return;
  fprintf (stderr, "fill-store: %s\n", error ? error->message : "failed");
  exit (1);
}

static CairnDisk *
make_disk (const char *vm_guid, guint index)
{
  CairnDisk *disk = g_new0 (CairnDisk, 1);

  disk->identifier = g_strdup_printf ("Microsoft:%s\\DISK\\0\\%u\\D", vm_guid, index);
  disk->target = g_strdup_printf ("vd%c", 'a' + index);
  disk->path = g_strdup_printf ("/var/lib/libvirt/images/%s-%u.qcow2", vm_guid, index);
  disk->format = g_strdup ("qcow2");
  disk->virtual_size_bytes = DISK_BYTES;
  return disk;
}

static void
put_vm (CairnStore *store, const CairnVm *vm)
{
  CairnStoreChange change = { .put_vm = vm };
  GError *error = NULL;

  check (store->ops->apply (store, &change, &error), error);
}

/* VMs made up. */
static GPtrArray *
make_crowd (CairnStore *store, guint n_vms)
{
  GPtrArray *vms = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_vm_free);

  for (guint i = 0; i < n_vms; i++)
    {
      g_autofree char *guid = g_strdup_printf ("5E1F0000-0000-4000-8000-%012X", i);
      g_autofree char *name = g_strdup_printf ("crowd-%u", i);
      CairnVm *vm = cairn_vm_new (guid, name);

      for (guint k = 0; k < DISKS_OF_A_CROWD; k++)
        g_ptr_array_add (vm->disks, make_disk (guid, k));
      put_vm (store, vm);
      g_ptr_array_add (vms, vm);
    }
  return vms;
}

static GPtrArray *
choose_vms (CairnStore *store, const char *name)
{
  GPtrArray *vms;
  CairnVm *vm;
  GError *error = NULL;

  if (name[0] == '+')
    return make_crowd (store, (guint)MAX (1, atoi (name + 1)));
  vm = store->ops->get_vm (store, name, &error);
  check (vm != NULL, error);
  vms = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_vm_free);
  g_ptr_array_add (vms, vm);
  return vms;
}

static CairnAnchor *
make_anchor (const CairnPoint *point, const CairnDisk *disk, guint index)
{
  CairnAnchor *anchor = cairn_anchor_new ();

  anchor->disk_identifier = g_strdup (disk->identifier);
  anchor->target = g_strdup (disk->target);
  anchor->path = g_strdup (disk->path);
  anchor->format = g_strdup (disk->format);
  anchor->virtual_size_bytes = disk->virtual_size_bytes;
  anchor->change_tracking_id = g_strdup_printf ("rctX:%s:%08x", point->guid, index);
  anchor->bitmap = g_strdup (point->guid);
  anchor->granularity_bytes = 65536;
  /* As if the disk was full, so that the look counts what is allocated and finds nothing wrong. */
  anchor->allocated_bytes = disk->virtual_size_bytes + 65536;
  return anchor;
}

static CairnPoint *
make_point (const CairnVm *vm, int64_t time_ms, guint number)
{
  CairnPoint *point = cairn_point_new ();
  uint64_t time = (uint64_t)time_ms;

  point->vm_guid = g_strdup (vm->guid);
  point->guid = g_strdup_printf ("%08X-%04X-7%03X-8000-%012X", (unsigned)(time >> 16),
                                 (unsigned)(time & 0xffff), number >> 20, number * 2654435761u);
  point->instance_id = g_strdup_printf ("Microsoft:%s\\%s", point->vm_guid, point->guid);
  point->creation_time_ms = time_ms;
  point->owner = g_strdup ("bench");
  point->label = g_strdup ("nightly");
  for (guint i = 0; i < vm->disks->len; i++)
    g_ptr_array_add (point->anchors, make_anchor (point, vm->disks->pdata[i], i));
  return point;
}

/* Every VM gets one, then every VM the next, as a backup product does it. */
static void
put_points (CairnStore *store, const GPtrArray *vms, int64_t first_ms, guint first, guint end)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  CairnStoreChange change = { .put_points = points };
  GError *error = NULL;

  for (guint i = first; i < end; i++)
    {
      CairnPoint *point
          = make_point (vms->pdata[i % vms->len], first_ms + (int64_t)i * SECOND_MS, i);

      puts (point->guid);
      g_ptr_array_add (points, point);
    }
  check (store->ops->apply (store, &change, &error), error);
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  CairnStore *store;
  int64_t first_ms;
  guint n;

  if (argc != 4 || atoi (argv[2]) <= 0)
    return fprintf (stderr, "fill-store STORE_FILE N_POINTS VM|+N_VMS\n"), 2;
  n = (guint)atoi (argv[2]);
  store = cairn_sqlite_store_open (argv[1], &error);
  check (store != NULL, error);
  vms = choose_vms (store, argv[3]);
  first_ms = g_get_real_time () / 1000 - (int64_t)n * SECOND_MS / 2;
  for (guint i = 0; i < n; i += POINTS_PER_CHANGE)
    put_points (store, vms, first_ms, i, MIN (i + POINTS_PER_CHANGE, n));
  store->ops->close (store);
  return 0;
}
