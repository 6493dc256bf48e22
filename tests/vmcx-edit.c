/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-edit IN OUT PATH=TYPE:VALUE...: rewrites a container with other values, for tests of what a
 * changed but well-formed file does. TYPE is int, uint, string or array (hex); "PATH=-" drops a key
 * with all below it; a PATH that isn't there is added below its parent. */
#include <stdio.h>
#include <string.h>

#include <vmcx.h>

typedef struct
{
  char **edits; /* "path=type:value" */
  gboolean *used;
} Plan;

static const char *
edit_of (const Plan *plan, const char *path)
{
  size_t length = strlen (path);

  for (guint i = 0; plan->edits[i]; i++)
    if (strncmp (plan->edits[i], path, length) == 0 && plan->edits[i][length] == '=')
      {
        plan->used[i] = TRUE;
        return plan->edits[i] + length + 1;
      }
  return NULL;
}

static void
add_value (VmcxKey *parent, const char *name, const char *value)
{
  if (g_str_has_prefix (value, "int:"))
    vmcx_key_add_int (parent, name, g_ascii_strtoll (value + 4, NULL, 0));
  else if (g_str_has_prefix (value, "uint:"))
    vmcx_key_add_uint (parent, name, g_ascii_strtoull (value + 5, NULL, 0));
  else if (g_str_has_prefix (value, "string:"))
    vmcx_key_add_string (parent, name, value + 7);
  else if (g_str_has_prefix (value, "array:"))
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GBytes) array = NULL;

      for (const char *p = value + 6; p[0] && p[1]; p += 2)
        {
          guint8 byte = (guint8)(g_ascii_xdigit_value (p[0]) * 16 + g_ascii_xdigit_value (p[1]));

          g_byte_array_append (bytes, &byte, 1);
        }
      array = g_bytes_new (bytes->data, bytes->len);
      vmcx_key_add_array (parent, name, array);
    }
}

/* Adds the keys that the plan has below PATH and the file hasn't. */
static void
add_new (const Plan *plan, VmcxKey *parent, const char *path)
{
  size_t length = strlen (path);

  for (guint i = 0; plan->edits[i]; i++)
    {
      const char *rest = plan->edits[i] + length;
      const char *equals = strchr (plan->edits[i], '=');

      if (plan->used[i] || strncmp (plan->edits[i], path, length) != 0
          || (length > 0 && *rest++ != '/') || memchr (rest, '/', (size_t)(equals - rest)))
        continue;
      plan->used[i] = TRUE;
      g_autofree char *name = g_strndup (rest, (gsize)(equals - rest));

      add_value (parent, name, equals + 1);
    }
}

static void
copy (const Plan *plan, VmcxKey *to, const VmcxKey *from, const char *path)
{
  for (const VmcxKey *key = vmcx_key_first_child (from); key; key = vmcx_key_next (key))
    {
      g_autofree char *here = *path ? g_strconcat (path, "/", vmcx_key_name (key), NULL)
                                    : g_strdup (vmcx_key_name (key));
      const char *value = edit_of (plan, here);

      if (value)
        add_value (to, vmcx_key_name (key), value);
      else if (vmcx_key_type (key) == VMCX_TYPE_NODE)
        copy (plan, vmcx_key_add_node (to, vmcx_key_name (key)), key, here);
      else
        vmcx_key_add_copy (to, key, NULL);
    }
  add_new (plan, to, path);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = argc > 3 ? vmcx_file_open (argv[1], NULL, &error) : NULL;
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autofree gboolean *used = g_new0 (gboolean, (gsize)argc);
  Plan plan = { argv + 3, used };

  if (file)
    {
      copy (&plan, vmcx_tree_root (tree), vmcx_file_root (file), "");
      vmcx_tree_write (tree, argv[2], NULL, &error);
    }
  for (int i = 0; file && i < argc - 3; i++)
    if (!used[i])
      return fprintf (stderr, "vmcx-edit: no place for '%s'\n", argv[i + 3]), 1;
  if (!file || error)
    return fprintf (stderr, "vmcx-edit: %s\n", error ? error->message : "IN OUT PATH=VALUE..."), 1;
  return 0;
}
