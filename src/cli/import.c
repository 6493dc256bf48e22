/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn import. */
#include "cli/cli.h"

#include "cli/progress.h"

static void
write_answer (Cli *cli, const CairnImport *result)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ReferencePoints");
  cli_json_begin_array (&json);
  for (guint i = 0; i < result->instance_ids->len; i++)
    cli_json_string (&json, result->instance_ids->pdata[i]);
  cli_json_end_array (&json);
  cli_write_kept_disks (cli, &json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

static void
print_answer (Cli *cli, const CairnImport *result)
{
  for (guint i = 0; i < result->instance_ids->len; i++)
    cli_output_printf (&cli->out, "%s %s\n", cli->options.check ? "Can be imported:" : "Imported",
                       (char *)result->instance_ids->pdata[i]);
  if (cli->disks)
    cli_print_verdicts (cli, cli->disks);
}

gboolean
cli_run_import (Cli *cli, GError **error)
{
  g_autofree char *config = cli_path_argument (cli, 1, error);
  g_autofree char *runtime = config ? cli_path_argument (cli, 2, error) : NULL;
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnImport) result = NULL;
  GPtrArray *verdicts = NULL;
  CairnImportOptions options
      = { .points = (const char *const *)cli->options.points, .check_only = cli->options.check };
  CairnService *service = runtime ? cli_service (cli, error) : NULL;
  gboolean imported;

  if (!service)
    return FALSE;
  progress = cli_progress_begin ("importing", cli->args[1]);
  imported = cairn_service_import_reference_point_metadata (service, cli->args[0], config, runtime,
                                                            &options, &result, &verdicts, error);
  cli->write_disks = cli_write_verdicts_without_path;
  cli->print_disks = cli_print_verdicts;
  cli_keep_disks (cli, verdicts);
  if (imported && cli->options.json)
    write_answer (cli, result);
  else if (imported)
    print_answer (cli, result);
  return imported;
}
