/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points through the two files and back; genuine files; what is carried along. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "refpoint/dirty.h"
#include "refpoint/guid.h"
#include "refpoint/metadata.h"
#include "refpoint/pair.h"
#include "refpoint/tracker.h"

#define VM         "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEC"
#define CONTROLLER "11111111-2222-4333-8444-555555555555"
#define GENUINE_VM "282874FC-59D6-4F30-BC04-5FDD909C82E0"

typedef struct
{
  char *directory;
  char *configuration;
  char *runtime;
  CairnVm *vm;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  fixture->directory = g_dir_make_tmp ("cairn-metadata-XXXXXX", NULL);
  fixture->configuration = g_build_filename (fixture->directory, "a.vmcx", NULL);
  fixture->runtime = g_build_filename (fixture->directory, "a.vmrs", NULL);
  fixture->vm = cairn_vm_new (VM, "web \xc3\xa9 1");
  for (unsigned i = 0; i < 2; i++)
    {
      CairnDisk *disk = g_new0 (CairnDisk, 1);

      disk->identifier = cairn_disk_identifier_format (VM, CONTROLLER, 0, i);
      disk->target = g_strdup_printf ("vd%c", 'a' + (int)i);
      disk->path = g_strdup_printf ("/images/%u.qcow2", i);
      disk->format = g_strdup ("qcow2");
      disk->virtual_size_bytes = UINT64_C (1) << 30;
      g_ptr_array_add (fixture->vm->disks, disk);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_unlink (fixture->configuration);
  g_unlink (fixture->runtime);
  g_rmdir (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->configuration);
  g_free (fixture->runtime);
  cairn_vm_free (fixture->vm);
}

static CairnPoint *
make_point (const CairnVm *vm, int64_t time_ms)
{
  CairnPoint *point = cairn_point_new ();

  point->guid = cairn_guid_v7 (time_ms, NULL);
  point->instance_id = cairn_instance_id_format (vm->guid, point->guid);
  point->vm_guid = g_strdup (vm->guid);
  point->creation_time_ms = time_ms;
  point->owner = g_strdup ("nightly");
  point->label = g_strdup ("before \"the\" upgrade\n");
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      CairnAnchor *anchor = cairn_anchor_new ();

      anchor->disk_identifier = g_strdup (disk->identifier);
      anchor->target = g_strdup (disk->target);
      anchor->path = g_strdup (disk->path);
      anchor->format = g_strdup (disk->format);
      anchor->virtual_size_bytes = disk->virtual_size_bytes;
      anchor->granularity_bytes = 65536;
      anchor->bitmap = g_strdup (point->guid);
      anchor->change_tracking_id = cairn_change_tracking_id_format (point->guid, i);
      g_ptr_array_add (point->anchors, anchor);
    }
  return point;
}

/* N points, the k-th with k extents dirty on each disk. */
static CairnMetadata *
make_metadata (const CairnVm *vm, guint n)
{
  CairnMetadata *metadata = cairn_metadata_new ();

  metadata->export_id = cairn_guid_random ();
  for (guint i = 0; i < n; i++)
    {
      GPtrArray *dirty = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

      g_ptr_array_add (metadata->points, make_point (vm, 1000 + i));
      for (guint k = 0; k < vm->disks->len; k++)
        {
          g_autoptr (GArray) extents = cairn_extents_new ();

          for (guint e = 0; e < i; e++)
            cairn_extents_append (extents, (uint64_t)(e * 3 + k) * 65536, 65536);
          g_ptr_array_add (dirty, cairn_dirty_encode (extents, 65536));
        }
      g_ptr_array_add (metadata->dirty, dirty);
    }
  return metadata;
}

static void
write_pair (const Fixture *fixture, const CairnMetadata *metadata, gboolean with_extra)
{
  g_autoptr (VmcxTree) configuration = cairn_metadata_configuration_tree (metadata, fixture->vm);
  g_autoptr (VmcxTree) runtime = cairn_metadata_runtime_tree (metadata);
  g_autoptr (GError) error = NULL;

  if (with_extra)
    vmcx_key_add_int (vmcx_tree_root (configuration), "from_the_future", 7);
  vmcx_tree_write (configuration, fixture->configuration, NULL, &error);
  g_assert_no_error (error);
  vmcx_tree_write (runtime, fixture->runtime, NULL, &error);
  g_assert_no_error (error);
}

