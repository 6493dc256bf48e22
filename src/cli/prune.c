/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn prune. */
#include "cli/cli.h"

#include "cli/progress.h"

static gboolean
parse_options (Cli *cli, guint *keep, GError **error)
{
  uint64_t number;

  if (!cli->options.keep)
    cli_set_usage_error (cli, error, "--keep is missing");
  else if (!cli->options.owner && !g_getenv ("CAIRN_OWNER"))
    cli_set_usage_error (cli, error, "--owner is missing ('' is nobody)");
  else if (!cli_number (cli->options.keep, &number) || number > G_MAXUINT)
    cli_set_usage_error (cli, error, "--keep '%s' isn't a number of points", cli->options.keep);
  else
    {
      *keep = (guint)number;
      return cli_require_utf8 ("owner", cli->options.owner, error);
    }
  return FALSE;
}

static void
write_answer (Cli *cli, const GPtrArray *destroyed, const GPtrArray *kept)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_write_texts (&json, "Destroyed", destroyed);
  cli_write_texts (&json, "Kept", kept);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

void
cli_print_points (CliOutput *out, const char *word, const GPtrArray *points)
{
  for (guint i = 0; i < points->len; i++)
    cli_output_printf (out, "%-9s %s\n", word, (char *)points->pdata[i]);
}

static void
print_answer (CliOutput *out, const GPtrArray *destroyed, const GPtrArray *kept)
{
  cli_print_points (out, "Destroyed", destroyed);
  cli_print_points (out, "Kept", kept);
  if (destroyed->len + kept->len == 0)
    cli_output_puts (out, "That owner has no reference points of the VM.\n");
}

gboolean
cli_run_prune (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (GPtrArray) kept = NULL;
  CairnService *service;
  gboolean pruned;
  guint keep;

  if (!parse_options (cli, &keep, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("pruning the reference points of", cli->args[0]);
  pruned = cairn_service_prune (service, cli->args[0], keep, cli->options.owner, &cli->destroyed,
                                &kept, error);
  if (pruned && cli->options.json)
    write_answer (cli, cli->destroyed, kept);
  if (pruned && !cli->options.json)
    print_answer (&cli->out, cli->destroyed, kept);
  return pruned;
}
