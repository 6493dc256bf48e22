/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make-vmcx-corpus.c: writes the seeds of fuzz/corpus/vmcx, one for each part of the format:
 *   make-vmcx-corpus fuzz/corpus/vmcx */
#include "../tests/vmcx-fixture.h"
#include "vmcx-form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *directory;

static void
save (const char *name, const GByteArray *container)
{
  g_autoptr (GByteArray) input = vmcx_form_pack (container);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GByteArray) expanded = vmcx_form_expand (input->data, input->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_fixture_open (expanded, NULL, &error);

  g_assert_no_error (error);
  g_file_set_contents (path, (const char *)input->data, input->len, &error);
  g_assert_no_error (error);
  printf ("%s: %u bytes\n", name, input->len);
}

static void
save_tree (const char *name, VmcxTree *tree, const VmcxWriteOptions *options)
{
  g_autoptr (GByteArray) container = vmcx_fixture_write (tree, options);

  save (name, container);
}

static VmcxTree *
make_types (void)
{
  static const gunichar2 lone[] = { 'a', 0xd800, 'b', 0 };
  VmcxTree *tree = vmcx_tree_new ();
  VmcxKey *node = vmcx_key_add_node (vmcx_tree_root (tree), "configuration");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\1\2\3", 3);

  vmcx_key_add_int (node, "int", -1);
  vmcx_key_add_uint (node, "uint", UINT64_MAX);
  vmcx_key_add_double (node, "double", NAN);
  vmcx_key_add_string (node, "string", "Fläche");
  vmcx_key_add_utf16 (node, "string", lone, G_N_ELEMENTS (lone));
  vmcx_key_add_array (node, "array", bytes);
  vmcx_key_add_bool (node, "bool", TRUE);
  vmcx_key_add_node (vmcx_key_add_node (node, "node"), "node");
  return tree;
}

static VmcxTree *
make_objects (guint n)
{
  VmcxTree *tree = vmcx_tree_new ();
  g_autofree guint8 *zeros = g_malloc0 (0x800);
  g_autoptr (GBytes) bytes = g_bytes_new (zeros, 0x800);

  for (guint i = 0; i < n; i++)
    vmcx_key_add_array (vmcx_tree_root (tree), "o", bytes);
  return tree;
}

static void
add_log_entry (GByteArray *bytes, size_t log, guint i, size_t target, uint32_t size,
               size_t position)
{
  size_t entry = log + 34 + 28 * (size_t)i;

  vmcx_fixture_put64 (bytes, entry, target);
  vmcx_fixture_put32 (bytes, entry + 8, size);
  vmcx_fixture_put64 (bytes, entry + 12, position);
  vmcx_fixture_put32 (bytes, log + 8, i + 1);
  memcpy (bytes->data + log + position, bytes->data + target, size);
}

/* Two pending entries that overlap, the second one the same bytes again. */
static void
save_pending (const char *name, gboolean is_torn)
{
  g_autoptr (VmcxTree) tree = make_types ();
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, NULL);
  size_t log = vmcx_fixture_get64 (bytes, 26);

  add_log_entry (bytes, log, 0, 0x3000, 0x200, 0x1000);
  add_log_entry (bytes, log, 1, 0x3100, 0x40, 0x1200);
  if (is_torn)
    memset (bytes->data + 0x3000, 0xcc, 0x200);
  save (name, bytes);
}

/* Two key tables of one index in one file. */
static void
save_stale (void)
{
  g_autoptr (VmcxTree) tree = make_objects (1);
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, NULL);

  bytes->data[0x300b] = 0; /* an empty inline array */
  vmcx_fixture_put32 (bytes, 0x300a + 23, 0);
  memcpy (bytes->data + 0x4000, bytes->data + 0x3000, 0x1000);
  vmcx_fixture_put16 (bytes, 0x4004, 2);
  bytes->data[0x201a] = 2;
  vmcx_form_repair (bytes);
  save ("stale-table", bytes);
}

/* Two object tables: the root one has two slots, the second of which links. */
static void
save_chained (void)
{
  g_autoptr (VmcxTree) tree = make_objects (2);
  g_autoptr (GByteArray) bytes = vmcx_fixture_write (tree, NULL);
  guint second = bytes->len;

  g_byte_array_set_size (bytes, second + 0x1000);
  memset (bytes->data + second, 0, 0x1000);
  vmcx_fixture_put32 (bytes, second, 0x01110001);
  vmcx_fixture_put32 (bytes, second + 4, 3);
  memcpy (bytes->data + second + 8, bytes->data + 0x2008 + 18, 36);
  memset (bytes->data + 0x2008 + 18, 0, 0x1000 - 8 - 18);
  vmcx_fixture_put32 (bytes, 0x2004, 2);
  bytes->data[0x2008 + 18] = 1;
  vmcx_fixture_put64 (bytes, 0x2008 + 18 + 5, second);
  vmcx_fixture_put32 (bytes, 0x2008 + 18 + 13, 0x1000);
  vmcx_form_repair (bytes);
  save ("chained", bytes);
}

int
main (int argc, char **argv)
{
  g_autoptr (VmcxTree) empty = vmcx_tree_new (), types = make_types ();
  g_autoptr (VmcxTree) object = make_objects (2);
  g_autoptr (VmcxTree) tables = vmcx_tree_new ();

  if (argc != 2)
    return 2;
  directory = argv[1];
  for (guint i = 0; i < 55; i++)
    vmcx_key_add_int (vmcx_key_add_node (vmcx_tree_root (tables), "n"), "i", i);
  save_tree ("empty", empty, NULL);
  save_tree ("types", types, NULL);
  save_tree ("types-8k", types, &(VmcxWriteOptions){ .alignment = 0x2000 });
  save_tree ("objects", object, NULL);
  save_tree ("tables", tables, NULL);
  save_pending ("pending", FALSE);
  save_pending ("pending-torn", TRUE);
  save_stale ();
  save_chained ();
  return 0;
}
