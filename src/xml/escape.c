/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text -> XML. */
#include "xml/xml.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What stands for a byte; NULL: itself. Bytes from 0x80 on are looked at as characters. A carriage
 * return would be read as a line feed. */
static const char *const escapes[0x80] = {
  /* clang-format off */
  [0x01] = REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT,
  [0x0b] = REPLACEMENT, REPLACEMENT, "&#13;", REPLACEMENT, REPLACEMENT,
  [0x10] = REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT,
  [0x18] = REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT, REPLACEMENT,
  ['"'] = "&quot;", ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
  /* clang-format on */
};

/* The length of the character at AT, of more than one byte; 0: it isn't one, or XML hasn't got it.
 */
static gsize
character_bytes (const char *at)
{
  gunichar c = g_utf8_get_char_validated (at, -1);

  if (c == (gunichar)-1 || c == (gunichar)-2 || c == 0xfffe || c == 0xffff)
    return 0;
  return (gsize)(g_utf8_next_char (at) - at);
}

void
cairn_xml_append_escaped (GString *out, const char *text)
{
  const char *at = text; /* from TEXT to here, nothing is to be escaped */

  for (;;)
    {
      const guchar c = (guchar)*at;
      const char *escape = c < 0x80 ? escapes[c] : NULL;
      gsize n = c < 0x80 ? 1 : character_bytes (at);

      if (c && !escape && n)
        {
          at += n;
          continue;
        }
      g_string_append_len (out, text, at - text);
      if (!c)
        return;
      g_string_append (out, escape ? escape : REPLACEMENT);
      text = ++at;
    }
}
