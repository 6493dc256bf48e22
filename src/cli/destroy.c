/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn destroy, remove-data. */
#include "cli/cli.h"

#include "cli/progress.h"

gboolean
cli_run_destroy (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  CairnService *service;

  if (!cli_require_utf8 ("owner", cli->options.owner, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("destroying reference point", cli->args[0]);
  if (!cairn_service_destroy_reference_point (service, cli->args[0], cli->options.owner,
                                              cli->options.force, error))
    return FALSE;
  cli_answer_done (cli, "Reference point '%s' is destroyed, its bitmaps are removed%s.",
                   cli->args[0],
                   cli->options.force ? " from every image that could be reached" : "");
  return TRUE;
}

gboolean
cli_run_remove_data (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);

  if (!service || !cairn_service_remove_associated_data (service, cli->args[0], error))
    return FALSE;
  cli_answer_done (cli, "Reference point '%s' has no associated data now.", cli->args[0]);
  return TRUE;
}
