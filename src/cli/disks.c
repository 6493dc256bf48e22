/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts of disks, names, times and short answers, written and printed. */
#include "cli/cli.h"

#include <stdarg.h>
#include <time.h>

#include "cli/table.h"

void
cli_write_texts (CliJson *json, const char *key, const GPtrArray *texts)
{
  cli_json_key (json, key);
  cli_json_begin_array (json);
  for (guint i = 0; i < texts->len; i++)
    cli_json_string (json, texts->pdata[i]);
  cli_json_end_array (json);
}

void
cli_keep_disks (Cli *cli, GPtrArray *disks)
{
  g_clear_pointer (&cli->disks, g_ptr_array_unref);
  cli->disks = disks;
}

void
cli_write_kept_disks (Cli *cli, CliJson *json)
{
  cli_json_key (json, "Disks");
  cli_json_begin_array (json);
  if (cli->disks && cli->write_disks)
    cli->write_disks (json, cli->disks);
  cli_json_end_array (json);
}

static void
write_verdict (CliJson *json, const CairnDiskVerdict *verdict, gboolean with_path)
{
  cli_json_begin_object (json);
  cli_json_key (json, "Target");
  cli_json_string (json, verdict->target);
  if (with_path)
    {
      cli_json_key (json, "Path");
      cli_json_string (json, verdict->path);
    }
  cli_json_key (json, "Verdict");
  cli_json_string (json, cairn_verdict_name (verdict->verdict));
  cli_json_key (json, "Reason");
  cli_json_string (json, verdict->reason);
  cli_json_end_object (json);
}

void
cli_write_verdicts (CliJson *json, GPtrArray *verdicts)
{
  for (guint i = 0; i < verdicts->len; i++)
    write_verdict (json, verdicts->pdata[i], TRUE);
}

void
cli_write_verdicts_without_path (CliJson *json, GPtrArray *verdicts)
{
  for (guint i = 0; i < verdicts->len; i++)
    write_verdict (json, verdicts->pdata[i], FALSE);
}

void
cli_print_verdicts (Cli *cli, GPtrArray *verdicts)
{
  static const char *const headings[] = { "DISK", "VERDICT", "PATH", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  if (verdicts->len == 0)
    return;
  for (guint i = 0; i < verdicts->len; i++)
    {
      const CairnDiskVerdict *verdict = verdicts->pdata[i];

      cli_table_add (table, verdict->target);
      cli_table_add (table, cairn_verdict_name (verdict->verdict));
      cli_table_add (table, verdict->path);
    }
  cli_table_print (table, &cli->out);
  /* Reasons are sentences: below the table, or nobody could read it. */
  for (guint i = 0; i < verdicts->len; i++)
    {
      const CairnDiskVerdict *verdict = verdicts->pdata[i];

      if (!*verdict->reason)
        continue;
      cli_output_shown (&cli->out, verdict->target);
      cli_output_puts (&cli->out, ": ");
      cli_output_shown (&cli->out, verdict->reason);
      cli_output_puts (&cli->out, "\n");
    }
}

void
cli_answer_done (Cli *cli, const char *sentence, ...)
{
  g_autofree char *text = NULL;
  CliJson json;
  va_list args;

  if (cli->options.json)
    {
      cli_json_init (&json, &cli->out);
      cli_json_begin_object (&json);
      cli_json_key (&json, "ReturnValue");
      cli_json_int (&json, 0);
      cli_json_end_object (&json);
      cli_json_end (&json);
      return;
    }
  va_start (args, sentence);
  text = g_strdup_vprintf (sentence, args);
  va_end (args);
  cli_output_shown (&cli->out, text);
  cli_output_puts (&cli->out, "\n");
}

const char *
cli_vm_name (const GPtrArray *vms, const char *guid)
{
  for (guint i = 0; vms && i < vms->len; i++)
    if (g_ascii_strcasecmp (((CairnVm *)vms->pdata[i])->guid, guid) == 0)
      return ((CairnVm *)vms->pdata[i])->name;
  return guid;
}

#define FIRST_SECOND G_GINT64_CONSTANT (-62135596800) /* 0001-01-01: RFC 3339 has 4-digit years */
#define LAST_SECOND  G_GINT64_CONSTANT (253402300799) /* 9999-12-31 */

static void
split_time (int64_t ms, struct tm *parts, unsigned *milliseconds)
{
  int64_t second = ms / 1000 - (ms % 1000 < 0);
  time_t bounded = (time_t)CLAMP (second, FIRST_SECOND, LAST_SECOND);

  gmtime_r (&bounded, parts);
  *milliseconds = (unsigned)(ms - second * 1000);
}

char *
cli_time (int64_t ms)
{
  struct tm t;
  unsigned milliseconds;

  split_time (ms, &t, &milliseconds);
  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", t.tm_year + 1900, t.tm_mon + 1,
                          t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, milliseconds);
}

char *
cli_time_short (int64_t ms)
{
  struct tm t;
  unsigned milliseconds;

  split_time (ms, &t, &milliseconds);
  return g_strdup_printf ("%04d-%02d-%02d %02d:%02d:%02d UTC", t.tm_year + 1900, t.tm_mon + 1,
                          t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}
