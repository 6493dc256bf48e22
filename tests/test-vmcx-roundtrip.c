/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-roundtrip.c: what is written reads back as it was, for random trees of every kind. */
#include "vmcx-fixture.h"

#include <glib/gstdio.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GBytes *
random_bytes (GRand *rand, size_t length)
{
  guint8 *bytes = g_malloc (length + 1);

  for (size_t i = 0; i < length; i++)
    bytes[i] = (guint8)g_rand_int (rand);
  return g_bytes_new_take (bytes, length);
}

static size_t
random_length (GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 10))
    {
    case 0:
      return 0;
    case 1:
      return (size_t)g_rand_int_range (rand, 0x7f0, 0x810); /* about the file objects' threshold */
    case 2:
      return (size_t)g_rand_int_range (rand, 0, 20000);
    default:
      return (size_t)g_rand_int_range (rand, 0, 60);
    }
}

/* UTF-16 with whatever units: lone surrogates, NULs anywhere, the end included. */
static void
add_random_utf16 (GRand *rand, VmcxKey *parent, const char *name)
{
  static const gunichar2 odd[] = { 0, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffe, 0xffff, 'a' };
  size_t n = random_length (rand) / 2;
  g_autofree gunichar2 *units = g_new (gunichar2, n + 1);

  for (size_t i = 0; i < n; i++)
    units[i] = g_rand_boolean (rand) ? odd[g_rand_int_range (rand, 0, G_N_ELEMENTS (odd))]
                                     : (gunichar2)g_rand_int (rand);
  vmcx_key_add_utf16 (parent, name, units, n);
}

static double
random_double (GRand *rand)
{
  static const double odd[] = { NAN, -NAN, INFINITY, -INFINITY, 0.0, -0.0, 5e-324, 1.5 };

  return g_rand_boolean (rand) ? odd[g_rand_int_range (rand, 0, G_N_ELEMENTS (odd))]
                               : g_rand_double (rand);
}

static char *
random_name (GRand *rand)
{
  static const char *const some[] = { "a", "devicetype", "Gerät", "名", "_x_", " ", "a[2]" };

  if (g_rand_int_range (rand, 0, 20) == 0)
    return g_strnfill ((gsize)g_rand_int_range (rand, 1, 255), 'n');
  return g_strdup (some[g_rand_int_range (rand, 0, G_N_ELEMENTS (some))]);
}

static VmcxKey *
add_random_key (GRand *rand, VmcxKey *parent)
{
  g_autofree char *name = random_name (rand);
  g_autoptr (GBytes) bytes = NULL;

  switch (g_rand_int_range (rand, 0, 9))
    {
    case 0:
      vmcx_key_add_int (parent, name,
                        (gint64)((guint64)g_rand_int (rand) << 32 | g_rand_int (rand)));
      return NULL;
    case 1:
      vmcx_key_add_uint (parent, name, (guint64)g_rand_int (rand) << 32 | g_rand_int (rand));
      return NULL;
    case 2:
      vmcx_key_add_double (parent, name, random_double (rand));
      return NULL;
    case 3:
      vmcx_key_add_bool (parent, name, g_rand_boolean (rand));
      return NULL;
    case 4:
      vmcx_key_add_string (parent, name, g_rand_boolean (rand) ? "" : "Fläche 𝔸");
      return NULL;
    case 5:
      add_random_utf16 (rand, parent, name);
      return NULL;
    case 6:
      bytes = random_bytes (rand, random_length (rand));
      vmcx_key_add_array (parent, name, bytes);
      return NULL;
    default:
      return vmcx_key_add_node (parent, name);
    }
}

static VmcxTree *
random_tree (GRand *rand, guint n_keys)
{
  VmcxTree *tree = vmcx_tree_new ();
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

  g_ptr_array_add (nodes, vmcx_tree_root (tree));
  for (guint i = 0; i < n_keys; i++)
    {
      /* The newest node often, so that some trees are deep. */
      guint at = g_rand_boolean (rand) ? nodes->len - 1
                                       : (guint)g_rand_int_range (rand, 0, (gint)nodes->len);
      VmcxKey *node = add_random_key (rand, nodes->pdata[at]);

      if (node)
        g_ptr_array_add (nodes, node);
    }
  return tree;
}

static void
assert_reads_back (VmcxTree *tree, const VmcxWriteOptions *options)
{
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, options);
  g_autoptr (GByteArray) again = vmcx_fixture_write (tree, options);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (vmcx_fixture_equal (vmcx_tree_root (tree), vmcx_file_root (file)));
  g_assert_true (vmcx_file_verify_values (file, &error));
  g_assert_cmpuint (bytes->len, ==, again->len);
  g_assert_true (memcmp (bytes->data, again->data, bytes->len) == 0);
}

