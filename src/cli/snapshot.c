/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn freeze, convert, discard: recovery checkpoints begun and ended. */
#include "cli/cli.h"

#include <string.h>

#include "cli/progress.h"
#include "cli/table.h"

/* No clock of anybody's goes on for longer, and the sum with today's date doesn't overflow. */
#define LEASE_LIMIT_SECONDS (UINT64_C (100) * 366 * 24 * 60 * 60)

/* Milliseconds of "90", "90s", "30m", "24h", "7d". */
static gboolean
parse_lease (Cli *cli, const char *text, int64_t *lease_ms, GError **error)
{
  static const struct
  {
    char letter;
    unsigned seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 } };
  g_autofree char *digits = g_strdup (text);
  size_t length = strlen (digits);
  unsigned factor = 1;
  uint64_t number;

  for (size_t i = 0; i < G_N_ELEMENTS (units); i++)
    if (length > 1 && digits[length - 1] == units[i].letter)
      {
        digits[length - 1] = '\0';
        factor = units[i].seconds;
        break;
      }
  if (cli_number (digits, &number) && number > 0 && number <= LEASE_LIMIT_SECONDS / factor)
    {
      *lease_ms = (int64_t)(number * factor * 1000);
      return TRUE;
    }
  cli_set_usage_error (
      cli, error, "--lease '%s' isn't a time of up to 100 years (90, 90s, 30m, 24h, 7d)", text);
  return FALSE;
}

static gboolean
parse_pid (Cli *cli, const char *text, int64_t *pid, GError **error)
{
  uint64_t number;

  if (cli_number (text, &number) && number > 0 && number <= G_MAXINT)
    {
      *pid = (int64_t)number;
      return TRUE;
    }
  cli_set_usage_error (cli, error, "--while '%s' isn't the number of a process", text);
  return FALSE;
}

static gboolean
parse_options (Cli *cli, CairnFreezeOptions *options, GError **error)
{
  const CliOptions *given = &cli->options;

  *options = (CairnFreezeOptions){ .consistency = CAIRN_CONSISTENCY_CRASH,
                                   .owner = given->owner,
                                   .label = given->label };
  return cli_parse_consistency (cli, given->consistency, &options->consistency, error)
         && (!given->lease || parse_lease (cli, given->lease, &options->lease_ms, error))
         && (!given->while_ || parse_pid (cli, given->while_, &options->while_pid, error))
         && cli_require_utf8 ("owner", given->owner, error)
         && cli_require_utf8 ("label", given->label, error);
}

static void
write_answer (Cli *cli, const CairnSnapshot *snapshot)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_write_snapshot_ids (&json, snapshot);
  cli_write_snapshot_lease (&json, snapshot);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

static void
print_answer (Cli *cli, const CairnSnapshot *snapshot)
{
  static const char *const headings[] = { "DISK", "SIZE", "ADDRESS", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);
  g_autofree char *expires = cli_time_short (snapshot->expires_ms);

  cli_output_printf (&cli->out, "Frozen until %s: %s\n", expires, snapshot->instance_id);
  for (guint i = 0; i < snapshot->disks->len; i++)
    {
      const CairnFrozenDisk *disk = snapshot->disks->pdata[i];

      cli_table_add (table, disk->target);
      cli_table_take (table, cli_size (disk->virtual_size_bytes));
      cli_table_add (table, disk->address);
    }
  cli_table_print (table, &cli->out);
}

gboolean
cli_run_freeze (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnSnapshot) snapshot = NULL;
  CairnFreezeOptions options;
  CairnService *service;

  if (!parse_options (cli, &options, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("freezing", cli->args[0]);
  if (!cairn_service_create_snapshot (service, cli->args[0], &options, &snapshot, error))
    return FALSE;
  if (cli->options.json)
    write_answer (cli, snapshot);
  else
    print_answer (cli, snapshot);
  return TRUE;
}

gboolean
cli_run_convert (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnPoint) point = NULL;
  CairnService *service = cli_service (cli, error);
  CliJson json;

  if (!service)
    return FALSE;
  progress = cli_progress_begin ("converting recovery checkpoint", cli->args[0]);
  if (!cairn_service_convert_to_reference_point (service, cli->args[0], &point, error))
    return FALSE;
  if (!cli->options.json)
    {
      cli_output_printf (&cli->out, "Created %s\n", point->instance_id);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ReferencePoint");
  cli_json_string (&json, point->instance_id);
  cli_json_end_object (&json);
  cli_json_end (&json);
  return TRUE;
}

gboolean
cli_run_discard (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  CairnService *service;

  if (!cli_require_utf8 ("owner", cli->options.owner, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("discarding recovery checkpoint", cli->args[0]);
  if (!cairn_service_destroy_snapshot (service, cli->args[0], cli->options.owner,
                                       cli->options.force, error))
    return FALSE;
  cli_answer_done (cli, "Recovery checkpoint '%s' has ended, and nothing of it remains.",
                   cli->args[0]);
  return TRUE;
}
