/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing and unquoting. */
#include "cim/text.h"

#include <string.h>

/* GLib's is a call for each character. */
static inline char
lower (char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

gunichar
cim_text_next (const char **at)
{
  const char *p = *at;
  gunichar character = (guchar)*p;

  if (character == '\0')
    return 0;
  if (character < 0x80)
    {
      *at = p + 1;
      if (character == '\\')
        *at += strspn (*at, "\\");
      return (gunichar)lower (*p);
    }
  character = g_utf8_get_char_validated (p, -1);
  if (character >= (gunichar)-2)
    {
      *at = p + 1;
      return (guchar)*p;
    }
  *at = g_utf8_next_char (p);
  return g_unichar_tolower (character);
}

int
cim_text_compare (const char *a, const char *b)
{
  gunichar of_a, of_b;

  do
    {
      while (lower (*a) == lower (*b) && g_ascii_isprint (*a) && *a != '\\')
        a++, b++;
      of_a = cim_text_next (&a);
      of_b = cim_text_next (&b);
    }
  while (of_a == of_b && of_a != 0);
  return (of_a > of_b) - (of_a < of_b);
}

static gboolean
is_escape (const char *at)
{
  return at[0] == '\\' && (at[1] == '\\' || at[1] == '"' || at[1] == '\'');
}

char *
cim_text_unescape (CairnArena *arena, const char *quoted, size_t n)
{
  char *plain = cairn_arena_strndup (arena, quoted, n), *to = plain;

  for (const char *from = plain; *from;)
    {
      if (is_escape (from))
        from++;
      *to++ = *from++;
    }
  *to = '\0';
  return plain;
}

const char *
cim_text_find_close (const char *open)
{
  for (const char *at = open + 1; *at; at++)
    {
      if (*at == *open)
        return at;
      if (is_escape (at))
        at++;
    }
  return NULL;
}

gboolean
cim_text_parse_number (const char *text, size_t n, gboolean *is_negative, uint64_t *magnitude)
{
  const char *end = text + n;
  gboolean has_minus = n > 0 && *text == '-';
  guint base = 10;

  if (n > 0 && (*text == '-' || *text == '+'))
    text++;
  if (end - text > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    {
      text += 2;
      base = 16;
    }
  if (text == end)
    return FALSE;
  *magnitude = 0;
  for (; text < end; text++)
    {
      int digit = g_ascii_xdigit_value (*text);

      if (digit < 0 || (guint)digit >= base || __builtin_mul_overflow (*magnitude, base, magnitude)
          || __builtin_add_overflow (*magnitude, (uint64_t)digit, magnitude))
        return FALSE;
    }
  *is_negative = has_minus && *magnitude > 0;
  return TRUE;
}

size_t
cim_text_name_bytes (const char *text)
{
  size_t n = 0;

  if (g_ascii_isdigit (*text))
    return 0;
  while (g_ascii_isalnum (text[n]) || text[n] == '_' || (guchar)text[n] >= 0x80)
    n++;
  return n;
}
