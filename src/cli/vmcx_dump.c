/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn vmcx dump: the tree as it lies, in JSON or indented.
 *
 * Walks by parent pointers, not by recursion: a file may be as deep as it likes. Every value is
 * fetched once before the first byte goes out, so that a file that can't be read ends as an error
 * and not as half a document.
 */
#include "cli/container.h"

#include <string.h>

#define DEEPEST_INDENT   32  /* levels; text beyond it doesn't move further right */
#define SHOWN_ARRAY      32  /* bytes of an array that people see without --verbose */
#define SHOWN_CHARACTERS 200 /* of a string, likewise */

static const char *
type_name (VmcxType type)
{
  static const char *const names[] = {
    [VMCX_TYPE_INT] = "int",       [VMCX_TYPE_UINT] = "uint",   [VMCX_TYPE_DOUBLE] = "double",
    [VMCX_TYPE_STRING] = "string", [VMCX_TYPE_ARRAY] = "array", [VMCX_TYPE_BOOL] = "bool",
    [VMCX_TYPE_NODE] = "node",
  };

  return names[type];
}

/* Values as JSON: each type's own. */
static gboolean
write_value (CliJson *json, const VmcxKey *key, GError **error)
{
  g_autofree gunichar2 *units = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int64_t number = 0;
  uint64_t size = 0;
  double real = 0;
  gboolean truth = FALSE;
  size_t n_units = 0;

  switch (vmcx_key_type (key))
    {
    case VMCX_TYPE_INT:
      return vmcx_key_get_int (key, &number, error) && (cli_json_int (json, number), TRUE);
    case VMCX_TYPE_UINT:
      return vmcx_key_get_uint (key, &size, error) && (cli_json_uint (json, size), TRUE);
    case VMCX_TYPE_DOUBLE:
      return vmcx_key_get_double (key, &real, error) && (cli_json_double (json, real), TRUE);
    case VMCX_TYPE_BOOL:
      return vmcx_key_get_bool (key, &truth, error) && (cli_json_bool (json, truth), TRUE);
    case VMCX_TYPE_STRING:
      units = vmcx_key_dup_utf16 (key, &n_units, error);
      return units && (cli_json_utf16 (json, units, n_units), TRUE);
    case VMCX_TYPE_ARRAY:
      bytes = vmcx_key_dup_array (key, error);
      return bytes && (cli_json_hex (json, bytes), TRUE);
    case VMCX_TYPE_NODE:
      break;
    }
  return TRUE;
}

/* Everything of a key but its children and the brace behind it. */
static gboolean
begin_key (CliJson *json, const VmcxKey *key, GError **error)
{
  VmcxType type = vmcx_key_type (key);

  cli_json_begin_object (json);
  cli_json_key (json, "name");
  cli_json_string (json, vmcx_key_name (key));
  cli_json_key (json, "type");
  cli_json_string (json, type_name (type));
  cli_json_key (json, "seq");
  cli_json_uint (json, vmcx_key_sequence (key));
  if (type == VMCX_TYPE_NODE)
    {
      cli_json_key (json, "next");
      cli_json_uint (json, vmcx_key_next_sequence (key));
    }
  if (vmcx_key_flags (key))
    {
      cli_json_key (json, "flags");
      cli_json_uint (json, vmcx_key_flags (key));
    }
  cli_json_key (json, type == VMCX_TYPE_NODE ? "children" : "value");
  if (type != VMCX_TYPE_NODE)
    return write_value (json, key, error);
  cli_json_begin_array (json);
  return TRUE;
}

static void
end_key (CliJson *json, const VmcxKey *key)
{
  if (vmcx_key_type (key) == VMCX_TYPE_NODE)
    cli_json_end_array (json);
  cli_json_end_object (json);
}

static gboolean
write_tree (CliJson *json, const VmcxKey *root, GError **error)
{
  const VmcxKey *key = vmcx_key_first_child (root);

  while (key)
    {
      const VmcxKey *below;

      if (!begin_key (json, key, error))
        return FALSE;
      below = vmcx_key_first_child (key);
      if (below)
        {
          key = below;
          continue;
        }
      end_key (json, key);
      while (!vmcx_key_next (key) && vmcx_key_parent (key) != root)
        {
          key = vmcx_key_parent (key);
          end_key (json, key);
        }
      key = vmcx_key_next (key);
    }
  return TRUE;
}

