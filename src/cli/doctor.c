/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn doctor. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/table.h"

static void
write_finding (CliJson *json, const CairnFinding *finding)
{
  cli_json_begin_object (json);
  cli_json_key (json, "VM");
  cli_json_string (json, finding->vm);
  cli_json_key (json, "Kind");
  cli_json_string (json, cairn_finding_kind_name (finding->kind));
  cli_json_key (json, "Object");
  cli_json_string (json, finding->object);
  cli_json_key (json, "Sentence");
  cli_json_string (json, finding->sentence);
  cli_json_key (json, "Repaired");
  cli_json_bool (json, finding->repaired);
  cli_json_end_object (json);
}

static void
write_answer (Cli *cli, const GPtrArray *findings)
{
  CliJson json;

  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ReturnValue");
  cli_json_int (&json, 0);
  cli_json_key (&json, "Findings");
  cli_json_begin_array (&json);
  for (guint i = 0; i < findings->len; i++)
    write_finding (&json, findings->pdata[i]);
  cli_json_end_array (&json);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

static void
print_answer (Cli *cli, const GPtrArray *findings)
{
  static const char *const headings[] = { "VM", "KIND", "OBJECT", "REPAIRED", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  if (findings->len == 0)
    {
      cli_output_puts (&cli->out, "Nothing found.\n");
      return;
    }
  for (guint i = 0; i < findings->len; i++)
    {
      const CairnFinding *finding = findings->pdata[i];

      cli_table_add (table, finding->vm);
      cli_table_add (table, cairn_finding_kind_name (finding->kind));
      cli_table_add (table, finding->object);
      cli_table_add (table, finding->repaired ? "yes" : "no");
    }
  cli_table_print (table, &cli->out);
  /* Sentences below the table, or nobody could read it. */
  for (guint i = 0; i < findings->len; i++)
    {
      const CairnFinding *finding = findings->pdata[i];

      cli_output_shown (&cli->out, finding->vm);
      cli_output_puts (&cli->out, ": ");
      cli_output_shown (&cli->out, finding->sentence);
      cli_output_puts (&cli->out, "\n");
    }
}

gboolean
cli_run_doctor (Cli *cli, GError **error)
{
  CairnDoctorOptions options
      = { .repair = cli->options.repair, .foreign = (const char *const *)cli->options.foreign };
  const char *vm = cli->args[0];
  g_autoptr (CliProgress) progress = NULL;
  g_autoptr (GPtrArray) findings = NULL;
  CairnService *service;

  if (options.foreign && !options.repair)
    {
      cli_set_usage_error (cli, error, "--foreign says what --repair may remove; give both");
      return FALSE;
    }
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  progress = cli_progress_begin ("examining", vm ? vm : "all VMs");
  if (!cairn_service_doctor (service, vm, &options, &findings, error))
    return FALSE;
  for (guint i = 0; i < findings->len; i++)
    cli->is_unwell |= cairn_finding_is_open (findings->pdata[i]);
  if (cli->options.json)
    write_answer (cli, findings);
  else
    print_answer (cli, findings);
  return TRUE;
}
