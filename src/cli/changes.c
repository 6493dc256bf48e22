/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn changes. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/table.h"

static gboolean
parse_query (Cli *cli, CairnChangesQuery *query, GError **error)
{
  const CliOptions *options = &cli->options;

  *query = (CairnChangesQuery){ .target = options->disks ? options->disks[0] : NULL };
  if (options->disks && options->disks[1])
    {
      cli_set_usage_error (cli, error, "--disk may be given once");
      return FALSE;
    }
  if ((options->offset
       && !cli_parse_number (cli, "--offset", options->offset, &query->offset_bytes, error))
      || (options->length
          && !cli_parse_number (cli, "--length", options->length, &query->length_bytes, error)))
    return FALSE;
  if (options->length && query->length_bytes == 0)
    {
      cli_set_usage_error (cli, error, "--length must be more than 0");
      return FALSE;
    }
  return TRUE;
}

static void
write_extents (CliJson *json, const GArray *extents)
{
  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);

      cli_json_begin_array (json);
      cli_json_uint (json, extent->offset_bytes);
      cli_json_uint (json, extent->length_bytes);
      cli_json_end_array (json);
    }
}

static void
write_disk (CliJson *json, const CairnDiskChanges *disk)
{
  cli_json_begin_object (json);
  cli_json_key (json, "Target");
  cli_json_string (json, disk->target);
  if (!disk->is_newcomer || disk->virtual_size_bytes > 0)
    {
      cli_json_key (json, "VirtualSize");
      cli_json_uint (json, disk->virtual_size_bytes);
    }
  if (disk->extents)
    {
      cli_json_key (json, "Changes");
      cli_json_begin_array (json);
      write_extents (json, disk->extents);
      cli_json_end_array (json);
    }
  else
    {
      cli_json_key (json, "Verdict");
      cli_json_string (json, cairn_verdict_name (disk->verdict));
      cli_json_key (json, "Reason");
      cli_json_string (json, disk->reason);
    }
  cli_json_end_object (json);
}

/* The disks of the point; Disks is those and no others. */
static void
write_changes (CliJson *json, GPtrArray *disks)
{
  for (guint i = 0; i < disks->len; i++)
    if (!((const CairnDiskChanges *)disks->pdata[i])->is_newcomer)
      write_disk (json, disks->pdata[i]);
}

/* Those that came since, when there are any. */
static void
write_newcomers (CliJson *json, GPtrArray *disks)
{
  gboolean is_open = FALSE;

  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDiskChanges *disk = disks->pdata[i];

      if (!disk->is_newcomer)
        continue;
      if (!is_open)
        {
          cli_json_key (json, "OtherDisks");
          cli_json_begin_array (json);
        }
      is_open = TRUE;
      write_disk (json, disk);
    }
  if (is_open)
    cli_json_end_array (json);
}

static void
print_extents (CliOutput *out, const GArray *extents)
{
  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);
      g_autofree char *size = cli_size (extent->length_bytes);

      cli_output_printf (out,
                         "  offset %14" G_GUINT64_FORMAT "  length %12" G_GUINT64_FORMAT "  (%s)\n",
                         extent->offset_bytes, extent->length_bytes, size);
    }
}

static void
print_changes (Cli *cli, GPtrArray *disks)
{
  CliOutput *out = &cli->out;

  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDiskChanges *disk = disks->pdata[i];
      g_autofree char *size = cli_size (disk->virtual_size_bytes);
      g_autofree char *changed
          = cli_size (disk->extents ? cairn_extents_total_bytes (disk->extents) : 0);

      cli_output_shown (out, disk->target);
      if (!disk->extents)
        {
          cli_output_printf (out, ": no answer, %s: ", cairn_verdict_name (disk->verdict));
          cli_output_shown (out, disk->reason);
          cli_output_puts (out, "\n");
          continue;
        }
      cli_output_printf (out, ": %s of %s changed, %u extent%s\n",
                         disk->extents->len ? changed : "nothing", size, disk->extents->len,
                         disk->extents->len == 1 ? "" : "s");
      print_extents (out, disk->extents);
    }
}

static void
answer (Cli *cli)
{
  CliJson json;

  cli_output_commit (&cli->out);
  if (!cli->options.json)
    {
      print_changes (cli, cli->disks);
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_write_kept_disks (cli, &json);
  write_newcomers (&json, cli->disks);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

gboolean
cli_run_changes (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  CairnChangesQuery query;
  GPtrArray *disks = NULL;
  CairnService *service;
  gboolean told;

  if (!parse_query (cli, &query, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("reading the changes since", cli->args[0]);
  told = cairn_service_get_changes (service, cli->args[0], &query, &disks, error);
  cli->write_disks = write_changes;
  cli->print_disks = print_changes;
  cli_keep_disks (cli, disks);
  g_clear_pointer (&progress, cli_progress_end);
  if (told)
    answer (cli);
  return told;
}
