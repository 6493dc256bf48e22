/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn export. */
#include "cli/cli.h"

#include "cli/progress.h"

static gboolean
check_options (Cli *cli, GError **error)
{
  if (cli->options.all && cli->options.disks)
    {
      cli_set_usage_error (cli, error, "--all and --disk exclude each other");
      return FALSE;
    }
  if (cli->options.base)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "an export relative to base point '%s' is not supported yet; leave --base out",
                   cli->options.base);
      return FALSE;
    }
  return TRUE;
}

static void
answer (Cli *cli, const CairnExport *result)
{
  static const char *const empty_lists[] = { "ExportedDisks", "ExportedLogFilePaths" };
  CliJson json;

  if (!cli->options.json)
    {
      cli_output_puts (&cli->out, "Configuration  ");
      cli_output_shown (&cli->out, result->config_file_path);
      cli_output_puts (&cli->out, "\nRuntime state  ");
      cli_output_shown (&cli->out, result->runtime_file_path);
      cli_output_puts (&cli->out, "\n");
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ExportedConfigFilePath");
  cli_json_string (&json, result->config_file_path);
  cli_json_key (&json, "ExportedRuntimeFilePath");
  cli_json_string (&json, result->runtime_file_path);
  for (guint i = 0; i < G_N_ELEMENTS (empty_lists); i++)
    {
      cli_json_key (&json, empty_lists[i]);
      cli_json_begin_array (&json);
      cli_json_end_array (&json);
    }
  cli_json_end_object (&json);
  cli_json_end (&json);
}

gboolean
cli_run_export (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnExport) result = NULL;
  g_autofree char *directory = NULL;
  GPtrArray *verdicts = NULL;
  CairnService *service;
  gboolean exported;

  if (!check_options (cli, error))
    return FALSE;
  directory = cli_path_argument (cli, 1, error);
  service = directory ? cli_service (cli, error) : NULL;
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("exporting", cli->args[0]);
  if (cli->options.all)
    exported = cairn_service_export_all_reference_points (service, cli->args[0], directory, &result,
                                                          &verdicts, error);
  else
    exported = cairn_service_export_reference_point (service, cli->args[0], directory,
                                                     (const char *const *)cli->options.disks,
                                                     &result, &verdicts, error);
  cli->write_disks = cli_write_verdicts;
  cli->print_disks = cli_print_verdicts;
  cli_keep_disks (cli, verdicts);
  if (exported)
    answer (cli, result);
  return exported;
}
