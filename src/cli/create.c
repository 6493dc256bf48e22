/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn create. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/stop.h"

static gboolean
parse_options (Cli *cli, CairnCreateOptions *options, GError **error)
{
  static const char *const types[] = { "rct", "log" };
  static const int type_values[] = { CAIRN_POINT_TYPE_RCT, CAIRN_POINT_TYPE_LOG };
  int type = CAIRN_POINT_TYPE_RCT;
  CairnConsistency level = CAIRN_CONSISTENCY_CRASH;

  if (!cli_choose (cli, "--type", cli->options.type, types, type_values, &type, error)
      || !cli_parse_consistency (cli, cli->options.consistency, &level, error)
      || !cli_require_utf8 ("owner", cli->options.owner, error)
      || !cli_require_utf8 ("label", cli->options.label, error))
    return FALSE;
  *options = (CairnCreateOptions){ .type = (CairnPointType)type,
                                   .consistency = level,
                                   .owner = cli->options.owner,
                                   .label = cli->options.label };
  return TRUE;
}

static void
answer (Cli *cli, const CairnPoint *point)
{
  CliJson json;

  if (!cli->options.json)
    {
      cli_output_printf (&cli->out, "Created %s\n", point->instance_id);
      cli_print_verdicts (cli, cli->disks);
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ReferencePoint");
  cli_json_string (&json, point->instance_id);
  cli_write_kept_disks (cli, &json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

gboolean
cli_run_create (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnPoint) point = NULL;
  GPtrArray *disks = NULL;
  CairnCreateOptions options;
  CairnService *service;
  gboolean created;

  if (!parse_options (cli, &options, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("creating a reference point of", cli->args[0]);
  if (options.type == CAIRN_POINT_TYPE_LOG)
    {
      cli_stop_catch ();
      options.progress = cli_progress_tell;
      options.user = progress;
    }
  created = cairn_service_create_reference_point (service, cli->args[0], &options, &point, &disks,
                                                  error);
  cli->write_disks = cli_write_verdicts;
  cli->print_disks = cli_print_verdicts;
  cli_keep_disks (cli, disks);
  if (created)
    answer (cli, point);
  return created;
}
