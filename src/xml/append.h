/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* append.h: text onto a GString without a call, which most of the answers' bytes are made by. */
#ifndef CAIRN_XML_APPEND_H
#define CAIRN_XML_APPEND_H

#include <glib.h>
#include <string.h>

/* Appends TEXT as it is; the length of a literal is known to the compiler. */
static inline void
cairn_xml_put (GString *out, const char *text)
{
  const gsize n = strlen (text);

  if (out->len + n >= out->allocated_len)
    {
      g_string_append_len (out, text, (gssize)n);
      return;
    }
  memcpy (out->str + out->len, text, n + 1);
  out->len += n;
}

#endif
