/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads cairn.conf (GKeyFile). */
#include "refpoint/config.h"

#include <cairn/error.h>

#define DEFAULT_FILE "/etc/cairn/cairn.conf"

/* A list of absolute directories, or NULL when the key is absent. */
static gboolean
read_directories (GKeyFile *keys, const char *file, const char *key, char ***out, GError **error)
{
  g_auto (GStrv) list = g_key_file_get_string_list (keys, "paths", key, NULL, NULL);

  for (char **p = list; p && *p; p++)
    if (!g_path_is_absolute (*p))
      {
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                     "configuration '%s': [paths] %s has '%s', which isn't an absolute path; write "
                     "the directory in full",
                     file, key, *p);
        return FALSE;
      }
  *out = g_steal_pointer (&list);
  return TRUE;
}

CairnConfig *
cairn_config_load (GError **error)
{
  const char *chosen = g_getenv ("CAIRN_CONFIG");
  const char *file = chosen && *chosen ? chosen : DEFAULT_FILE;
  g_autoptr (CairnConfig) config = g_new0 (CairnConfig, 1);
  g_autoptr (GKeyFile) keys = NULL;
  g_autoptr (GError) cause = NULL;

  /* Most hosts have none, and a key file costs more than the look. */
  if (file != chosen && !g_file_test (file, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&config);
  keys = g_key_file_new ();
  if (!g_key_file_load_from_file (keys, file, G_KEY_FILE_NONE, &cause))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "configuration '%s' can't be read: %s; correct it or unset CAIRN_CONFIG", file,
                   cause->message);
      return NULL;
    }
  config->connect = g_key_file_get_string (keys, "hypervisor", "connect", NULL);
  if (!read_directories (keys, file, "import", &config->import_paths, error)
      || !read_directories (keys, file, "export", &config->export_paths, error))
    return NULL;
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