/* A copy of the read tree is the tree, and writes the same bytes. */
static void
assert_copies (VmcxTree *tree)
{
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, NULL);
  g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, NULL);
  g_autoptr (VmcxTree) copy = vmcx_tree_new ();
  g_autoptr (GByteArray) copied = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (vmcx_key_add_copy (vmcx_tree_root (copy), vmcx_file_root (file), &error)
                 == vmcx_tree_root (copy));
  g_assert_no_error (error);
  g_assert_true (vmcx_fixture_equal (vmcx_tree_root (copy), vmcx_file_root (file)));
  copied = vmcx_fixture_write (copy, NULL);
  g_assert_cmpuint (bytes->len, ==, copied->len);
  g_assert_true (memcmp (bytes->data, copied->data, bytes->len) == 0);
}

static void
test_random (void)
{
  static const VmcxWriteOptions options[] = {
    { 0 }, { .alignment = 0x2000 }, { .alignment = 0x10000 }, { .key_table_bytes = 0x10000 }
  };

  for (guint i = 0; i < 400; i++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (i);
      g_autoptr (VmcxTree) tree = random_tree (rand, (guint)g_rand_int_range (rand, 0, 200));

      g_test_message ("seed %u", i);
      assert_reads_back (tree, &options[i % G_N_ELEMENTS (options)]);
      if (i % 8 == 0)
        assert_copies (tree);
    }
}

/* More objects than one object table holds: 227 slots of which the last one links. */
static void
test_chained_object_tables (void)
{
  for (guint n = 224; n < 230; n++)
    {
      g_autoptr (VmcxTree) tree = vmcx_tree_new ();
      g_autoptr (GRand) rand = g_rand_new_with_seed (n);

      for (guint i = 0; i < n; i++)
        {
          g_autoptr (GBytes) bytes = random_bytes (rand, 0x800);

          vmcx_key_add_array (vmcx_tree_root (tree), "block", bytes);
        }
      assert_reads_back (tree, NULL);
    }
}

static void
test_many_object_tables (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GBytes) bytes = random_bytes (rand, 5000);

  for (guint i = 0; i < 700; i++)
    vmcx_key_add_array (vmcx_tree_root (tree), "block", bytes);
  assert_reads_back (tree, NULL);
}

/* A chain of nodes as deep as there are keys: nothing may recurse. */
static void
test_deep (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  VmcxKey *node = vmcx_tree_root (tree);

  for (guint i = 0; i < 100000; i++)
    node = vmcx_key_add_node (node, "n");
  assert_reads_back (tree, &(VmcxWriteOptions){ .key_table_bytes = 0x10000 });
}

/* So much that the reader takes its memory in large pieces: more than one of them. */
static void
test_large (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  VmcxKey *node = NULL;

  for (guint i = 0; i < 200000; i++)
    {
      if (i % 1000 == 0)
        node = vmcx_key_add_node (vmcx_tree_root (tree), "controller");
      vmcx_key_add_int (node, "a_name_of_some_length", i);
    }
  assert_reads_back (tree, &(VmcxWriteOptions){ .key_table_bytes = 0x10000 });
}

static void
test_empty (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, NULL);

  assert_reads_back (tree, NULL);
  g_assert_cmpuint (bytes->len, ==, 0x5000); /* headers, object table, log with room for it */
}

/* The rules for filling a table: slack of up to 21 bytes, else a free entry; 12 bytes for a value.
 */
static void
test_table_ends (void)
{
  for (guint length = 0; length < 120; length++)
    {
      g_autoptr (VmcxTree) tree = vmcx_tree_new ();
      g_autofree guint8 *zeros = g_malloc0 (2100);
      g_autoptr (GBytes) two_thousand = g_bytes_new_static (zeros, 2000);
      g_autoptr (GBytes) last = g_bytes_new_static (zeros, 1900 + length);

      vmcx_key_add_array (vmcx_tree_root (tree), "a", two_thousand);
      vmcx_key_add_array (vmcx_tree_root (tree), "b", last);
      vmcx_key_add_int (vmcx_tree_root (tree), "c", 1);
      assert_reads_back (tree, NULL);
    }
}

