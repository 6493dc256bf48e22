/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-sample types|deep|wide FILE: writes a container for tests of the command line.
 *
 * types: every type with its extreme values; deep: 20,000 nodes inside each other; wide: 50,000
 * children of one node. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <vmcx.h>

#define N_DEEP 20000
#define N_WIDE 50000

static void
add_types (VmcxKey *root)
{
  static const gunichar2 odd[] = { 'a', 0xd800, 'b', 0, 0xd83e, 0xdea8 };
  VmcxKey *node = vmcx_key_add_node (root, "node");
  g_autofree char *large = g_malloc (100000);
  g_autoptr (GBytes) bytes = g_bytes_new ("\x00\xa7\xff", 3);
  g_autoptr (GBytes) empty = g_bytes_new ("", 0);

  memset (large, 0x5a, 100000);
  vmcx_key_add_int (node, "int", G_MININT64);
  vmcx_key_add_uint (node, "uint", G_MAXUINT64);
  vmcx_key_add_double (node, "double", 0.1);
  vmcx_key_add_double (node, "infinite", INFINITY);
  vmcx_key_add_double (node, "nan", NAN);
  vmcx_key_add_string (node, "string", "gr\xc3\xbc\xc3\x9f\n\"");
  vmcx_key_add_utf16 (node, "odd", odd, G_N_ELEMENTS (odd));
  vmcx_key_add_string (node, "empty", "");
  vmcx_key_add_array (node, "array", bytes);
  vmcx_key_add_array (node, "no bytes", empty);
  vmcx_key_add_bool (node, "bool", TRUE);
  vmcx_key_add_bool (node, "bool", FALSE);
  vmcx_key_add_node (node, "childless");
  bytes = (g_bytes_unref (bytes), g_bytes_new (large, 100000));
  vmcx_key_add_array (root, "large", bytes);
}

static void
add_deep (VmcxKey *root)
{
  for (int i = 0; i < N_DEEP; i++)
    root = vmcx_key_add_node (root, "n");
}

static void
add_wide (VmcxKey *root)
{
  VmcxKey *node = vmcx_key_add_node (root, "n");

  for (int i = 0; i < N_WIDE; i++)
    vmcx_key_add_int (node, "i", i);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*add) (VmcxKey *root);
  } shapes[] = { { "types", add_types }, { "deep", add_deep }, { "wide", add_wide } };
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GError) error = NULL;

  for (size_t i = 0; argc == 3 && i < G_N_ELEMENTS (shapes); i++)
    if (strcmp (argv[1], shapes[i].name) == 0)
      {
        shapes[i].add (vmcx_tree_root (tree));
        if (vmcx_tree_write (tree, argv[2], NULL, &error))
          return 0;
        fprintf (stderr, "%s\n", error->message);
        return 1;
      }
  fprintf (stderr, "usage: vmcx-sample types|deep|wide FILE\n");
  return 2;
}