static CairnMetadata *
read_pair (const char *configuration, const char *runtime, const CairnVm *vm, GError **error)
{
  g_autoptr (CairnPair) pair = cairn_pair_open (NULL, configuration, runtime, error);

  return pair ? cairn_pair_read (pair, vm, error) : NULL;
}

static void
assert_same_point (const CairnPoint *a, const CairnPoint *b)
{
  g_assert_cmpstr (a->instance_id, ==, b->instance_id);
  g_assert_cmpstr (a->guid, ==, b->guid);
  g_assert_cmpstr (a->owner, ==, b->owner);
  g_assert_cmpstr (a->label, ==, b->label);
  g_assert_cmpint (a->creation_time_ms, ==, b->creation_time_ms);
  g_assert_cmpuint (a->anchors->len, ==, b->anchors->len);
  for (guint i = 0; i < a->anchors->len; i++)
    {
      const CairnAnchor *left = a->anchors->pdata[i];
      const CairnAnchor *right = b->anchors->pdata[i];

      g_assert_cmpstr (left->disk_identifier, ==, right->disk_identifier);
      g_assert_cmpstr (left->bitmap, ==, right->bitmap);
      g_assert_cmpstr (left->change_tracking_id, ==, right->change_tracking_id);
      g_assert_cmpuint (left->virtual_size_bytes, ==, right->virtual_size_bytes);
      g_assert_cmpuint (left->granularity_bytes, ==, right->granularity_bytes);
    }
}

static void
test_round_trip (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) metadata = make_metadata (fixture->vm, 40);
  g_autoptr (CairnMetadata) again = NULL;
  g_autoptr (GError) error = NULL;

  write_pair (fixture, metadata, FALSE);
  again = read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->export_id, ==, metadata->export_id);
  g_assert_cmpstr (again->vm_guid, ==, VM);
  g_assert_cmpuint (again->points->len, ==, 40);
  for (guint i = 0; i < 40; i++)
    {
      const CairnPoint *point = again->points->pdata[i];
      GPtrArray *dirty = again->dirty->pdata[i];
      g_autoptr (GArray) extents = NULL;

      assert_same_point (point, metadata->points->pdata[i]);
      g_assert_null (point->configuration);
      extents = cairn_dirty_decode (dirty->pdata[1], 65536, UINT64_C (1) << 30);
      g_assert_cmpuint (cairn_extents_total_bytes (extents), ==, (uint64_t)i * 65536);
    }
}

static void
test_unknown_keys_are_carried (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) metadata = make_metadata (fixture->vm, 1);
  g_autoptr (CairnMetadata) once = NULL;
  g_autoptr (CairnMetadata) twice = NULL;
  g_autoptr (GError) error = NULL;
  const CairnPoint *first, *second;

  write_pair (fixture, metadata, TRUE);
  once = read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error);
  g_assert_no_error (error);
  first = once->points->pdata[0];
  g_assert_nonnull (first->configuration);
  write_pair (fixture, once, FALSE);
  twice = read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error);
  g_assert_no_error (error);
  second = twice->points->pdata[0];
  g_assert_true (g_bytes_equal (first->configuration, second->configuration));
}

static void
test_other_vm (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) metadata = make_metadata (fixture->vm, 1);
  g_autoptr (CairnVm) other = cairn_vm_new (CONTROLLER, "other");
  g_autoptr (CairnMetadata) again = NULL;
  g_autoptr (GError) error = NULL;

  write_pair (fixture, metadata, FALSE);
  g_assert_null (read_pair (fixture->configuration, fixture->runtime, other, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER);
  g_assert_nonnull (strstr (error->message, "cairn vm alias"));
  g_clear_error (&error);
  g_ptr_array_add (other->aliases, g_strdup (VM));
  again = read_pair (fixture->configuration, fixture->runtime, other, &error);
  g_assert_no_error (error);
}

