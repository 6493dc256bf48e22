/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads single keys of a metadata file, and says what is wrong with one. */
#include "refpoint/metadata-keys.h"

#include <stdarg.h>

gboolean
cairn_metadata_refuse (GError **error, const char *path, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "file '%s' %s; export the point again and give both files of that export", path,
               what);
  return FALSE;
}

const VmcxKey *
cairn_metadata_require (const VmcxKey *node, const char *path, const char *name, GError **error)
{
  const VmcxKey *key = vmcx_key_lookup (node, name);

  if (!key)
    cairn_metadata_refuse (error, path, "lacks the key '%s' below '%s'", name,
                           vmcx_key_name (node));
  return key;
}

static gboolean
wrong_key (const char *path, const char *name, GError *cause, GError **error)
{
  g_prefix_error (&cause, "file '%s', key '%s': ", path, name);
  cairn_metadata_propagate (error, cause);
  return FALSE;
}

char *
cairn_metadata_string (const VmcxKey *node, const char *path, const char *name, GError **error)
{
  const VmcxKey *key = cairn_metadata_require (node, path, name, error);
  GError *cause = NULL;
  char *text = key ? vmcx_key_dup_string (key, &cause) : NULL;

  if (cause)
    wrong_key (path, name, cause, error);
  return text;
}

gboolean
cairn_metadata_uint (const VmcxKey *node, const char *path, const char *name, uint64_t *value,
                     GError **error)
{
  const VmcxKey *key = cairn_metadata_require (node, path, name, error);
  GError *cause = NULL;

  if (!key)
    return FALSE;
  return vmcx_key_get_uint (key, value, &cause) || wrong_key (path, name, cause, error);
}

gboolean
cairn_metadata_int (const VmcxKey *node, const char *path, const char *name, int64_t *value,
                    GError **error)
{
  const VmcxKey *key = cairn_metadata_require (node, path, name, error);
  GError *cause = NULL;

  if (!key)
    return FALSE;
  return vmcx_key_get_int (key, value, &cause) || wrong_key (path, name, cause, error);
}

GBytes *
cairn_metadata_array (const VmcxKey *key, const char *path, GError **error)
{
  GError *cause = NULL;
  GBytes *bytes = vmcx_key_dup_array (key, &cause);

  if (cause)
    wrong_key (path, vmcx_key_name (key), cause, error);
  return bytes;
}
