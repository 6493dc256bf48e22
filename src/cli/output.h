/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.h: standard output, written late and checked.
 *
 * What a command prints is held back until the command can't fail any more (cli_output_commit), so
 * that a failure never leaves half a document behind. From then on it is written in large pieces.
 * The first write error is remembered and told by cli_output_finish. One thread.
 */
#ifndef CAIRN_CLI_OUTPUT_H
#define CAIRN_CLI_OUTPUT_H

#include <glib.h>
#include <string.h>

/* One write: large enough that system calls cost nothing. */
#define CLI_OUTPUT_PIECE_BYTES (64 * 1024)

typedef struct
{
  int fd;
  char *held; /* owned; bytes not yet written */
  size_t n_held;
  size_t n_room;
  gboolean committed; /* nothing can fail any more but writing */
  gboolean started;   /* something was written */
  int write_errno;    /* of the first failed write; 0 = none */
} CliOutput;

/* OUT writes to descriptor FD. */
void cli_output_init (CliOutput *out, int fd);
void cli_output_clear (CliOutput *out);

/* Makes room for N_BYTES, writing what is held when it is much and may go out. */
void cli_output_reserve (CliOutput *out, size_t n_bytes);

/* Long lists are written a few bytes at a time: inline. */
static inline void
cli_output_write (CliOutput *out, const char *bytes, size_t n_bytes)
{
  if (n_bytes == 0)
    return;
  if (out->n_room - out->n_held < n_bytes)
    cli_output_reserve (out, n_bytes);
  memcpy (out->held + out->n_held, bytes, n_bytes);
  out->n_held += n_bytes;
}

void cli_output_puts (CliOutput *out, const char *text);
void cli_output_printf (CliOutput *out, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Text from outside, for people: control characters and bytes that aren't UTF-8 as \xNN. */
void cli_output_shown (CliOutput *out, const char *text);

/* The command can't fail any more: what is held may be written at any time. */
void cli_output_commit (CliOutput *out);

/* Writes what is held, now. FALSE when it can't be written, or an earlier piece couldn't. */
gboolean cli_output_flush (CliOutput *out);

/* Drops what is held: the command failed. */
void cli_output_discard (CliOutput *out);

/* Writes what is left. FALSE with CAIRN_ERROR_FAILED when any write failed. */
gboolean cli_output_finish (CliOutput *out, GError **error);

/* A copy of TEXT as cli_output_shown shows it; the caller frees. */
char *cli_shown (const char *text);

#endif
