/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress on a terminal. */
#include "cli/progress.h"

#include <string.h>
#include <unistd.h>

#include "cli/output.h"

#define FIRST_SHOWN_US (1 * G_USEC_PER_SEC) /* what is quicker isn't long work */
#define SHOWN_EVERY_US (G_USEC_PER_SEC / 2)

struct CliProgress
{
  char *text;
  GThread *thread;
  GMutex lock; /* guards done */
  GCond ended;
  gboolean done;
};

static void
put (const char *line)
{
  ssize_t written = write (STDERR_FILENO, line, strlen (line));

  (void)written;
}

static gpointer
show (gpointer user)
{
  CliProgress *progress = user;
  gint64 start = g_get_monotonic_time ();
  gint64 next = start + FIRST_SHOWN_US;
  gboolean shown = FALSE;

  g_mutex_lock (&progress->lock);
  while (!progress->done)
    if (!g_cond_wait_until (&progress->ended, &progress->lock, next))
      {
        g_autofree char *line
            = g_strdup_printf ("\r\033[K%s ... %d s", progress->text,
                               (int)((g_get_monotonic_time () - start) / G_USEC_PER_SEC));

        put (line);
        shown = TRUE;
        next += SHOWN_EVERY_US;
      }
  g_mutex_unlock (&progress->lock);
  if (shown)
    put ("\r\033[K");
  return NULL;
}

CliProgress *
cli_progress_begin (const char *what, const char *object)
{
  g_autofree char *shown = NULL;
  CliProgress *progress;

  if (!isatty (STDERR_FILENO))
    return NULL;
  shown = cli_shown (object);
  progress = g_new0 (CliProgress, 1);
  progress->text = g_strdup_printf ("%s '%s'", what, shown);
  g_mutex_init (&progress->lock);
  g_cond_init (&progress->ended);
  progress->thread = g_thread_try_new ("progress", show, progress, NULL);
  return progress;
}

void
cli_progress_end (CliProgress *progress)
{
  if (!progress)
    return;
  g_mutex_lock (&progress->lock);
  progress->done = TRUE;
  g_cond_signal (&progress->ended);
  g_mutex_unlock (&progress->lock);
  g_clear_pointer (&progress->thread, g_thread_join);
  g_mutex_clear (&progress->lock);
  g_cond_clear (&progress->ended);
  g_free (progress->text);
  g_free (progress);
}