static gboolean
print_string (Cli *cli, const VmcxKey *key, GError **error)
{
  g_autofree char *text = vmcx_key_dup_string (key, error);
  glong length = text ? g_utf8_strlen (text, -1) : 0;

  if (!text)
    return FALSE;
  if (!cli->options.verbose && length > SHOWN_CHARACTERS)
    *g_utf8_offset_to_pointer (text, SHOWN_CHARACTERS) = '\0';
  cli_output_puts (&cli->out, "\"");
  cli_output_shown (&cli->out, text);
  if (!cli->options.verbose && length > SHOWN_CHARACTERS)
    cli_output_printf (&cli->out, "\"... (%ld characters)", length);
  else
    cli_output_puts (&cli->out, "\"");
  return TRUE;
}

static gboolean
print_array (Cli *cli, const VmcxKey *key, GError **error)
{
  g_autoptr (GBytes) bytes = vmcx_key_dup_array (key, error);
  const unsigned char *p;
  size_t n_bytes;
  size_t n_shown;

  if (!bytes)
    return FALSE;
  p = g_bytes_get_data (bytes, &n_bytes);
  n_shown = cli->options.verbose ? n_bytes : MIN (n_bytes, SHOWN_ARRAY);
  cli_output_printf (&cli->out, "%" G_GSIZE_FORMAT " bytes%s", n_bytes, n_bytes ? ": " : "");
  for (size_t i = 0; i < n_shown; i++)
    cli_output_printf (&cli->out, "%02x", p[i]);
  cli_output_puts (&cli->out, n_shown < n_bytes ? "..." : "");
  return TRUE;
}

static gboolean
print_value (Cli *cli, const VmcxKey *key, GError **error)
{
  CliJson plain;

  if (vmcx_key_type (key) == VMCX_TYPE_STRING)
    return print_string (cli, key, error);
  if (vmcx_key_type (key) == VMCX_TYPE_ARRAY)
    return print_array (cli, key, error);
  cli_json_init (&plain, &cli->out);
  return write_value (&plain, key, error);
}

static gboolean
print_key (Cli *cli, const VmcxKey *key, unsigned depth, GError **error)
{
  cli_output_printf (&cli->out, "%*s", (int)MIN (depth, DEEPEST_INDENT) * 2, "");
  cli_output_shown (&cli->out, vmcx_key_name (key));
  if (vmcx_key_type (key) == VMCX_TYPE_NODE)
    cli_output_puts (&cli->out, "/");
  else
    {
      cli_output_printf (&cli->out, " (%s) ", type_name (vmcx_key_type (key)));
      if (!print_value (cli, key, error))
        return FALSE;
    }
  cli_output_puts (&cli->out, "\n");
  return TRUE;
}

static gboolean
print_tree (Cli *cli, const VmcxKey *root, GError **error)
{
  const VmcxKey *key = vmcx_key_first_child (root);
  unsigned depth = 0;

  while (key)
    {
      const VmcxKey *below;

      if (!print_key (cli, key, depth, error))
        return FALSE;
      below = vmcx_key_first_child (key);
      if (below)
        {
          key = below;
          depth++;
          continue;
        }
      for (; !vmcx_key_next (key) && vmcx_key_parent (key) != root; depth--)
        key = vmcx_key_parent (key);
      key = vmcx_key_next (key);
    }
  return TRUE;
}

static gboolean
dump (Cli *cli, GError **error)
{
  g_autoptr (VmcxFile) file = vmcx_file_open (cli->args[0], NULL, error);
  CliJson json;

  if (!file || !vmcx_file_verify_values (file, error))
    return FALSE;
  cli_output_commit (&cli->out);
  if (!cli->options.json)
    return print_tree (cli, vmcx_file_root (file), error);
  cli_json_init (&json, &cli->out);
  cli_json_begin_array (&json);
  if (!write_tree (&json, vmcx_file_root (file), error))
    return FALSE;
  cli_json_end_array (&json);
  cli_json_end (&json);
  return TRUE;
}

gboolean
cli_run_vmcx_dump (Cli *cli, GError **error)
{
  if (dump (cli, error))
    return TRUE;
  cli_vmcx_translate (error);
  return FALSE;
}
