/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress on a terminal. */
#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/stop.h"
#include "cli/table.h"

#define FIRST_SHOWN_US (1 * G_USEC_PER_SEC) /* what is quicker isn't long work */
#define SHOWN_EVERY_US (G_USEC_PER_SEC / 2)
#define BAR_WIDTH      20

struct CliProgress
{
  char *text;
  GThread *thread;
  GMutex lock; /* guards what follows */
  GCond ended;
  gboolean done;
  uint64_t done_bytes, total_bytes; /* total 0: nobody says */
  uint64_t first_bytes;             /* what was done already when it was said first... */
  gint64 first_us;                  /* ...and when that was */
};

static void
put (const char *line)
{
  ssize_t written = write (STDERR_FILENO, line, strlen (line));

  (void)written;
}

/* "1:02:03" or "2:03". */
static char *
format_seconds (uint64_t seconds)
{
  if (seconds >= 3600)
    return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u", seconds / 3600,
                            (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
  return g_strdup_printf ("%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

/* What there is to say after the first words, with the lock held. */
static char *
describe (const CliProgress *progress, gint64 start, gint64 now)
{
  double seconds = (double)(now - progress->first_us) / G_USEC_PER_SEC;
  double rate = seconds > 0 ? (double)(progress->done_bytes - progress->first_bytes) / seconds : 0;
  g_autofree char *speed = NULL;
  g_autofree char *left = NULL;
  char bar[BAR_WIDTH + 1];
  double part;

  if (progress->total_bytes == 0)
    return g_strdup_printf ("... %d s", (int)((now - start) / G_USEC_PER_SEC));
  part = (double)progress->done_bytes / (double)progress->total_bytes;
  for (int i = 0; i < BAR_WIDTH; i++)
    bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
  bar[BAR_WIDTH] = '\0';
  speed = cli_size ((uint64_t)rate);
  left = rate >= 1 ? format_seconds (
             (uint64_t)((double)(progress->total_bytes - progress->done_bytes) / rate))
                   : g_strdup ("?");
  return g_strdup_printf ("[%s] %d%%, %s/s, %s left", bar, (int)(part * 100), speed, left);
}

/* The whole line in one row of the terminal, or the next one couldn't wipe it: TEXT gives way. */
static char *
compose (const char *text, const char *state)
{
  struct winsize size = { 0 };
  glong columns
      = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  glong room = MAX (columns - 2 - (glong)strlen (state), 0);
  g_autofree char *cut = NULL;

  if (g_utf8_strlen (text, -1) > room)
    cut = g_utf8_substring (text, 0, room);
  return g_strdup_printf ("\r\033[K%s %s", cut ? cut : text, state);
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
        g_autofree char *state = describe (progress, start, g_get_monotonic_time ());
        g_autofree char *line = compose (progress->text, state);

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
cli_progress_set (CliProgress *progress, uint64_t done_bytes, uint64_t total_bytes)
{
  if (!progress)
    return;
  g_mutex_lock (&progress->lock);
  if (progress->total_bytes == 0)
    {
      progress->first_bytes = done_bytes;
      progress->first_us = g_get_monotonic_time ();
    }
  progress->done_bytes = MIN (done_bytes, total_bytes);
  progress->total_bytes = total_bytes;
  g_mutex_unlock (&progress->lock);
}

gboolean
cli_progress_tell (uint64_t done_bytes, uint64_t total_bytes, gpointer user)
{
  cli_progress_set (user, done_bytes, total_bytes);
  return !cli_stop_is_asked ();
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
