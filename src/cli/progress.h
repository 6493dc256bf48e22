/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* progress.h: on a terminal, a line that says what is being done and for how long. */
#ifndef CAIRN_CLI_PROGRESS_H
#define CAIRN_CLI_PROGRESS_H

#include <glib.h>
#include <stdint.h>

typedef struct CliProgress CliProgress;

/* Begins to show WHAT ("creating a reference point of 'web'") when it takes longer than a second,
 * on standard error if that is a terminal. NULL (nothing is shown) otherwise. The work itself stays
 * on the calling thread. */
CliProgress *cli_progress_begin (const char *what, const char *object);

/* Says how much of the work is done: the line shows that, how fast it goes and how long it will
 * take. PROGRESS may be NULL. */
void cli_progress_set (CliProgress *progress, uint64_t done_bytes, uint64_t total_bytes);

/* A CairnProgressFunc that does so, for a USER made by begin; FALSE once cli_stop_is_asked. */
gboolean cli_progress_tell (uint64_t done_bytes, uint64_t total_bytes, gpointer user);

/* Wipes the line and ends. PROGRESS may be NULL. */
void cli_progress_end (CliProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliProgress, cli_progress_end)

#endif
