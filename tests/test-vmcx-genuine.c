/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-genuine.c: two genuine Hyper-V files: whole trees, selected values, and a dirty log. */
#include "vmcx-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  unsigned n_keys;
  unsigned n_of_type[VMCX_TYPE_NODE + 1];
  unsigned depth;
} Census;

static void
count_below (const VmcxKey *node, unsigned depth, Census *census)
{
  uint32_t last = 0;

  for (const VmcxKey *key = vmcx_key_first_child (node); key; key = vmcx_key_next (key))
    {
      census->n_keys++;
      census->n_of_type[vmcx_key_type (key)]++;
      census->depth = MAX (census->depth, depth);
      g_assert_cmpuint (vmcx_key_sequence (key), >, last);
      g_assert_true (vmcx_key_parent (key) == node);
      last = vmcx_key_sequence (key);
      count_below (key, depth + 1, census);
    }
  if (last > 0)
    g_assert_cmpuint (vmcx_key_next_sequence (node), ==, last + 1);
  else
    g_assert_cmpuint (vmcx_key_next_sequence (node), ==, 0);
}

static VmcxFile *
open_genuine (const char *name)
{
  g_autofree char *path = vmcx_fixture_genuine (name);
  g_autoptr (GError) error = NULL;
  VmcxFile *file;

  if (!path)
    return NULL;
  file = vmcx_file_open (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vmcx_file_n_pending (file), ==, 0);
  g_assert_true (vmcx_file_verify_values (file, &error));
  g_assert_no_error (error);
  return file;
}

static const VmcxKey *
find (const VmcxFile *file, const char *path)
{
  const VmcxKey *key = vmcx_key_lookup (vmcx_file_root (file), path);

  if (!key)
    g_error ("no key %s", path);
  return key;
}

static void
assert_string (const VmcxFile *file, const char *path, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = vmcx_key_dup_string (find (file, path), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_int (const VmcxFile *file, const char *path, int64_t expected)
{
  g_autoptr (GError) error = NULL;
  int64_t value = 0;

  vmcx_key_get_int (find (file, path), &value, &error);
  g_assert_no_error (error);
  g_assert_cmpint (value, ==, expected);
}

static void
assert_census (const VmcxFile *file, const Census *expected)
{
  Census census = { 0 };

  count_below (vmcx_file_root (file), 1, &census);
  g_test_message ("%u keys, depth %u", census.n_keys, census.depth);
  g_assert_cmpuint (census.n_keys, ==, expected->n_keys);
  g_assert_cmpuint (census.depth, ==, expected->depth);
  for (int type = 0; type <= VMCX_TYPE_NODE; type++)
    g_assert_cmpuint (census.n_of_type[type], ==, expected->n_of_type[type]);
}

static void
test_vmcx (void)
{
  static const Census expected = { .n_keys = 409,
                                   .depth = 6,
                                   .n_of_type = { [VMCX_TYPE_INT] = 106,
                                                  [VMCX_TYPE_STRING] = 160,
                                                  [VMCX_TYPE_ARRAY] = 2,
                                                  [VMCX_TYPE_BOOL] = 35,
                                                  [VMCX_TYPE_NODE] = 106 } };
  static const uint8_t created[] = { 0xa7, 0x6e, 0x45, 0x66, 0x9e, 0x97, 0xd7, 0x01 };
  g_autoptr (VmcxFile) file = open_genuine ("test.vmcx");
  g_autoptr (GBytes) expected_time = g_bytes_new_static (created, sizeof created);
  g_autoptr (GBytes) time = NULL;
  g_autofree char *id = NULL;

  if (!file)
    return;
  assert_census (file, &expected);
  assert_string (file, "configuration/properties/type_id", "Virtual Machines");
  assert_int (file, "configuration/properties/version", 2304);
  assert_int (file, "configuration/properties/subtype", 0);
  assert_int (file, "configuration/global_settings/snapshots/list/size", 0);
  id = vmcx_key_dup_string (find (file, "configuration/properties/global_id"), NULL);
  g_assert_cmpstr (id, ==, "282874FC-59D6-4F30-BC04-5FDD909C82E0");
  assert_string (file, "configuration/settings/global/logical_id", id);
  assert_string (file, "configuration/properties/name", "Other Location");
  time = vmcx_key_dup_array (find (file, "configuration/properties/creation_time"), NULL);
  g_assert_true (g_bytes_equal (time, expected_time));
}

/* Repeated names are an ordered list and reached by number. */
static void
test_vmrs (void)
{
  static const Census expected = { .n_keys = 113,
                                   .depth = 7,
                                   .n_of_type = { [VMCX_TYPE_INT] = 44,
                                                  [VMCX_TYPE_STRING] = 36,
                                                  [VMCX_TYPE_BOOL] = 10,
                                                  [VMCX_TYPE_NODE] = 23 } };
  g_autoptr (VmcxFile) file = open_genuine ("test.vmrs");
  const VmcxKey *first, *second;

  if (!file)
    return;
  assert_census (file, &expected);
  first = find (file, "configuration/global_settings/metrics/devicetype");
  second = find (file, "configuration/global_settings/metrics/devicetype[2]");
  g_assert_true (first == find (file, "configuration/global_settings/metrics/devicetype[1]"));
  g_assert_cmpuint (vmcx_key_sequence (first), <, vmcx_key_sequence (second));
  g_assert_null (vmcx_key_lookup (vmcx_file_root (file),
                                  "configuration/global_settings/metrics/devicetype[99]"));
  g_assert_null (vmcx_key_lookup (vmcx_file_root (file), "configuration//global_settings"));
  g_assert_null (vmcx_key_lookup (vmcx_file_root (file), ""));
  g_assert_cmpuint (
      vmcx_key_flags (find (file, "configuration/global_settings/metrics/devicetype/guid")), ==,
      VMCX_KEY_FLAG_SUBCOMPONENT);
}

static void
test_wrong_type (void)
{
  g_autoptr (VmcxFile) file = open_genuine ("test.vmcx");
  g_autoptr (GError) error = NULL;
  int64_t value = 42;

  if (!file)
    return;
  g_assert_false (vmcx_key_get_int (find (file, "configuration/properties/name"), &value, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_TYPE);
  g_assert_cmpint (value, ==, 42);
  g_assert_nonnull (strstr (error->message, "of type string and int was expected"));
}

/* A copy of a genuine tree, written by us, is the same tree but for the numbers of deleted keys. */
static void
test_rewrite (void)
{
  g_autoptr (VmcxFile) file = open_genuine ("test.vmcx");
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) again = NULL;

  if (!file)
    return;
  g_assert_nonnull (vmcx_key_add_copy (vmcx_tree_root (tree), vmcx_file_root (file), &error));
  bytes = vmcx_fixture_write (tree, NULL);
  again = vmcx_fixture_open (bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (vmcx_fixture_equal (vmcx_tree_root (tree), vmcx_file_root (again)));
  assert_string (again, "configuration/properties/type_id", "Virtual Machines");
}

typedef struct
{
  const char *name;
  uint32_t n_pending; /* entries of the newest commit that are still whole in the log */
} Dirty;

static char *
make_path (const char *directory, const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
save (const char *path, const GByteArray *bytes)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *)bytes->data, (gssize)bytes->len, &error);
  g_assert_no_error (error);
}

static void
assert_file_is (const char *path, const GByteArray *bytes)
{
  g_autoptr (GByteArray) there = vmcx_fixture_load (path);

  g_assert_cmpuint (there->len, ==, bytes->len);
  g_assert_true (memcmp (there->data, bytes->data, bytes->len) == 0);
}

static void
assert_shows_original (const char *dirty_path, const char *original_path, uint32_t n_pending)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) original = vmcx_file_open (original_path, NULL, NULL);
  g_autoptr (VmcxFile) dirty = vmcx_file_open (dirty_path, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (vmcx_file_n_pending (dirty), ==, n_pending);
  g_assert_true (vmcx_fixture_equal (vmcx_file_root (original), vmcx_file_root (dirty)));
}

