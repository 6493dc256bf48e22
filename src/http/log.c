/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for the daemon's log. */
#include "http/log.h"

#include <string.h>

#include "http/http.h"

#define TEXT_BYTES_MAX 128 /* longer names are an attack, not a name */

static CairnLogFunc log_func;

void
cairn_http_set_log (CairnLogFunc log)
{
  g_atomic_pointer_set (&log_func, log);
}

void
http_log (int level, const char *request_id, const char *format, ...)
{
  CairnLogFunc log = g_atomic_pointer_get (&log_func);
  g_autofree char *line = NULL;
  va_list arguments;

  if (!log)
    return;
  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  log (level, request_id, line);
}

static void
append_escaped (GString *out, gunichar character, const char *bytes, size_t n)
{
  gboolean is_plain = character != (gunichar)-1 && character != (gunichar)-2
                      && g_unichar_isprint (character) && character != '\'' && character != '\\';

  if (is_plain)
    g_string_append_len (out, bytes, (gssize)n);
  else
    for (size_t i = 0; i < n; i++)
      g_string_append_printf (out, "\\x%02x", (guint)(guchar)bytes[i]);
}

char *
http_log_escape (const char *text)
{
  const char *end = text + strnlen (text, TEXT_BYTES_MAX);
  GString *out = g_string_new (NULL);

  for (const char *p = text; p < end;)
    {
      gunichar character = g_utf8_get_char_validated (p, end - p);
      gboolean is_valid = character != (gunichar)-1 && character != (gunichar)-2;
      size_t n = is_valid ? (size_t)g_unichar_to_utf8 (character, NULL) : 1;

      append_escaped (out, character, p, n);
      p += n;
    }
  if (*end)
    g_string_append (out, "...");
  return g_string_free (out, FALSE);
}
