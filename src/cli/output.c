/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output, written late and checked. */
#include "cli/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cairn/error.h>

void
cli_output_init (CliOutput *out, int fd)
{
  *out = (CliOutput){ .fd = fd };
}

void
cli_output_clear (CliOutput *out)
{
  g_free (out->held);
  *out = (CliOutput){ .fd = -1 };
}

static void
write_held (CliOutput *out)
{
  size_t done = 0;

  out->started |= out->n_held > 0;
  while (done < out->n_held && !out->write_errno)
    {
      ssize_t n = write (out->fd, out->held + done, out->n_held - done);

      if (n > 0)
        done += (size_t)n;
      else if (n == 0)
        out->write_errno = EIO;
      else if (errno != EINTR)
        out->write_errno = errno;
    }
  out->n_held = 0;
}

void
cli_output_reserve (CliOutput *out, size_t n_bytes)
{
  size_t room = MAX (out->n_room, CLI_OUTPUT_PIECE_BYTES);

  if (out->committed && out->n_held >= CLI_OUTPUT_PIECE_BYTES / 2)
    write_held (out);
  while (room - out->n_held < n_bytes)
    room *= 2;
  if (room == out->n_room)
    return;
  out->held = g_realloc (out->held, room);
  out->n_room = room;
}

void
cli_output_puts (CliOutput *out, const char *text)
{
  cli_output_write (out, text, strlen (text));
}

void
cli_output_printf (CliOutput *out, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  cli_output_puts (out, text);
}

char *
cli_shown (const char *text)
{
  GString *shown = g_string_new (NULL);

  for (const char *p = text; *p;)
    {
      gunichar c = g_utf8_get_char_validated (p, -1);

      if (c == (gunichar)-1 || c == (gunichar)-2)
        g_string_append_printf (shown, "\\x%02x", (unsigned char)*p++);
      else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        {
          g_string_append_printf (shown, "\\x%02x", c);
          p = g_utf8_next_char (p);
        }
      else
        {
          g_string_append_unichar (shown, c);
          p = g_utf8_next_char (p);
        }
    }
  return g_string_free (shown, FALSE);
}

void
cli_output_shown (CliOutput *out, const char *text)
{
  g_autofree char *shown = cli_shown (text);

  cli_output_puts (out, shown);
}

void
cli_output_commit (CliOutput *out)
{
  out->committed = TRUE;
}

gboolean
cli_output_flush (CliOutput *out)
{
  write_held (out);
  return out->write_errno == 0;
}

void
cli_output_discard (CliOutput *out)
{
  out->n_held = 0;
}

gboolean
cli_output_finish (CliOutput *out, GError **error)
{
  write_held (out);
  if (!out->write_errno)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "standard output can't be written: %s; the command itself was carried out",
               g_strerror (out->write_errno));
  return FALSE;
}
