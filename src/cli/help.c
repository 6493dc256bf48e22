/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Usage lines and help. */
#include "cli/cli.h"

static const char introduction[]
    = "Usage: cairn [--store=URI] [--connect=URI] [--json] [--verbose] COMMAND\n"
      "\n"
      "Reference points of QEMU/KVM virtual machines: known places in the life of their disks,\n"
      "from which everything that changed since can be told.\n"
      "\n"
      "Commands:\n";

static const char conclusion[]
    = "\n"
      "Options, before or after the command:\n"
      "  --store=URI    sqlite:PATH; default $CAIRN_STORE, else /var/lib/cairn/cairn.db for root\n"
      "                 and $XDG_STATE_HOME/cairn/cairn.db for others\n"
      "  --connect=URI  images: (VMs made known with 'cairn vm add'); default $CAIRN_CONNECT,\n"
      "                 else what cairn.conf says, else images:\n"
      "  --json         answer in JSON\n"
      "  --verbose      tell people more (no effect on JSON)\n"
      "  --help, --version\n"
      "\n"
      "VM is a name or a GUID, POINT an InstanceID or the point's GUID. Exit status: 0 done,\n"
      "1 failed (one line on standard error says why), 2 wrong usage.\n"
      "'cairn help COMMAND' explains one command, 'man cairn' all.\n";

/* "VM [GUID]": arguments that may be left out in brackets. */
static void
append_arguments (GString *text, const CliCommand *command)
{
  g_auto (GStrv) names = g_strsplit (command->arguments, " ", -1);

  for (unsigned i = 0; names[i] && *names[i]; i++)
    g_string_append_printf (text, i < command->n_min ? " %s" : " [%s]", names[i]);
}

/* "vm add" */
static char *
full_name (const CliCommand *command)
{
  return command->noun ? g_strdup_printf ("%s %s", command->noun, command->name)
                       : g_strdup (command->name);
}

char *
cli_command_usage (const CliCommand *command)
{
  g_autofree char *name = full_name (command);
  GString *text = g_string_new ("cairn ");

  g_string_append (text, name);
  append_arguments (text, command);
  if (*command->option_text)
    g_string_append_printf (text, " %s", command->option_text);
  return g_string_free (text, FALSE);
}

/* Commands of NOUN, or all (NULL). */
static void
print_commands (CliOutput *out, const char *noun)
{
  for (const CliCommand *command = cli_commands; command->name; command++)
    {
      g_autofree char *name = full_name (command);
      g_autoptr (GString) call = g_string_new (name);

      if (noun && g_strcmp0 (noun, command->noun) != 0)
        continue;
      append_arguments (call, command);
      cli_output_printf (out, "  %-44s %s\n", call->str, command->summary);
    }
}

gboolean
cli_help (Cli *cli, GError **error)
{
  g_autofree char *usage = NULL;

  if (!cli->command)
    {
      cli_output_puts (&cli->out, introduction);
      print_commands (&cli->out, NULL);
      cli_output_puts (&cli->out, conclusion);
      return TRUE;
    }
  usage = cli_command_usage (cli->command);
  cli_output_printf (&cli->out, "Usage: %s\n\n%s\n", usage, cli->command->summary);
  return TRUE;
}

gboolean
cli_run_help (Cli *cli, GError **error)
{
  const char *word = cli->args[0];
  const char *second = cli->n_args > 1 ? cli->args[1] : NULL;
  const CliCommand *found;

  if (word && !second && cli_command_is_noun (word))
    {
      print_commands (&cli->out, word);
      return TRUE;
    }
  found = second ? cli_command_find (word, second) : cli_command_find (NULL, word);
  if (word && !found)
    {
      cli_set_usage_error (cli, error, "no command '%s%s%s'", word, second ? " " : "",
                           second ? second : "");
      return FALSE;
    }
  cli->command = found;
  return cli_help (cli, error);
}
