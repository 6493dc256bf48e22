/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CIM's types as texts and numbers. */
#include "cim/type.h"

#include <errno.h>
#include <string.h>

static const struct
{
  const char *name;
  int64_t least; /* of signed ones */
  uint64_t most;
} types[] = {
  [CIM_BOOLEAN] = { "boolean", 0, 1 },
  [CIM_UINT8] = { "uint8", 0, UINT8_MAX },
  [CIM_SINT8] = { "sint8", INT8_MIN, INT8_MAX },
  [CIM_UINT16] = { "uint16", 0, UINT16_MAX },
  [CIM_SINT16] = { "sint16", INT16_MIN, INT16_MAX },
  [CIM_UINT32] = { "uint32", 0, UINT32_MAX },
  [CIM_SINT32] = { "sint32", INT32_MIN, INT32_MAX },
  [CIM_UINT64] = { "uint64", 0, UINT64_MAX },
  [CIM_SINT64] = { "sint64", INT64_MIN, INT64_MAX },
  [CIM_STRING] = { "string", 0, 0 },
  [CIM_DATETIME] = { "datetime", 0, 0 },
  [CIM_REFERENCE] = { "reference", 0, 0 },
};

const char *
cim_type_name (CimType type)
{
  return types[type].name;
}

gboolean
cim_type_parse (const char *name, CimType *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_ascii_strcasecmp (types[i].name, name) == 0)
      {
        *type = (CimType)i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
parse_boolean (const char *text, uint64_t *number)
{
  *number = g_ascii_strcasecmp (text, "true") == 0 || g_str_equal (text, "1");
  return *number || g_ascii_strcasecmp (text, "false") == 0 || g_str_equal (text, "0");
}

static gboolean
parse_signed (CimType type, const char *text, uint64_t *number)
{
  gint64 parsed = 0;

  if (!g_ascii_string_to_signed (*text == '+' ? text + 1 : text, 10, types[type].least,
                                 (gint64)types[type].most, &parsed, NULL))
    return FALSE;
  *number = (uint64_t)parsed;
  return TRUE;
}

static gboolean
parse_unsigned (CimType type, const char *text, uint64_t *number)
{
  gboolean is_hex = g_ascii_strncasecmp (text, "0x", 2) == 0;
  guint64 parsed = 0;

  if (!g_ascii_string_to_unsigned (is_hex ? text + 2 : text, is_hex ? 16 : 10, 0, types[type].most,
                                   &parsed, NULL))
    return FALSE;
  *number = parsed;
  return TRUE;
}

gboolean
cim_value_parse (CimType type, const char *text, CimValue *value)
{
  gboolean ok = TRUE;

  *value = (CimValue){ .is_set = TRUE, .n = 1 };
  if (type == CIM_BOOLEAN)
    ok = parse_boolean (text, &value->number);
  else if (cim_type_is_signed (type))
    ok = parse_signed (type, text, &value->number);
  else if (cim_type_is_number (type))
    ok = parse_unsigned (type, text, &value->number);
  else
    value->text = text;
  return ok;
}

void
cim_number_append (GString *out, CimType type, uint64_t number)
{
  char digits[24];
  char *end = digits + sizeof digits, *p = end;
  gboolean is_negative = cim_type_is_signed (type) && (int64_t)number < 0;

  if (type == CIM_BOOLEAN)
    {
      g_string_append (out, number ? "true" : "false");
      return;
    }
  if (is_negative)
    number = -number;
  do
    *--p = (char)('0' + number % 10);
  while (number /= 10);
  if (is_negative)
    *--p = '-';
  g_string_append_len (out, p, end - p);
}

void
cim_value_append (GString *out, CimType type, gboolean is_array, const CimValue *value, guint i)
{
  if (cim_type_is_number (type))
    cim_number_append (out, type, is_array ? value->numbers[i] : value->number);
  else
    g_string_append (out, is_array ? value->texts[i] : value->text);
}
