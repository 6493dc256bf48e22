/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn backup, and the answer of all that copies disks. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/table.h"

static void
write_answer (Cli *cli, const CairnBackup *backup)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ReferencePoint");
  cli_json_string (&json, backup->instance_id);
  cli_json_key (&json, "Files");
  cli_json_begin_array (&json);
  for (guint i = 0; i < backup->files->len; i++)
    {
      const CairnBackupFile *file = backup->files->pdata[i];

      cli_json_begin_object (&json);
      cli_json_key (&json, "Target");
      cli_json_string (&json, file->target);
      cli_json_key (&json, "Path");
      cli_json_string (&json, file->path);
      cli_json_key (&json, "Kind");
      cli_json_string (&json, file->is_differential ? "differential" : "full");
      cli_json_key (&json, "Reason");
      cli_json_string (&json, file->reason);
      cli_json_end_object (&json);
    }
  cli_json_end_array (&json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

static void
print_answer (Cli *cli, const char *done, const CairnBackup *backup)
{
  cli_output_printf (&cli->out, "%s %s\n", done, backup->instance_id);
  for (guint i = 0; i < backup->files->len; i++)
    {
      const CairnBackupFile *file = backup->files->pdata[i];
      g_autofree char *size = cli_size (file->copied_bytes);

      cli_output_puts (&cli->out, "Disk '");
      cli_output_shown (&cli->out, file->target);
      cli_output_printf (&cli->out, "' %s, %s: ", file->is_differential ? "differential" : "full",
                         size);
      cli_output_shown (&cli->out, file->path);
      cli_output_puts (&cli->out, "\n");
      if (!*file->reason)
        continue;
      cli_output_puts (&cli->out, "  copied whole: ");
      cli_output_shown (&cli->out, file->reason);
      cli_output_puts (&cli->out, "\n");
    }
}

void
cli_answer_backup (Cli *cli, const char *done, const CairnBackup *backup)
{
  if (cli->options.json)
    write_answer (cli, backup);
  else
    print_answer (cli, done, backup);
}

gboolean
cli_run_backup (Cli *cli, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnBackup) backup = NULL;
  g_autofree char *directory = NULL;
  CairnBackupOptions options = { .since = cli->options.since,
                                 .owner = cli->options.owner,
                                 .label = cli->options.label,
                                 .consistency = CAIRN_CONSISTENCY_CRASH,
                                 .progress = cli_progress_tell };
  CairnService *service;

  if (!cli_parse_consistency (cli, cli->options.consistency, &options.consistency, error)
      || !cli_require_utf8 ("owner", options.owner, error)
      || !cli_require_utf8 ("label", options.label, error))
    return FALSE;
  directory = cli_path_argument (cli, 1, error);
  service = directory ? cli_service (cli, error) : NULL;
  if (!service)
    return FALSE;
  cli_stop_catch ();
  progress = cli_progress_begin ("backing up", cli->args[0]);
  options.user = progress;
  if (!cairn_service_backup (service, cli->args[0], directory, &options, &backup, error))
    return FALSE;
  cli_answer_backup (cli, "Created", backup);
  return TRUE;
}
