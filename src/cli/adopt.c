/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn adopt. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/table.h"

static gboolean
require_options (Cli *cli, GError **error)
{
  const CliOptions *options = &cli->options;

  if (!options->disks)
    cli_set_usage_error (cli, error, "--disk is missing");
  else if (options->disks[1])
    cli_set_usage_error (cli, error, "--disk may be given once");
  else if (!options->base)
    cli_set_usage_error (cli, error, "--base is missing");
  else
    return cli_require_utf8 ("disk", options->disks[0], error);
  return FALSE;
}

static void
write_answer (Cli *cli, const CairnAdoption *adoption)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "Compared");
  cli_json_uint (&json, adoption->compared_bytes);
  cli_json_key (&json, "Differing");
  cli_json_uint (&json, adoption->differing_bytes);
  cli_write_kept_disks (cli, &json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

static void
print_answer (Cli *cli, const CairnAdoption *adoption)
{
  g_autofree char *compared = cli_size (adoption->compared_bytes);
  g_autofree char *differing = cli_size (adoption->differing_bytes);

  cli_output_puts (&cli->out, "Disk '");
  cli_output_shown (&cli->out, cli->options.disks[0]);
  if (adoption->compared_bytes > 0)
    cli_output_printf (&cli->out, "' is anchored: %s compared, %s differ.\n", compared,
                       adoption->differing_bytes ? differing : "none");
  else
    cli_output_puts (&cli->out, "' is tracked anyway: there is nothing to adopt.\n");
}

gboolean
cli_run_adopt (Cli *cli, GError **error)
{
  g_autofree char *base = NULL;
  g_autoptr (CliProgress) progress = NULL;
  CairnAdoptOptions options = { .progress = cli_progress_tell };
  CairnAdoption adoption;
  GPtrArray *disks = NULL;
  CairnService *service;
  gboolean adopted;

  if (!require_options (cli, error))
    return FALSE;
  base = cli_absolute_path (cli->options.base, error);
  service = base ? cli_service (cli, error) : NULL;
  if (!service)
    return FALSE;
  cli_stop_catch ();
  progress = cli_progress_begin ("comparing disk", cli->options.disks[0]);
  options.target = cli->options.disks[0];
  options.base = base;
  options.user = progress;
  adopted = cairn_service_adopt (service, cli->args[0], &options, &adoption, &disks, error);
  cli->write_disks = cli_write_verdicts;
  cli->print_disks = cli_print_verdicts;
  cli_keep_disks (cli, disks);
  if (adopted && cli->options.json)
    write_answer (cli, &adoption);
  else if (adopted)
    print_answer (cli, &adoption);
  return adopted;
}
