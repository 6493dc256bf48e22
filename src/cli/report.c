/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a run ends. */
#include "cli/report.h"

#include <string.h>
#include <unistd.h>

enum
{
  STATUS_DONE = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2,
};

void
cli_report_line (const char *text)
{
  g_autofree char *shown = cli_shown (text);
  g_autofree char *line = g_strdup_printf ("cairn: %s\n", shown);
  size_t length = strlen (line);
  ssize_t written = write (STDERR_FILENO, line, length);

  /* Nobody is left to tell about a standard error that can't be written. */
  (void)written;
}

static void
write_failure (Cli *cli, const GError *error)
{
  int code = error->domain == CAIRN_ERROR ? error->code : CAIRN_ERROR_FAILED;
  CliJson json;

  cli_json_init (&json, &cli->out);
  if (cli->write_failure)
    cli->write_failure (&json, error);
  else
    {
      cli_json_begin_object (&json);
      cli_json_key (&json, "ReturnValue");
      cli_json_int (&json, code);
      cli_json_key (&json, "Error");
      cli_json_string (&json, error->message);
      cli_write_kept_disks (cli, &json);
      if (cli->destroyed)
        cli_write_texts (&json, "Destroyed", cli->destroyed);
      cli_json_end_object (&json);
    }
  cli_json_end (&json);
}

static void
tell_failure (Cli *cli, const GError *error)
{
  g_autoptr (GError) unwritten = NULL;

  if (!cli->out.started)
    {
      cli_output_discard (&cli->out);
      if (cli->options.json)
        write_failure (cli, error);
      else if (cli->disks && cli->print_disks)
        cli->print_disks (cli, cli->disks);
      else if (cli->destroyed)
        cli_print_points (&cli->out, "Destroyed", cli->destroyed);
    }
  cli_output_finish (&cli->out, &unwritten);
  cli_report_line (error->message);
}

int
cli_report (Cli *cli, const GError *error)
{
  g_autoptr (GError) unwritten = NULL;

  if (error && error->domain == CLI_USAGE_ERROR)
    {
      cli_report_line (error->message);
      return STATUS_USAGE;
    }
  if (error)
    {
      tell_failure (cli, error);
      return STATUS_FAILED;
    }
  if (!cli_output_finish (&cli->out, &unwritten))
    {
      cli_report_line (unwritten->message);
      return STATUS_FAILED;
    }
  return cli->is_unwell ? STATUS_FAILED : STATUS_DONE;
}
