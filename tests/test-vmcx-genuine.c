/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-genuine.c: two genuine Hyper-V files: whole trees, selected values, and a dirty log. */
#include "vmcx-fixture.h"

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
test_vmcx (void)
{
  static const uint8_t created[] = { 0xa7, 0x6e, 0x45, 0x66, 0x9e, 0x97, 0xd7, 0x01 };
  g_autoptr (VmcxFile) file = open_genuine ("test.vmcx");
  g_autoptr (GBytes) expected = g_bytes_new_static (created, sizeof created);
  g_autoptr (GBytes) time = NULL;
  g_autofree char *id = NULL;
  Census census = { 0 };

  if (!file)
    return;
  count_below (vmcx_file_root (file), 1, &census);
  g_test_message ("%u keys, depth %u", census.n_keys, census.depth);
  for (int t = 0; t <= VMCX_TYPE_NODE; t++)
    g_test_message ("type %d: %u", t, census.n_of_type[t]);
  assert_string (file, "configuration/properties/type_id", "Virtual Machines");
  assert_int (file, "configuration/properties/version", 2304);
  id = vmcx_key_dup_string (find (file, "configuration/properties/global_id"), NULL);
  assert_string (file, "configuration/settings/global/logical_id", id);
  time = vmcx_key_dup_array (find (file, "configuration/properties/creation_time"), NULL);
  g_assert_true (g_bytes_equal (time, expected));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmcx/genuine/vmcx", test_vmcx);
  return g_test_run ();
}
