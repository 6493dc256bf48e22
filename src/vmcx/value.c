/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* value.c: the values of keys, fetched from a file object when asked for. */
#include "file.h"

#include "error.h"

static const char *
type_name (uint8_t type)
{
  static const char *const names[] = { "int", "uint", "double", "string", "array", "bool", "node" };

  return names[type - VMCX_TYPE_INT];
}

static gboolean
check_type (const VmcxKey *key, VmcxType type, GError **error)
{
  if (!key)
    return vmcx_refuse_null (error, "vmcx_key_get_*/dup_*", "key");
  if (key->type == type)
    return TRUE;
  return vmcx_refuse_plain (error, VMCX_ERROR_TYPE, key->name, "check where the file comes from",
                            "the key is of type %s and %s was expected", type_name (key->type),
                            type_name ((uint8_t)type));
}

gboolean
vmcx_key_get_int (const VmcxKey *key, int64_t *out, GError **error)
{
  if (!check_type (key, VMCX_TYPE_INT, error))
    return FALSE;
  *out = key->value.number;
  return TRUE;
}

gboolean
vmcx_key_get_uint (const VmcxKey *key, uint64_t *out, GError **error)
{
  if (!check_type (key, VMCX_TYPE_UINT, error))
    return FALSE;
  *out = key->value.bits;
  return TRUE;
}

gboolean
vmcx_key_get_double (const VmcxKey *key, double *out, GError **error)
{
  if (!check_type (key, VMCX_TYPE_DOUBLE, error))
    return FALSE;
  memcpy (out, &key->value.bits, sizeof *out);
  return TRUE;
}

gboolean
vmcx_key_get_bool (const VmcxKey *key, gboolean *out, GError **error)
{
  if (!check_type (key, VMCX_TYPE_BOOL, error))
    return FALSE;
  *out = key->value.number != 0;
  return TRUE;
}

static gboolean
refuse_memory (const VmcxKey *key, uint64_t length, GError **error)
{
  return vmcx_refuse_plain (
      error, VMCX_ERROR_NO_MEMORY, key->name, "free some memory and try again",
      "there is no memory for the value's 0x%" G_GINT64_MODIFIER "x bytes", length);
}

gboolean
vmcx_file_check_value_length (const VmcxFile *file, const VmcxKey *key, GError **error)
{
  if (key->length > file->source.limits.value_bytes)
    return vmcx_refuse (error, VMCX_ERROR_LIMIT, file->source.name, vmcx_key_file_offset (key),
                        "key entry", VMCX_REMEDY_LIMIT,
                        "its value of 0x%x bytes is more than the limit of 0x%" G_GINT64_MODIFIER
                        "x",
                        key->length, file->source.limits.value_bytes);
  return TRUE;
}

gboolean
vmcx_file_read_object (const VmcxFile *file, const VmcxKey *key, uint32_t from, void *target,
                       size_t length, GError **error)
{
  return vmcx_source_read (&file->source, key->value.object_offset + from, target, length,
                           "file object", error);
}

const uint8_t *
vmcx_key_fetch (const VmcxKey *key, uint8_t **owned, GError **error)
{
  g_autofree uint8_t *bytes = NULL;
  const VmcxFile *file;

  if (key->state & VMCX_KEY_IN_MEMORY)
    return key->value.bytes;
  file = key->owner.table->file;
  if (!vmcx_file_check_value_length (file, key, error))
    return NULL;
  if (!(key->flags & VMCX_KEY_FLAG_FILE_OBJECT))
    return key->value.bytes;
  bytes = g_try_malloc ((size_t)key->length + 1); /* + 1: an empty one isn't NULL either */
  if (!bytes)
    return refuse_memory (key, key->length, error), NULL;
  if (!vmcx_file_read_object (file, key, 0, bytes, key->length, error))
    return NULL;
  *owned = g_steal_pointer (&bytes);
  return *owned;
}

GBytes *
vmcx_key_dup_array (const VmcxKey *key, GError **error)
{
  g_autofree uint8_t *owned = NULL;
  const uint8_t *bytes;

  if (!check_type (key, VMCX_TYPE_ARRAY, error))
    return NULL;
  bytes = vmcx_key_fetch (key, &owned, error);
  if (!bytes)
    return NULL;
  if (!owned && key->length > 0)
    {
      owned = g_try_malloc (key->length);
      if (!owned)
        return refuse_memory (key, key->length, error), NULL;
      memcpy (owned, bytes, key->length);
    }
  return g_bytes_new_take (g_steal_pointer (&owned), key->length);
}

gunichar2 *
vmcx_key_dup_utf16 (const VmcxKey *key, size_t *n_units, GError **error)
{
  g_autofree uint8_t *owned = NULL;
  const uint8_t *bytes;
  gunichar2 *units;
  size_t n;

  if (!check_type (key, VMCX_TYPE_STRING, error))
    return NULL;
  bytes = vmcx_key_fetch (key, &owned, error);
  if (!bytes)
    return NULL;
  n = key->length / 2;
  units = g_try_new (gunichar2, n + 1);
  if (!units)
    return refuse_memory (key, key->length, error), NULL;
  for (size_t i = 0; i < n; i++)
    units[i] = vmcx_load_16 (bytes + 2 * i);
  if (n > 0 && units[n - 1] == 0) /* some writers store and count one */
    n--;
  units[n] = 0;
  *n_units = n;
  return units;
}

/* The code point at UNITS[*I], which is moved behind it; U+FFFD for half a pair. */
static gunichar
next_character (const gunichar2 *units, size_t n, size_t *i)
{
  gunichar2 unit = units[(*i)++];

  if (unit < 0xd800 || unit > 0xdfff)
    return unit;
  if (unit > 0xdbff || *i == n || units[*i] < 0xdc00 || units[*i] > 0xdfff)
    return 0xfffd;
  return 0x10000u + ((gunichar)(unit - 0xd800) << 10) + (gunichar)(units[(*i)++] - 0xdc00);
}

char *
vmcx_key_dup_string (const VmcxKey *key, GError **error)
{
  size_t n_units = 0, length = 0;
  g_autofree gunichar2 *units = vmcx_key_dup_utf16 (key, &n_units, error);
  g_autofree char *text = NULL;

  if (!units)
    return NULL;
  text = g_try_malloc (3 * n_units + 1); /* a unit alone takes at most 3 bytes, a pair 4 */
  if (!text)
    return refuse_memory (key, 3 * (uint64_t)n_units, error), NULL;
  for (size_t i = 0; i < n_units && units[i] != 0;)
    length += (size_t)g_unichar_to_utf8 (next_character (units, n_units, &i), text + length);
  text[length] = '\0';
  return g_steal_pointer (&text);
}
