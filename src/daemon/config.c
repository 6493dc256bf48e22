/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's part of cairn.conf, from one table of keys. */
#include "daemon/config.h"

#include <stddef.h>
#include <string.h>

#include <cairn/error.h>

typedef struct
{
  const char *group, *key;
  size_t text;   /* offset of a char *, or 0 */
  size_t number; /* offset of a guint, or 0 */
  const char *fallback;
  guint least, most; /* of a number */
  gboolean is_path;  /* an absolute one: where cairnd is started from doesn't matter */
} Key;

#define TEXT(group, key, member, fallback)                                                         \
  {                                                                                                \
    group, key, 1 + offsetof (CairndConfig, member), 0, fallback, 0, 0, FALSE                      \
  }
#define PATH(group, key, member, fallback)                                                         \
  {                                                                                                \
    group, key, 1 + offsetof (CairndConfig, member), 0, fallback, 0, 0, TRUE                       \
  }
#define NUMBER(group, key, member, fallback, least, most)                                          \
  {                                                                                                \
    group, key, 0, 1 + offsetof (CairndConfig, member), fallback, least, most, FALSE               \
  }
#define ADDRESS(key, listener) TEXT ("listen", key, addresses[listener], NULL)

/* docs/service.md and cairnd(8) tell what each is for. */
static const Key keys[] = {
  ADDRESS ("wsman", CAIRN_HTTP_WSMAN),
  ADDRESS ("wsman-tls", CAIRN_HTTP_WSMAN_TLS),
  ADDRESS ("cimxml", CAIRN_HTTP_CIMXML),
  ADDRESS ("cimxml-tls", CAIRN_HTTP_CIMXML_TLS),
  PATH ("listen", "unix", addresses[CAIRN_HTTP_UNIX], NULL),
  ADDRESS ("metrics", CAIRN_HTTP_METRICS),
  TEXT ("listen", "name", server_name, NULL),
  PATH ("tls", "certificate", certificate, "/var/lib/cairn/cairnd.pem"),
  PATH ("tls", "key", key, "/var/lib/cairn/cairnd.key"),
  PATH ("tls", "client-ca", client_ca, NULL),
  PATH ("tls", "client-users", client_users, NULL),
  TEXT ("store", "uri", store_uri, NULL),
  TEXT ("hypervisor", "connect", connect_uri, NULL),
  TEXT ("auth", "pam-service", pam_service, "cairnd"),
  PATH ("auth", "password-file", password_file, NULL),
  NUMBER ("jobs", "synchronous-ms", synchronous_ms, "200", 0, 60000),
  NUMBER ("jobs", "lease-seconds", lease_seconds, "86400", 1, 31536000),
  NUMBER ("limits", "threads", threads, "0", 0, 64),
  NUMBER ("limits", "workers", workers, "16", 1, 256),
  NUMBER ("limits", "request-bytes", request_bytes, "1048576", 1, 16777216),
  NUMBER ("limits", "connections", connections, "1024", 1, 100000),
  NUMBER ("limits", "connections-per-address", connections_per_address, "256", 1, 100000),
  NUMBER ("limits", "idle-seconds", idle_seconds, "60", 1, 3600),
};

static char **
text_of (const CairndConfig *config, const Key *key)
{
  return (char **)((char *)config + (key->text - 1));
}

static guint *
number_of (const CairndConfig *config, const Key *key)
{
  return (guint *)((char *)config + (key->number - 1));
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER, format, args);
  va_end (args);
  return FALSE;
}

/* An empty value is the same as none: off. */
static gboolean
take (CairndConfig *config, const Key *key, const char *value, const char *file, GError **error)
{
  guint64 number = 0;

  if (key->text)
    {
      *text_of (config, key) = value && *value ? g_strdup (value) : NULL;
      return !key->is_path || !value || !*value || g_path_is_absolute (value)
             || fail (error, "configuration '%s': [%s] %s is '%s'; give a path from / on", file,
                      key->group, key->key, value);
    }
  if (!g_ascii_string_to_unsigned (value, 10, key->least, key->most, &number, NULL))
    return fail (error, "configuration '%s': [%s] %s is '%s'; give a number from %u to %u", file,
                 key->group, key->key, value, key->least, key->most);
  *number_of (config, key) = (guint)number;
  return TRUE;
}

static gboolean
is_known (const char *group, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].key, name))
      return TRUE;
  return FALSE;
}

static gboolean
is_ours (const char *group)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group))
      return TRUE;
  return FALSE;
}

static gboolean
check_known (GKeyFile *parsed, const char *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (parsed, NULL);

  for (char **group = groups; *group; group++)
    {
      g_auto (GStrv) found = g_key_file_get_keys (parsed, *group, NULL, NULL);

      if (!is_ours (*group))
        continue; /* the engine's, which judges it */
      for (char **key = found; key && *key; key++)
        if (!is_known (*group, *key))
          return fail (error,
                       "configuration '%s': [%s] has no key '%s'; correct it (docs/service.md "
                       "lists them)",
                       file, *group, *key);
    }
  return TRUE;
}

static GKeyFile *
parse (const char *file, gboolean may_be_absent, GError **error)
{
  g_autoptr (GKeyFile) parsed = g_key_file_new ();
  g_autoptr (GError) cause = NULL;

  if (g_key_file_load_from_file (parsed, file, G_KEY_FILE_KEEP_TRANSLATIONS, &cause)
      || (may_be_absent && g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)))
    return g_steal_pointer (&parsed);
  fail (error, "configuration '%s' can't be read: %s; correct it, or name another with --config",
        file, cause->message);
  return NULL;
}

CairndConfig *
cairnd_config_load (const char *file, gboolean may_be_absent, GError **error)
{
  g_autoptr (GKeyFile) parsed = parse (file, may_be_absent, error);
  g_autoptr (CairndConfig) config = g_new0 (CairndConfig, 1);

  if (!parsed || !check_known (parsed, file, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *value = g_key_file_get_string (parsed, keys[i].group, keys[i].key, NULL);

      if (value)
        g_strstrip (value);
      if (!take (config, &keys[i], value ? value : keys[i].fallback, file, error))
        return NULL;
    }
  if (config->client_ca && !config->client_users)
    return fail (error,
                 "configuration '%s': [tls] client-ca has no client-users beside it, so that no "
                 "certificate would be anybody's; name the map, or remove client-ca",
                 file),
           NULL;
  return g_steal_pointer (&config);
}

void
cairnd_config_free (CairndConfig *config)
{
  if (!config)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].text)
      g_free (*text_of (config, &keys[i]));
  g_free (config);
}

char *
cairnd_config_describe (const CairndConfig *config)
{
  GString *out = g_string_new (NULL);
  const char *group = "";

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const Key *key = &keys[i];
      const char *text = key->text ? *text_of (config, key) : NULL;

      if (!g_str_equal (group, key->group))
        g_string_append_printf (out, "%s[%s]\n", out->len ? "\n" : "", key->group);
      group = key->group;
      if (key->text)
        g_string_append_printf (out, "%s=%s\n", key->key, text ? text : "");
      else
        g_string_append_printf (out, "%s=%u\n", key->key, *number_of (config, key));
    }
  return g_string_free (out, FALSE);
}