static void
test_two_exports (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) one = make_metadata (fixture->vm, 1);
  g_autoptr (CairnMetadata) two = make_metadata (fixture->vm, 1);
  g_autoptr (VmcxTree) runtime = cairn_metadata_runtime_tree (two);
  g_autoptr (GError) error = NULL;

  write_pair (fixture, one, FALSE);
  vmcx_tree_write (runtime, fixture->runtime, NULL, NULL);
  g_assert_null (read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
  g_assert_nonnull (strstr (error->message, "two exports"));
  g_clear_error (&error);
  g_assert_null (read_pair (fixture->runtime, fixture->configuration, fixture->vm, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
}

/* A file that makes a point answer for a bitmap of somebody else's is refused: destroying the point
 * would take that bitmap away. */
static void
test_foreign_bitmap (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) metadata = make_metadata (fixture->vm, 1);
  CairnPoint *point = metadata->points->pdata[0];
  CairnAnchor *anchor = point->anchors->pdata[0];
  g_autoptr (GError) error = NULL;

  g_free (anchor->bitmap);
  anchor->bitmap = g_strdup ("somebody-elses");
  write_pair (fixture, metadata, FALSE);
  g_assert_null (read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
}

/* 8 MB that would be 64 MiB of extents and more: refused by their number, before they are spread.
 */
static void
test_too_many_changes (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnMetadata) metadata = make_metadata (fixture->vm, 1);
  CairnPoint *point = metadata->points->pdata[0];
  GPtrArray *dirty = metadata->dirty->pdata[0];
  size_t length = 2 * ((size_t)CAIRN_EXTENTS_LIMIT + 1);
  guint8 *bytes = g_malloc (length);
  g_autoptr (GError) error = NULL;

  ((CairnAnchor *)point->anchors->pdata[1])->virtual_size_bytes = UINT64_C (1) << 40;
  memset (bytes, 1, length);
  g_bytes_unref (dirty->pdata[1]);
  dirty->pdata[1] = g_bytes_new_take (bytes, length);
  write_pair (fixture, metadata, FALSE);
  g_assert_null (read_pair (fixture->configuration, fixture->runtime, fixture->vm, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY);
  g_assert_nonnull (strstr (error->message, "4194305 changes"));
}

static char *
genuine (const char *name)
{
  const char *shared = g_getenv ("CAIRN_SHARED");
  g_autofree char *root
      = shared ? g_strdup (shared) : g_build_filename (SOURCE_ROOT, "..", "shared", NULL);

  return g_build_filename (root, "data", "hyperv", name, NULL);
}

static void
test_genuine (void)
{
  g_autofree char *configuration = genuine ("test.vmcx");
  g_autofree char *runtime = genuine ("test.vmrs");
  g_autoptr (CairnVm) vm = cairn_vm_new (GENUINE_VM, "other location");
  g_autoptr (CairnMetadata) metadata = NULL;
  g_autoptr (CairnMetadata) again = NULL;
  g_autoptr (GError) error = NULL;
  const CairnPoint *point;
  const CairnAnchor *anchor;

  if (!g_file_test (configuration, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the genuine Hyper-V files aren't here (../shared/data/hyperv)");
      return;
    }
  metadata = read_pair (configuration, runtime, vm, &error);
  g_assert_no_error (error);
  again = read_pair (configuration, runtime, vm, &error);
  g_assert_cmpuint (metadata->points->len, ==, 1);
  point = metadata->points->pdata[0];
  g_assert_cmpstr (point->instance_id, ==, ((CairnPoint *)again->points->pdata[0])->instance_id);
  g_assert_cmpint (point->origin, ==, CAIRN_ORIGIN_HYPER_V);
  g_assert_cmpstr (point->label, ==, "Other Location");
  /* 2021-08-22 21:41 UTC, the file's creation_time */
  g_assert_cmpint (point->creation_time_ms / 60000, ==, INT64_C (1629668460) / 60);
  g_assert_cmpuint (point->anchors->len, ==, 1);
  anchor = point->anchors->pdata[0];
  g_assert_cmpstr (anchor->target, ==, "ide-0-0");
  g_assert_true (g_str_has_suffix (anchor->path, "Other Location.vhdx"));
  g_assert_cmpstr (anchor->disk_identifier, ==,
                   "Microsoft:" GENUINE_VM "\\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\\0\\0\\L");
  g_assert_null (anchor->bitmap);
  g_assert_nonnull (point->configuration);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/metadata/round-trip", test_round_trip);
  ADD ("/metadata/unknown-keys-are-carried", test_unknown_keys_are_carried);
  ADD ("/metadata/other-vm", test_other_vm);
  ADD ("/metadata/two-exports", test_two_exports);
  ADD ("/metadata/foreign-bitmap", test_foreign_bitmap);
  ADD ("/metadata/too-many-changes", test_too_many_changes);
  g_test_add_func ("/metadata/genuine", test_genuine);
  return g_test_run ();
}
