/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as a stream. */
#include "cli/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void
cli_json_init (CliJson *json, CliOutput *out)
{
  json->out = out;
  json->need_comma = FALSE;
}

static void
separate (CliJson *json)
{
  if (json->need_comma)
    cli_output_write (json->out, ",", 1);
  json->need_comma = TRUE;
}

static void
begin (CliJson *json, const char *bracket)
{
  separate (json);
  cli_output_write (json->out, bracket, 1);
  json->need_comma = FALSE;
}

static void
end (CliJson *json, const char *bracket)
{
  cli_output_write (json->out, bracket, 1);
  json->need_comma = TRUE;
}

void
cli_json_begin_object (CliJson *json)
{
  begin (json, "{");
}

void
cli_json_end_object (CliJson *json)
{
  end (json, "}");
}

void
cli_json_begin_array (CliJson *json)
{
  begin (json, "[");
}

void
cli_json_end_array (CliJson *json)
{
  end (json, "]");
}

void
cli_json_key (CliJson *json, const char *name)
{
  separate (json);
  cli_output_write (json->out, "\"", 1);
  cli_output_puts (json->out, name);
  cli_output_write (json->out, "\":", 2);
  json->need_comma = FALSE;
}

static void
write_escape (CliJson *json, unsigned unit)
{
  static const char digits[] = "0123456789abcdef";
  const char escape[6] = { '\\',
                           'u',
                           digits[unit >> 12 & 15],
                           digits[unit >> 8 & 15],
                           digits[unit >> 4 & 15],
                           digits[unit & 15] };

  cli_output_write (json->out, escape, sizeof escape);
}

/* One character that must be escaped. */
static void
write_special (CliJson *json, unsigned char c)
{
  static const char shorts[] = "\"\"\\\\\nn\rr\tt\bb\ff";

  for (const char *p = shorts; *p; p += 2)
    if ((unsigned char)*p == c)
      {
        const char escape[2] = { '\\', p[1] };

        cli_output_write (json->out, escape, 2);
        return;
      }
  write_escape (json, c);
}

static gboolean
is_plain (unsigned char c)
{
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Writes the character at P that isn't plain; gives the place behind it. */
static const char *
write_character (CliJson *json, const char *p)
{
  gunichar c = g_utf8_get_char_validated (p, -1);
  const char *next = p + 1;

  if (c == (gunichar)-1 || c == (gunichar)-2)
    write_escape (json, 0xdc00u | (unsigned char)*p);
  else if (c < 0x80)
    write_special (json, (unsigned char)c);
  else
    {
      next = g_utf8_next_char (p);
      cli_output_write (json->out, p, (size_t)(next - p));
    }
  return next;
}

void
cli_json_string (CliJson *json, const char *text)
{
  if (!text)
    {
      cli_json_null (json);
      return;
    }
  separate (json);
  cli_output_write (json->out, "\"", 1);
  for (const char *p = text; *p;)
    {
      const char *run = p;

      while (is_plain ((unsigned char)*p))
        p++;
      cli_output_write (json->out, run, (size_t)(p - run));
      if (*p)
        p = write_character (json, p);
    }
  cli_output_write (json->out, "\"", 1);
}

/* The character that begins at units[*i], which is moved to its last unit; a lone surrogate is
 * given as it is. */
static gunichar
next_character (const gunichar2 *units, size_t n_units, size_t *i)
{
  gunichar c = units[*i];

  if ((c & 0xfc00) != 0xd800 || *i + 1 >= n_units || (units[*i + 1] & 0xfc00) != 0xdc00)
    return c;
  *i += 1;
  return 0x10000 + ((c & 0x3ff) << 10) + (units[*i] & 0x3ff);
}

void
cli_json_utf16 (CliJson *json, const gunichar2 *units, size_t n_units)
{
  char text[6];

  separate (json);
  cli_output_write (json->out, "\"", 1);
  for (size_t i = 0; i < n_units; i++)
    {
      gunichar c = next_character (units, n_units, &i);

      if (c < 0x80 && !is_plain ((unsigned char)c))
        write_special (json, (unsigned char)c);
      else if (c >= 0xd800 && c < 0xe000)
        write_escape (json, c);
      else
        cli_output_write (json->out, text, (size_t)g_unichar_to_utf8 (c, text));
    }
  cli_output_write (json->out, "\"", 1);
}

void
cli_json_hex (CliJson *json, GBytes *bytes)
{
  static const char digits[] = "0123456789abcdef";
  size_t n_bytes;
  const unsigned char *p = g_bytes_get_data (bytes, &n_bytes);

  separate (json);
  cli_output_write (json->out, "\"", 1);
  for (size_t i = 0; i < n_bytes; i++)
    {
      const char pair[2] = { digits[p[i] >> 4], digits[p[i] & 15] };

      cli_output_write (json->out, pair, 2);
    }
  cli_output_write (json->out, "\"", 1);
}

static void
write_decimal (CliJson *json, uint64_t value, gboolean negative)
{
  char text[24];
  char *p = text + sizeof text;

  do
    *--p = (char)('0' + value % 10);
  while (value /= 10);
  if (negative)
    *--p = '-';
  separate (json);
  cli_output_write (json->out, p, (size_t)(text + sizeof text - p));
}

void
cli_json_uint (CliJson *json, uint64_t value)
{
  write_decimal (json, value, FALSE);
}

void
cli_json_int (CliJson *json, int64_t value)
{
  write_decimal (json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

/* The shortest text that reads back as the same double, and shows that it is one. */
void
cli_json_double (CliJson *json, double value)
{
  char text[40];

  if (!isfinite (value))
    {
      cli_json_string (json, isnan (value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
  for (int digits = 15; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text - 2, format, value);
      if (digits == 17 || !memcmp (&(double){ g_ascii_strtod (text, NULL) }, &value, sizeof value))
        break;
    }
  if (!strpbrk (text, ".e"))
    strcat (text, ".0");
  separate (json);
  cli_output_puts (json->out, text);
}

void
cli_json_bool (CliJson *json, gboolean value)
{
  separate (json);
  cli_output_puts (json->out, value ? "true" : "false");
}

void
cli_json_null (CliJson *json)
{
  separate (json);
  cli_output_puts (json->out, "null");
}

void
cli_json_end (CliJson *json)
{
  cli_output_write (json->out, "\n", 1);
  json->need_comma = FALSE;
}
