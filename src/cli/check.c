/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn check. */
#include "cli/cli.h"

gboolean
cli_run_check (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);
  GPtrArray *disks = service ? cairn_service_check_vm (service, cli->args[0], error) : NULL;
  CliJson json;

  if (!disks)
    return FALSE;
  cli->write_disks = cli_write_verdicts;
  cli_keep_disks (cli, disks);
  if (!cli->options.json)
    {
      cli_print_verdicts (cli, disks);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_write_kept_disks (cli, &json);
  cli_json_end_object (&json);
  cli_json_end (&json);
  return TRUE;
}
