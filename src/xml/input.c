/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-16 into UTF-8, and floods that are seen before they are parsed. */
#include "xml/input.h"

#include <cairn/error.h>
#include <string.h>

#include "xml/xml.h"

/* An XML declaration has three short pairs. */
#define DECLARATION_BYTES_MAX 256

static const char *
refuse (GError **error, const char *reason)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "The XML document can't be read: %s", reason);
  return NULL;
}

typedef enum
{
  UTF8, /* or something else that has no NULs */
  UTF16_LITTLE,
  UTF16_BIG,
} Form;

/* By the byte order mark, or by how a '<' looks. */
static Form
find_form (const guint8 *bytes, size_t length)
{
  if (length < 2)
    return UTF8;
  if ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == '<' && bytes[1] == 0))
    return UTF16_LITTLE;
  if ((bytes[0] == 0xfe && bytes[1] == 0xff) || (bytes[0] == 0 && bytes[1] == '<'))
    return UTF16_BIG;
  return UTF8;
}

static char *
convert_utf16 (const guint8 *bytes, size_t *length, Form form, GError **error)
{
  size_t n = *length / 2;
  g_autofree gunichar2 *units = g_new (gunichar2, n + 1);
  unsigned high = form == UTF16_LITTLE ? 1 : 0;
  glong n_read = 0, n_written = 0;
  g_autofree char *text = NULL;

  for (size_t i = 0; i < n; i++)
    units[i] = (gunichar2)(bytes[2 * i + high] << 8 | bytes[2 * i + 1 - high]);
  text = g_utf16_to_utf8 (units, (glong)n, &n_read, &n_written, NULL);
  /* The conversion ends at a NUL. */
  if (!text || n_read != (glong)n || *length % 2)
    {
      refuse (error, "it is not valid UTF-16; send it again as UTF-8");
      return NULL;
    }
  *length = (size_t)n_written;
  return g_steal_pointer (&text);
}

/* The encoding's name in an XML declaration at the start of TEXT, which is LENGTH bytes; NULL when
 * there is none. */
static char *
find_declared (const char *text, size_t length)
{
  g_autofree char *head = NULL;
  char *at, *end;

  if (length < 6 || memcmp (text, "<?xml", 5) != 0)
    return NULL;
  head = g_strndup (text, MIN (length, DECLARATION_BYTES_MAX));
  end = strstr (head, "?>");
  if (end)
    *end = '\0';
  at = strstr (head, "encoding");
  if (!at)
    return NULL;
  at += strlen ("encoding");
  at += strspn (at, " \t\r\n=\"'");
  at[strcspn (at, " \t\r\n\"'")] = '\0';
  return g_strdup (at);
}

/* libxml2 is told to ignore the declaration: what isn't UTF-8 by now must not pass for it. A
 * document that says UTF-16 and isn't was converted on its way here. */
static gboolean
check_declared (const char *text, size_t length, GError **error)
{
  static const char *const known[] = { "utf-8", "utf8", "utf-16", "utf16", "us-ascii", NULL };
  g_autofree char *declared = find_declared (text, length);
  g_autofree char *lower = declared ? g_ascii_strdown (declared, -1) : NULL;

  if (!lower || g_strv_contains (known, lower))
    return TRUE;
  refuse (error, "its encoding isn't UTF-8 or UTF-16; send it again as UTF-8");
  return FALSE;
}

/* The number of attributes of the tag that AT is in, at most; *NEXT is where to go on. */
static guint
count_attributes (const char *at, const char *end, const char **next)
{
  guint n = 0;

  for (; at < end && *at != '<' && *at != '>'; at++)
    if (*at == '=')
      n++;
    else if (*at == '"' || *at == '\'')
      {
        const char quote = *at++;

        /* A '<' can't be in a value: so every tag is looked at, whatever stands around it. */
        while (at < end && *at != quote && *at != '<')
          at++;
        if (at == end || *at == '<')
          break;
      }
  *next = at;
  return n;
}

static gboolean
check_attributes (const char *text, size_t length, GError **error)
{
  const char *end = text + length;
  const char *at = memchr (text, '<', length);

  while (at)
    {
      if (++at < end && *at != '!' && *at != '?' && *at != '/'
          && count_attributes (at, end, &at) > CAIRN_XML_ATTRIBUTES_MAX)
        {
          refuse (error, "an element has more than " G_STRINGIFY (
                             CAIRN_XML_ATTRIBUTES_MAX) " attributes; send fewer");
          return FALSE;
        }
      at = at < end ? memchr (at, '<', (size_t)(end - at)) : NULL;
    }
  return TRUE;
}

/* libxml2 knows it by the first characters ("<?xm"), whatever it is told, and would read what was
 * looked at here as something else. */
static gboolean
is_ebcdic (const char *text, size_t length)
{
  return length >= 4 && memcmp (text, "\x4c\x6f\xa7\x94", 4) == 0;
}

const char *
cairn_xml_input_prepare (const char *bytes, size_t *length_bytes, char **converted, GError **error)
{
  const char *text = bytes;
  Form form = find_form ((const guint8 *)bytes, *length_bytes);

  *converted = NULL;
  if (*length_bytes > CAIRN_XML_BYTES_MAX)
    return refuse (error, "it is longer than 1 MiB; send less at once");
  if (form != UTF8)
    {
      *converted = convert_utf16 ((const guint8 *)bytes, length_bytes, form, error);
      if (!*converted)
        return NULL;
      text = *converted;
    }
  if (*length_bytes >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      text += 3;
      *length_bytes -= 3;
    }
  if (memchr (text, '\0', *length_bytes))
    return refuse (error, "it has a NUL byte in it; leave it out");
  if (is_ebcdic (text, *length_bytes))
    return refuse (error, "its encoding isn't UTF-8 or UTF-16; send it again as UTF-8");
  if (!check_declared (text, *length_bytes, error)
      || !check_attributes (text, *length_bytes, error))
    return NULL;
  return text;
}
