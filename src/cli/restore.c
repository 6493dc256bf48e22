/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn restore, cairn verify. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/stop.h"

/* The directories of backups, NULL-ended. */
static char **
list_directories (Cli *cli, GError **error)
{
  g_auto (GStrv) paths = g_new0 (char *, cli->n_args + 1);

  for (guint i = 0; i < cli->n_args; i++)
    {
      paths[i] = cli_path_argument (cli, i, error);
      if (!paths[i])
        return NULL;
    }
  return g_steal_pointer (&paths);
}

/* Verifies, and restores to TO unless that is NULL. */
static gboolean
read_backups (Cli *cli, const char *doing, const char *to, GPtrArray **paths, GError **error)
{
  g_auto (GStrv) directories = list_directories (cli, error);
  g_autoptr (CliProgress) progress = NULL;

  if (!directories)
    return FALSE;
  cli_stop_catch ();
  progress = cli_progress_begin (doing, cli->args[cli->n_args - 1]);
  return cairn_backup_restore ((const char *const *)directories, to, cli_progress_tell, progress,
                               paths, error);
}

static void
answer (Cli *cli, const GPtrArray *paths)
{
  CliJson json;

  if (!cli->options.json)
    {
      for (guint i = 0; i < paths->len; i++)
        {
          cli_output_puts (&cli->out, "Restored ");
          cli_output_shown (&cli->out, paths->pdata[i]);
          cli_output_puts (&cli->out, "\n");
        }
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "Files");
  cli_json_begin_array (&json);
  for (guint i = 0; i < paths->len; i++)
    cli_json_string (&json, paths->pdata[i]);
  cli_json_end_array (&json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

gboolean
cli_run_restore (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) paths = NULL;
  g_autofree char *to = NULL;

  if (!cli->options.to || !*cli->options.to)
    {
      cli_set_usage_error (cli, error, "--to is missing");
      return FALSE;
    }
  to = cli_absolute_path (cli->options.to, error);
  if (!to || !read_backups (cli, "restoring", to, &paths, error))
    return FALSE;
  answer (cli, paths);
  return TRUE;
}

gboolean
cli_run_verify (Cli *cli, GError **error)
{
  if (!read_backups (cli, "verifying", NULL, NULL, error))
    return FALSE;
  cli_answer_done (cli, "The backups are whole and fit together.");
  return TRUE;
}
