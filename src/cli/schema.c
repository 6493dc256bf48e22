/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn schema. */
#include "cli/cli.h"

#include "cim/mof.h"

static const unsigned namespaces[] = { CIM_IN_VIRTUALIZATION, CIM_IN_CIMV2 };

static void
write_answer (Cli *cli, const char *mof)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "MOF");
  cli_json_string (&json, mof);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

/* The namespaces that were asked for; 0 after a mistake. */
static unsigned
chosen_namespaces (Cli *cli, GError **error)
{
  const char *name = cli->options.namespace_;
  unsigned found = name ? cim_namespace_parse (name) : CIM_IN_VIRTUALIZATION | CIM_IN_CIMV2;

  if (!cli->options.mof)
    cli_set_usage_error (cli, error, "--mof is missing");
  else if (!found)
    cli_set_usage_error (cli, error, "no namespace '%s'; there are %s and %s", name,
                         CIM_NAMESPACE_VIRTUALIZATION, CIM_NAMESPACE_CIMV2);
  return cli->options.mof ? found : 0;
}

gboolean
cli_run_schema (Cli *cli, GError **error)
{
  g_autoptr (GString) mof = g_string_new (NULL);
  unsigned chosen = chosen_namespaces (cli, error);

  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    if (chosen & namespaces[i])
      {
        g_string_append (mof, mof->len > 0 ? "\n" : "");
        cim_mof_append_namespace (mof, cim_schema_get (), namespaces[i]);
      }
  if (cli->options.json)
    write_answer (cli, mof->str);
  else
    cli_output_puts (&cli->out, mof->str);
  return chosen != 0;
}
