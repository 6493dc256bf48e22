/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From argv to the command and its options.
 *
 * The command is the first word that is neither an option nor an option's value; it is taken out
 * and GLib reads the rest as one list, so options may stand anywhere. All strings are read as file
 * names: bytes, whatever the locale.
 */
#include "cli/options.h"

#include <string.h>

#define EVERYWHERE (~0u)

static const struct
{
  unsigned bit; /* CLI_OPTION_*, or EVERYWHERE */
  const char *name;
  GOptionArg type;
  size_t place;
  char short_name; /* or 0 */
} option_table[] = {
  { EVERYWHERE, "store", G_OPTION_ARG_FILENAME, offsetof (CliOptions, store) },
  { EVERYWHERE, "connect", G_OPTION_ARG_FILENAME, offsetof (CliOptions, connect) },
  { EVERYWHERE, "json", G_OPTION_ARG_NONE, offsetof (CliOptions, json) },
  { EVERYWHERE, "verbose", G_OPTION_ARG_NONE, offsetof (CliOptions, verbose) },
  { EVERYWHERE, "help", G_OPTION_ARG_NONE, offsetof (CliOptions, help), 'h' },
  { EVERYWHERE, "version", G_OPTION_ARG_NONE, offsetof (CliOptions, version) },
  { CLI_OPTION_ALL, "all", G_OPTION_ARG_NONE, offsetof (CliOptions, all) },
  { CLI_OPTION_BASE, "base", G_OPTION_ARG_FILENAME, offsetof (CliOptions, base) },
  { CLI_OPTION_CHECK, "check", G_OPTION_ARG_NONE, offsetof (CliOptions, check) },
  { CLI_OPTION_CONSISTENCY, "consistency", G_OPTION_ARG_FILENAME,
    offsetof (CliOptions, consistency) },
  { CLI_OPTION_DISK, "disk", G_OPTION_ARG_FILENAME_ARRAY, offsetof (CliOptions, disks) },
  { CLI_OPTION_FORCE, "force", G_OPTION_ARG_NONE, offsetof (CliOptions, force) },
  { CLI_OPTION_FOREIGN, "foreign", G_OPTION_ARG_FILENAME_ARRAY, offsetof (CliOptions, foreign) },
  { CLI_OPTION_KEEP, "keep", G_OPTION_ARG_FILENAME, offsetof (CliOptions, keep) },
  { CLI_OPTION_LABEL, "label", G_OPTION_ARG_FILENAME, offsetof (CliOptions, label) },
  { CLI_OPTION_LEASE, "lease", G_OPTION_ARG_FILENAME, offsetof (CliOptions, lease) },
  { CLI_OPTION_LENGTH, "length", G_OPTION_ARG_FILENAME, offsetof (CliOptions, length) },
  { CLI_OPTION_MOF, "mof", G_OPTION_ARG_NONE, offsetof (CliOptions, mof) },
  { CLI_OPTION_NAMESPACE, "namespace", G_OPTION_ARG_FILENAME, offsetof (CliOptions, namespace_) },
  { CLI_OPTION_OFFSET, "offset", G_OPTION_ARG_FILENAME, offsetof (CliOptions, offset) },
  { CLI_OPTION_OWNER, "owner", G_OPTION_ARG_FILENAME, offsetof (CliOptions, owner) },
  { CLI_OPTION_POINT, "point", G_OPTION_ARG_FILENAME_ARRAY, offsetof (CliOptions, points) },
  { CLI_OPTION_REPAIR, "repair", G_OPTION_ARG_NONE, offsetof (CliOptions, repair) },
  { CLI_OPTION_SINCE, "since", G_OPTION_ARG_FILENAME, offsetof (CliOptions, since) },
  { CLI_OPTION_TO, "to", G_OPTION_ARG_FILENAME, offsetof (CliOptions, to) },
  { CLI_OPTION_TYPE, "type", G_OPTION_ARG_FILENAME, offsetof (CliOptions, type) },
  { CLI_OPTION_UUID, "uuid", G_OPTION_ARG_FILENAME, offsetof (CliOptions, uuid) },
  { CLI_OPTION_WHILE, "while", G_OPTION_ARG_FILENAME, offsetof (CliOptions, while_) },
};

#define N_OPTIONS G_N_ELEMENTS (option_table)

void
cli_options_clear (CliOptions *options)
{
  for (size_t i = 0; i < N_OPTIONS; i++)
    {
      void *place = (char *)options + option_table[i].place;

      if (option_table[i].type == G_OPTION_ARG_FILENAME)
        g_clear_pointer ((char **)place, g_free);
      else if (option_table[i].type == G_OPTION_ARG_FILENAME_ARRAY)
        g_clear_pointer ((char ***)place, g_strfreev);
    }
}

/* The place of option ARG ("--store") in the table, or -1. */
static int
find_option (const char *arg)
{
  for (size_t i = 0; i < N_OPTIONS; i++)
    if (g_str_has_prefix (arg, "--") && strcmp (arg + 2, option_table[i].name) == 0)
      return (int)i;
  return -1;
}