static void
test_written_form (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  VmcxKey *node = vmcx_key_add_node (vmcx_tree_root (tree), "node");
  g_autoptr (GByteArray) bytes = NULL;

  vmcx_key_add_bool (node, "bool", TRUE);
  bytes = vmcx_fixture_write (tree, &(VmcxWriteOptions){ .data_version = 7 });

  g_assert_cmpuint (vmcx_fixture_get16 (bytes, 8), ==, 1); /* copy 0 is the newer one */
  g_assert_cmpuint (vmcx_fixture_get16 (bytes, 0x1008), ==, 0);
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 14), ==, 7);
  g_assert_cmpuint (vmcx_fixture_get64 (bytes, 26), ==, 0x4000); /* the log, behind one table */
  g_assert_cmpuint (vmcx_fixture_get64 (bytes, 34), ==, 0x3000);
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x2004), ==, 227);
  g_assert_cmpuint (bytes->data[0x2008], ==, 2);
  g_assert_cmpuint (bytes->data[0x2008 + 17], ==, 1); /* flags */
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x2008 + 18 + 1), ==, 0x671bcf4d);
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x300a + 2), ==, 21 + 5 + 12);
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x300a + 38 + 2), ==, 21 + 5 + 4 + 12);
  g_assert_cmpuint (vmcx_fixture_get16 (bytes, 0x300a + 38 + 6), ==, 1); /* parent 1:10 */
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x300a + 38 + 8), ==, 10);
  g_assert_cmpuint (bytes->data[0x300a + 38 + 42], ==, 1); /* free to the end */
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x300a + 38 + 42 + 2), ==, 4096 - 10 - 38 - 42);
  g_assert_cmpuint (vmcx_fixture_get32 (bytes, 0x4000 + 13), ==, 145);
}

static void
assert_cannot_write (VmcxTree *tree, const VmcxWriteOptions *options, const char *cause)
{
  g_autoptr (GByteArray) none = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  int fd = vmcx_fixture_memory (none);

  g_assert_false (vmcx_tree_write_fd (tree, fd, options, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_ARGUMENT);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, cause));
  g_assert_cmpint (vmcx_error_get_offset (error), ==, -1);
  close (fd);
}

static void
test_arguments (void)
{
  static const struct
  {
    const char *name, *value, *cause;
  } bad[] = { { "", "", "empty name" },
              { "a/b", "", "'/'" },
              { "\xff", "", "isn't UTF-8" },
              { "a", "\xff", "string that isn't UTF-8" } };
  g_autofree char *long_name = g_strnfill (255, 'n');
  g_autoptr (VmcxTree) empty = vmcx_tree_new (), longer = vmcx_tree_new ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (VmcxTree) tree = vmcx_tree_new ();

      vmcx_key_add_string (vmcx_tree_root (tree), bad[i].name, bad[i].value);
      assert_cannot_write (tree, NULL, bad[i].cause);
    }
  vmcx_key_add_node (vmcx_tree_root (longer), long_name);
  assert_cannot_write (longer, NULL, "more than 254 bytes");
  assert_cannot_write (empty, &(VmcxWriteOptions){ .alignment = 0x800 }, "power of two");
  assert_cannot_write (empty, &(VmcxWriteOptions){ .alignment = 0x3000 }, "power of two");
  assert_cannot_write (empty, &(VmcxWriteOptions){ .alignment = 0x20000 }, "power of two");
  assert_cannot_write (empty, &(VmcxWriteOptions){ .key_table_bytes = 0x1800 }, "multiple");
}

static guint
n_entries (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Replaces what is there, keeps its mode, and leaves nothing beside it, also after an error. */
static void
test_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("vmcx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "a.vmcx", NULL);
  g_autofree char *missing = g_build_filename (directory, "none", "a.vmcx", NULL);
  g_autoptr (VmcxTree) tree = vmcx_tree_new (), bad = vmcx_tree_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = NULL;
  GStatBuf status;

  g_assert_true (g_file_set_contents (path, "old", 3, NULL));
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  vmcx_key_add_node (vmcx_tree_root (bad), "");
  g_assert_false (vmcx_tree_write (bad, path, NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, 3);

  vmcx_key_add_node (vmcx_tree_root (tree), "n");
  g_assert_true (vmcx_tree_write (tree, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0640);
  file = vmcx_file_open (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (vmcx_fixture_equal (vmcx_tree_root (tree), vmcx_file_root (file)));

  g_assert_false (vmcx_tree_write (tree, missing, NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_assert_cmpint (vmcx_error_get_errno (error), ==, ENOENT);
  g_assert_cmpuint (n_entries (directory), ==, 1);
  g_unlink (path);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmcx/roundtrip/random", test_random);
  g_test_add_func ("/vmcx/roundtrip/chained-object-tables", test_chained_object_tables);
  g_test_add_func ("/vmcx/roundtrip/many-object-tables", test_many_object_tables);
  g_test_add_func ("/vmcx/roundtrip/deep", test_deep);
  g_test_add_func ("/vmcx/roundtrip/large", test_large);
  g_test_add_func ("/vmcx/roundtrip/empty", test_empty);
  g_test_add_func ("/vmcx/roundtrip/table-ends", test_table_ends);
  g_test_add_func ("/vmcx/roundtrip/written-form", test_written_form);
  g_test_add_func ("/vmcx/roundtrip/arguments", test_arguments);
  g_test_add_func ("/vmcx/roundtrip/path", test_path);
  return g_test_run ();
}
