/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads cairn.conf (GKeyFile). It restricts what callers may do, so whatever isn't understood in it
 * is refused: a slip of the pen must not lift a restriction. */
#include "refpoint/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include <cairn/error.h>

#define DEFAULT_FILE "/etc/cairn/cairn.conf"

/* One line for each of some thousand directories is 200 KiB. */
#define FILE_BYTES_MAX (1 << 20)

/* The groups that there are, and their keys as far as we read them; the others are the daemon's. */
static const struct
{
  const char *group;
  const char *keys[3]; /* none: not ours to judge */
  const char *listed;
} known[] = {
  { "paths", { "import", "export" }, "import, export" },
  { "hypervisor", { "connect" }, "connect" },
  { "listen" },
  { "store" },
  { "auth" },
  { "jobs" },
  { "tls" },
  { "limits" },
};

#define GROUPS_LISTED "paths, hypervisor, listen, tls, limits, store, auth, jobs"

static gboolean refuse (const char *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const char *file, GError **error, const char *format, ...)
{
  g_autofree char *rest = NULL;
  va_list args;

  va_start (args, format);
  rest = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER, "configuration '%s'%s", file,
               rest);
  return FALSE;
}

/* CAUSE's words without a full stop, as part of a sentence of ours: for "%.*s". */
#define PART(cause)                                                                                \
  (int)(strlen ((cause)->message) - g_str_has_suffix ((cause)->message, ".")), (cause)->message

/* The file's text, or NULL. */
static char *
read_text (const char *file, gsize *length, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = NULL;
  const char *nul;
  GStatBuf status = { 0 };

  if (g_stat (file, &status) == 0 && !S_ISREG (status.st_mode))
    return refuse (file, error, " isn't a regular file; name one"), NULL;
  if (status.st_size > FILE_BYTES_MAX)
    return refuse (file, error, " has more than %d bytes; shorten it", FILE_BYTES_MAX), NULL;
  if (!g_file_get_contents (file, &text, length, &cause))
    return refuse (file, error,
                   " can't be read: %.*s; correct that or name another in CAIRN_CONFIG",
                   PART (cause)),
           NULL;
  /* GKeyFile takes a NUL for the end: what a crash left of the file would count as empty. */
  nul = memchr (text, '\0', *length);
  if (nul)
    return refuse (file, error, " has a NUL byte at 0x%zx, as a crash leaves it; write it anew",
                   (size_t)(nul - text)),
           NULL;
  return g_steal_pointer (&text);
}

static gboolean
check_keys (GKeyFile *keys, const char *file, gsize i, GError **error)
{
  g_auto (GStrv) found = g_key_file_get_keys (keys, known[i].group, NULL, NULL);

  for (char **key = found; known[i].listed && key && *key; key++)
    {
      gsize j = 0;

      while (known[i].keys[j] && !g_str_equal (*key, known[i].keys[j]))
        j++;
      if (!known[i].keys[j])
        return refuse (file, error, ": [%s] has no key '%s'; correct it (keys: %s)", known[i].group,
                       *key, known[i].listed);
    }
  return TRUE;
}

static gboolean
check_groups (GKeyFile *keys, const char *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (char **group = groups; *group; group++)
    {
      gsize i = 0;

      while (i < G_N_ELEMENTS (known) && !g_str_equal (*group, known[i].group))
        i++;
      if (i == G_N_ELEMENTS (known))
        return refuse (file, error,
                       ": group [%s] isn't known; correct it (groups: " GROUPS_LISTED ")", *group);
      if (!check_keys (keys, file, i, error))
        return FALSE;
    }
  return TRUE;
}

/* FALSE with an error unless CAUSE is NULL or the key is absent: the value can't be understood. */
static gboolean
check_value (const char *file, const char *group, const char *key, const GError *cause,
             GError **error)
{
  if (!cause || g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND)
      || g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
    return TRUE;
  return refuse (file, error, ": the value of [%s] %s is wrong: %.*s; correct it", group, key,
                 PART (cause));
}

/* A list of absolute directories, or NULL when the key is absent. */
static gboolean
read_directories (GKeyFile *keys, const char *file, const char *key, char ***out, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_auto (GStrv) list = g_key_file_get_string_list (keys, "paths", key, NULL, &cause);

  if (!check_value (file, "paths", key, cause, error))
    return FALSE;
  for (char **p = list; p && *p; p++)
    if (!g_path_is_absolute (*p))
      return refuse (file, error,
                     ": [paths] %s has '%s', which isn't an absolute path; write the directory in "
                     "full",
                     key, *p);
  *out = g_steal_pointer (&list);
  return TRUE;
}

static gboolean
read_connect (GKeyFile *keys, const char *file, char **out, GError **error)
{
  g_autoptr (GError) cause = NULL;

  *out = g_key_file_get_string (keys, "hypervisor", "connect", &cause);
  return check_value (file, "hypervisor", "connect", cause, error);
}

static GKeyFile *
parse (const char *file, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  text = read_text (file, &length, error);
  if (!text)
    return NULL;
  /* Without KEEP_TRANSLATIONS "import[x]=" would be dropped in silence. */
  if (!g_key_file_load_from_data (keys, text, length, G_KEY_FILE_KEEP_TRANSLATIONS, &cause))
    return refuse (file, error, " can't be understood: %.*s; correct it", PART (cause)), NULL;
  return check_groups (keys, file, error) ? g_steal_pointer (&keys) : NULL;
}

static gboolean
read_keys (GKeyFile *keys, const char *file, CairnConfig *config, GError **error)
{
  return read_connect (keys, file, &config->connect, error)
         && read_directories (keys, file, "import", &config->import_paths, error)
         && read_directories (keys, file, "export", &config->export_paths, error);
}

static void
close_paths (CairnConfig *config)
{
  if (!config->import_paths)
    config->import_paths = g_new0 (char *, 1);
  if (!config->export_paths)
    config->export_paths = g_new0 (char *, 1);
}

CairnConfig *
cairn_config_load (const char *file, CairnConfigPaths unset, GError **error)
{
  const char *variable = g_getenv ("CAIRN_CONFIG");
  const char *chosen = file ? file : variable && *variable ? variable : NULL;
  g_autoptr (CairnConfig) config = g_new0 (CairnConfig, 1);

  /* Most hosts have none, and a key file costs more than the look. */
  if (chosen || g_access (DEFAULT_FILE, F_OK) == 0 || errno != ENOENT)
    {
      const char *name = chosen ? chosen : DEFAULT_FILE;
      g_autoptr (GKeyFile) keys = parse (name, error);

      if (!keys || !read_keys (keys, name, config, error))
        return NULL;
    }
  if (unset == CAIRN_CONFIG_CLOSED)
    close_paths (config);
  return g_steal_pointer (&config);
}

void
cairn_config_free (CairnConfig *config)
{
  if (!config)
    return;
  g_free (config->connect);
  g_strfreev (config->import_paths);
  g_strfreev (config->export_paths);
  g_free (config);
}
