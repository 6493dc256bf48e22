/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn export. */
#include "cli/cli.h"

#include <string.h>

#include "cli/progress.h"
#include "cli/stop.h"

static gboolean
check_options (Cli *cli, GError **error)
{
  if (cli->options.all && (cli->options.disks || cli->options.base))
    {
      cli_set_usage_error (cli, error, "--all and %s exclude each other",
                           cli->options.disks ? "--disk" : "--base");
      return FALSE;
    }
  return TRUE;
}

/* Whether ID is that of a recovery checkpoint: "Microsoft:<GUID>"; a GUID alone may be a point's.
 */
static gboolean
find_out (CairnService *service, const char *id, gboolean *is_snapshot, GError **error)
{
  g_autoptr (CairnSnapshot) snapshot = NULL;
  g_autoptr (GError) cause = NULL;

  *is_snapshot = FALSE;
  if (strchr (id, '\\'))
    return TRUE;
  snapshot = cairn_service_get_snapshot (service, id, &cause);
  *is_snapshot = snapshot != NULL;
  if (snapshot
      || (g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER) && !strchr (id, ':')))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
export_snapshot (Cli *cli, const char *directory, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnBackup) backup = NULL;
  CairnBackupOptions options = { .since = cli->options.base,
                                 .disks = (const char *const *)cli->options.disks,
                                 .progress = cli_progress_tell };

  cli_stop_catch ();
  progress = cli_progress_begin ("exporting to", cli->args[1]);
  options.user = progress;
  if (!cairn_service_export_snapshot (cli->service, cli->args[0], directory, &options, &backup,
                                      error))
    return FALSE;
  cli_answer_backup (cli, "Exported", backup);
  return TRUE;
}

/* The disks of FILES (of CairnBackupFile; NULL = none), and parallel to them their paths. */
static void
write_logs (CliJson *json, const GPtrArray *files)
{
  cli_json_key (json, "ExportedDisks");
  cli_json_begin_array (json);
  for (guint i = 0; files && i < files->len; i++)
    cli_json_string (json, ((const CairnBackupFile *)files->pdata[i])->identifier);
  cli_json_end_array (json);
  cli_json_key (json, "ExportedLogFilePaths");
  cli_json_begin_array (json);
  for (guint i = 0; files && i < files->len; i++)
    cli_json_string (json, ((const CairnBackupFile *)files->pdata[i])->path);
  cli_json_end_array (json);
}

static void
print_file (Cli *cli, const char *what, const char *path)
{
  cli_output_puts (&cli->out, what);
  cli_output_shown (&cli->out, path);
  cli_output_puts (&cli->out, "\n");
}

static void
print_log (Cli *cli, const CairnBackupFile *file)
{
  print_file (cli, "Log            ", file->path);
  if (*file->reason)
    print_file (cli, "  whole: ", file->reason);
}

/* LOGS, of CairnBackupFile; NULL = none. */
static void
answer (Cli *cli, const char *configuration, const char *runtime, const GPtrArray *logs)
{
  CliJson json;

  if (!cli->options.json)
    {
      print_file (cli, "Configuration  ", configuration);
      print_file (cli, "Runtime state  ", runtime);
      for (guint i = 0; logs && i < logs->len; i++)
        print_log (cli, logs->pdata[i]);
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "ExportedConfigFilePath");
  cli_json_string (&json, configuration);
  cli_json_key (&json, "ExportedRuntimeFilePath");
  cli_json_string (&json, runtime);
  write_logs (&json, logs);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

/* A point's pair of files, or with --all those of a VM. */
static gboolean
export_pair (Cli *cli, const char *directory, GError **error)
{
  g_autoptr (CliProgress) progress = cli_progress_begin ("exporting", cli->args[0]);
  g_autoptr (CairnExport) result = NULL;
  GPtrArray *verdicts = NULL;
  gboolean exported;

  if (cli->options.all)
    exported = cairn_service_export_all_reference_points (cli->service, cli->args[0], directory,
                                                          &result, &verdicts, error);
  else
    exported = cairn_service_export_reference_point (cli->service, cli->args[0], directory,
                                                     (const char *const *)cli->options.disks,
                                                     &result, &verdicts, error);
  cli->write_disks = cli_write_verdicts;
  cli->print_disks = cli_print_verdicts;
  cli_keep_disks (cli, verdicts);
  if (exported)
    answer (cli, result->config_file_path, result->runtime_file_path, NULL);
  return exported;
}

/* What is kept with a log-based point. */
static gboolean
export_log (Cli *cli, const char *directory, GError **error)
{
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (CairnBackup) backup = NULL;
  CairnBackupOptions options = { .since = cli->options.base,
                                 .disks = (const char *const *)cli->options.disks,
                                 .progress = cli_progress_tell };

  cli_stop_catch ();
  progress = cli_progress_begin ("exporting to", cli->args[1]);
  options.user = progress;
  if (!cairn_service_export_log (cli->service, cli->args[0], directory, &options, &backup, error))
    return FALSE;
  answer (cli, backup->config_file_path, backup->runtime_file_path, backup->files);
  return TRUE;
}

/* A log-based point whose data was removed has no more than its pair of files. */
static gboolean
export_point (Cli *cli, const char *directory, GError **error)
{
  g_autoptr (CairnPointState) state
      = cairn_service_get_reference_point (cli->service, cli->args[0], error);

  if (!state)
    return FALSE;
  if (state->point->type == CAIRN_POINT_TYPE_LOG
      && (cli->options.base || state->point->has_associated_data))
    return export_log (cli, directory, error);
  if (!cli->options.base)
    return export_pair (cli, directory, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "reference point '%s' isn't log-based, so there is no data of its own since '%s'; "
               "leave --base out, or take `cairn backup --since`",
               state->point->instance_id, cli->options.base);
  return FALSE;
}

gboolean
cli_run_export (Cli *cli, GError **error)
{
  g_autofree char *directory = NULL;
  gboolean is_snapshot = FALSE;
  CairnService *service;

  if (!check_options (cli, error))
    return FALSE;
  directory = cli_path_argument (cli, 1, error);
  service = directory ? cli_service (cli, error) : NULL;
  if (!service || (!cli->options.all && !find_out (service, cli->args[0], &is_snapshot, error)))
    return FALSE;
  if (is_snapshot)
    return export_snapshot (cli, directory, error);
  return cli->options.all ? export_pair (cli, directory, error)
                          : export_point (cli, directory, error);
}