/* A file whose last commit was cut off: the targets torn, the log pending. It reads as the
 * original, isn't touched by that, and recovers to the original byte for byte. */
static void
test_dirty (gconstpointer closure)
{
  const Dirty *dirty = closure;
  g_autofree char *original = vmcx_fixture_genuine (dirty->name);
  g_autofree char *directory = g_dir_make_tmp ("vmcx-XXXXXX", NULL);
  g_autofree char *in = make_path (directory, "in"), *out = make_path (directory, "out");
  g_autofree char *again = make_path (directory, "again");
  g_autoptr (GByteArray) bytes = NULL, torn = NULL;
  g_autoptr (GError) error = NULL;

  if (!original)
    {
      g_rmdir (directory);
      return;
    }
  bytes = vmcx_fixture_load (original);
  torn = vmcx_fixture_load (original);
  vmcx_fixture_make_dirty (torn, dirty->n_pending);
  save (in, torn);

  assert_shows_original (in, original, dirty->n_pending);
  g_assert_true (vmcx_recover (in, out, NULL, &error));
  g_assert_no_error (error);
  assert_file_is (in, torn);
  assert_file_is (out, bytes);
  g_assert_true (vmcx_recover (out, again, NULL, &error)); /* a clean one is copied */
  assert_file_is (again, bytes);

  g_assert_false (vmcx_recover (in, out, NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_assert_cmpint (vmcx_error_get_errno (error), ==, EEXIST);
  assert_file_is (out, bytes);
  g_unlink (in);
  g_unlink (out);
  g_unlink (again);
  g_assert_cmpint (g_rmdir (directory), ==, 0); /* nothing else is left there */
}

/* Without its log the torn file is refused: the test above doesn't pass for nothing. */
static void
test_torn (gconstpointer closure)
{
  const Dirty *dirty = closure;
  g_autofree char *original = vmcx_fixture_genuine (dirty->name);
  g_autoptr (GByteArray) torn = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = NULL;
  size_t log;

  if (!original)
    return;
  torn = vmcx_fixture_load (original);
  vmcx_fixture_make_dirty (torn, dirty->n_pending);
  log = vmcx_fixture_get64 (torn, 26);
  vmcx_fixture_put32 (torn, log + 8, 0);
  vmcx_fixture_seal (torn, log, 34, 4);
  file = vmcx_fixture_open (torn, NULL, &error);
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_FORMAT);
}

int
main (int argc, char **argv)
{
  static const Dirty vmcx = { "test.vmcx", 1 }, vmrs = { "test.vmrs", 3 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmcx/genuine/vmcx", test_vmcx);
  g_test_add_func ("/vmcx/genuine/vmrs", test_vmrs);
  g_test_add_func ("/vmcx/genuine/wrong-type", test_wrong_type);
  g_test_add_func ("/vmcx/genuine/rewrite", test_rewrite);
  g_test_add_data_func ("/vmcx/genuine/dirty-vmcx", &vmcx, test_dirty);
  g_test_add_data_func ("/vmcx/genuine/dirty-vmrs", &vmrs, test_dirty);
  g_test_add_data_func ("/vmcx/genuine/torn-vmcx", &vmcx, test_torn);
  g_test_add_data_func ("/vmcx/genuine/torn-vmrs", &vmrs, test_torn);
  return g_test_run ();
}