/* TRUE when the argument behind ARG is ARG's value. */
static gboolean
takes_next (const char *arg)
{
  int found = find_option (arg);

  return found >= 0 && option_table[found].type != G_OPTION_ARG_NONE;
}

static gboolean
is_flag (const char *arg)
{
  int found = find_option (arg);

  return found >= 0 && option_table[found].type == G_OPTION_ARG_NONE;
}

/* Takes the first word that is neither an option nor a value out of ARGUMENTS (borrowed strings,
 * the program's name first, NULL last); NULL when there is none. */
static const char *
take_word (GPtrArray *arguments)
{
  for (guint i = 1; i + 1 < arguments->len; i++)
    {
      const char *arg = arguments->pdata[i];

      if (strcmp (arg, "--") == 0 && arguments->pdata[i + 1])
        return g_ptr_array_steal_index (arguments, i + 1);
      if (arg[0] != '-' || arg[1] == '\0')
        return g_ptr_array_steal_index (arguments, i);
      if (takes_next (arg))
        i++;
    }
  return NULL;
}

static gboolean
find_command (Cli *cli, GPtrArray *arguments, gboolean *is_noun_alone, GError **error)
{
  const char *word = take_word (arguments);
  const char *noun = NULL;

  *is_noun_alone = FALSE;
  if (!word)
    return TRUE;
  if (cli_command_is_noun (word))
    {
      noun = word;
      word = take_word (arguments);
      *is_noun_alone = !word;
      if (!word)
        return TRUE;
    }
  cli->command = cli_command_find (noun, word);
  if (!cli->command)
    cli_set_usage_error (cli, error, "no command '%s%s%s'", noun ? noun : "", noun ? " " : "",
                         word);
  return cli->command != NULL;
}

/* The entries of the options that the command knows, and of its positional arguments. */
static void
fill_entries (Cli *cli, GOptionEntry *entries)
{
  unsigned known = cli->command ? cli->command->options : 0;

  for (size_t i = 0; i < N_OPTIONS; i++)
    if (option_table[i].bit == EVERYWHERE || option_table[i].bit & known)
      *entries++ = (GOptionEntry){ .long_name = option_table[i].name,
                                   .short_name = option_table[i].short_name,
                                   .arg = option_table[i].type,
                                   .arg_data = (char *)&cli->options + option_table[i].place };
  *entries = (GOptionEntry){ .long_name = G_OPTION_REMAINING,
                             .arg = G_OPTION_ARG_FILENAME_ARRAY,
                             .arg_data = &cli->args };
}

/* GLib takes --force=no for --force. */
static gboolean
refuse_flag_values (Cli *cli, GPtrArray *arguments, GError **error)
{
  for (guint i = 1; i + 1 < arguments->len && strcmp (arguments->pdata[i], "--") != 0; i++)
    {
      const char *arg = arguments->pdata[i];
      const char *equals = strchr (arg, '=');
      g_autofree char *option = equals ? g_strndup (arg, (size_t)(equals - arg)) : NULL;

      if (takes_next (arg))
        i++;
      else if (option && is_flag (option))
        {
          cli_set_usage_error (cli, error, "%s takes no value: '%s'", option, arg);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_options (Cli *cli, GPtrArray *arguments, GError **error)
{
  GOptionEntry entries[N_OPTIONS + 2] = { 0 };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) mistake = NULL;
  char **argv = (char **)arguments->pdata;
  int argc = (int)arguments->len - 1;

  fill_entries (cli, entries);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &mistake))
    return TRUE;
  cli_set_usage_error (cli, error, "%s", mistake->message);
  return FALSE;
}

static gboolean
check_count (Cli *cli, GError **error)
{
  const CliCommand *command = cli->command;
  g_auto (GStrv) names = NULL;

  if (cli->n_args > command->n_max)
    {
      cli_set_usage_error (cli, error, "one argument too many: '%s'", cli->args[command->n_max]);
      return FALSE;
    }
  if (cli->n_args >= command->n_min)
    return TRUE;
  names = g_strsplit (command->arguments, " ", -1);
  cli_set_usage_error (cli, error, "%s is missing", names[cli->n_args]);
  return FALSE;
}

gboolean
cli_parse (Cli *cli, char **argv, GError **error)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  gboolean is_noun_alone;

  for (; *argv; argv++)
    g_ptr_array_add (arguments, *argv);
  g_ptr_array_add (arguments, NULL);
  if (!find_command (cli, arguments, &is_noun_alone, error)
      || !refuse_flag_values (cli, arguments, error) || !read_options (cli, arguments, error))
    return FALSE;
  if (!cli->args)
    cli->args = g_new0 (char *, 1);
  cli->n_args = g_strv_length (cli->args);
  if (cli->options.help || cli->options.version)
    return TRUE;
  if (cli->command)
    return check_count (cli, error);
  cli_set_usage_error (
      cli, error, is_noun_alone ? "the second word of the command is missing" : "no command given");
  return FALSE;
}
