/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what was typed to what the library takes. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_PREFIX "sqlite:"

G_DEFINE_QUARK (cli_usage_error_quark, cli_usage_error)

void
cli_set_usage_error (Cli *cli, GError **error, const char *format, ...)
{
  g_autofree char *usage = cli->command ? cli_command_usage (cli->command) : NULL;
  g_autofree char *mistake = NULL;
  va_list args;

  va_start (args, format);
  mistake = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, CLI_USAGE_ERROR, 0, "%s; usage: %s", mistake,
               usage ? usage : "cairn [OPTION]... COMMAND, and 'cairn --help' lists the commands");
}

char *
cli_absolute_path (const char *path, GError **error)
{
  g_autofree char *here = NULL;
  char *cwd;

  if (!*path || g_path_is_absolute (path))
    return g_strdup (path);
  cwd = getcwd (NULL, 0);
  if (!cwd)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "path '%s' is relative, but the working directory can't be told: %s; give an "
                   "absolute path",
                   path, g_strerror (errno));
      return NULL;
    }
  here = g_strdup (strcmp (cwd, "/") == 0 ? "" : cwd);
  free (cwd);
  while (g_str_has_prefix (path, "./") && path[2] && path[2] != '/')
    path += 2;
  return g_strconcat (here, "/", path, NULL);
}

char *
cli_path_argument (Cli *cli, unsigned number, GError **error)
{
  g_auto (GStrv) names = NULL;

  if (*cli->args[number])
    return cli_absolute_path (cli->args[number], error);
  names = g_strsplit (cli->command->arguments, " ", -1);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "%s is an empty path; give the path of one that exists", names[number]);
  return NULL;
}

/* The URI of the store with an absolute path; NULL without an error for the library's default. */
static gboolean
store_uri (Cli *cli, char **uri, GError **error)
{
  const char *given = cli->options.store ? cli->options.store : g_getenv ("CAIRN_STORE");
  g_autofree char *path = NULL;

  *uri = NULL;
  if (!given || (!*given && !cli->options.store))
    return TRUE;
  if (!g_str_has_prefix (given, SQLITE_PREFIX))
    {
      *uri = g_strdup (given);
      return TRUE;
    }
  path = cli_absolute_path (given + strlen (SQLITE_PREFIX), error);
  if (!path)
    return FALSE;
  *uri = g_strconcat (SQLITE_PREFIX, path, NULL);
  return TRUE;
}

CairnService *
cli_service (Cli *cli, GError **error)
{
  g_autofree char *uri = NULL;

  if (!cli->service && store_uri (cli, &uri, error))
    cli->service = cairn_service_open (uri, cli->options.connect, error);
  return cli->service;
}

gboolean
cli_number (const char *text, uint64_t *number)
{
  guint64 found;

  if (!g_ascii_isdigit (*text)
      || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &found, NULL))
    return FALSE;
  *number = found;
  return TRUE;
}

gboolean
cli_parse_number (Cli *cli, const char *name, const char *text, uint64_t *value, GError **error)
{
  gboolean is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const char *digits = text + (is_hex ? 2 : 0);
  guint64 number;

  if (g_ascii_string_to_unsigned (digits, is_hex ? 16 : 10, 0, G_MAXUINT64, &number, NULL)
      && g_ascii_isxdigit (*digits) && !(is_hex && (digits[1] == 'x' || digits[1] == 'X')))
    {
      *value = number;
      return TRUE;
    }
  cli_set_usage_error (cli, error, "%s '%s' isn't a whole number of bytes (decimal or 0x...)", name,
                       text);
  return FALSE;
}

gboolean
cli_choose (Cli *cli, const char *option, const char *text, const char *const *names,
            const int *values, int *value, GError **error)
{
  for (unsigned i = 0; text && i < 2; i++)
    if (strcmp (text, names[i]) == 0)
      {
        *value = values[i];
        return TRUE;
      }
  if (text)
    cli_set_usage_error (cli, error, "%s '%s' is neither '%s' nor '%s'", option, text, names[0],
                         names[1]);
  return !text;
}

gboolean
cli_parse_consistency (Cli *cli, const char *text, CairnConsistency *level, GError **error)
{
  static const char *const names[] = { "crash", "application" };
  static const int values[] = { CAIRN_CONSISTENCY_CRASH, CAIRN_CONSISTENCY_APPLICATION };
  int value = *level;

  if (!cli_choose (cli, "--consistency", text, names, values, &value, error))
    return FALSE;
  *level = (CairnConsistency)value;
  return TRUE;
}

gboolean
cli_require_utf8 (const char *what, const char *text, GError **error)
{
  g_autofree char *shown = NULL;

  if (!text || g_utf8_validate (text, -1, NULL))
    return TRUE;
  shown = cli_shown (text);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "%s '%s' isn't valid UTF-8; give one that is", what, shown);
  return FALSE;
}
