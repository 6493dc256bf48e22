/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error. */
#include "daemon/log.h"

#include <stdio.h>
#include <unistd.h>

/* Longer ones are cut: what a client sent may be in them. */
#define LINE_BYTES_MAX 2000

static gboolean
goes_to_journal (void)
{
  static gsize known;

  if (g_once_init_enter (&known))
    g_once_init_leave (&known, g_getenv ("JOURNAL_STREAM") ? 2 : 1);
  return known == 2;
}

static void
append_clean (GString *out, const char *line)
{
  for (; *line && out->len < LINE_BYTES_MAX; line++)
    if ((guchar)*line < ' ' || *line == 0x7f)
      g_string_append_printf (out, "\\x%02x", (guchar)*line);
    else
      g_string_append_c (out, *line);
}

void
cairnd_log_line (int level, const char *request_id, const char *line)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (goes_to_journal ())
    g_string_append_printf (out, "<%d>", level);
  else
    {
      g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
      g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ ");

      g_string_append (out, time);
    }
  if (request_id)
    g_string_append_printf (out, "[%s] ", request_id);
  append_clean (out, line);
  g_string_append_c (out, '\n');
  /* One write a line, so that threads' lines don't mix. Where it can't go, nobody can be told. */
  if (write (STDERR_FILENO, out->str, out->len) < 0)
    return;
}

void
cairnd_log (int level, const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  cairnd_log_line (level, NULL, line);
}
