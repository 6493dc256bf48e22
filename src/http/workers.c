/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads for work that blocks. */
#include "http/workers.h"

struct HttpWorkers
{
  GThreadPool *pool;
  gint n_waiting;
  gint n_waiting_max;
};

static void
run (gpointer data, gpointer user)
{
  HttpTask *task = data;
  HttpWorkers *workers = user;

  g_atomic_int_add (&workers->n_waiting, -1);
  task->run (task);
}

HttpWorkers *
http_workers_new (guint n_threads, guint n_waiting_max, GError **error)
{
  HttpWorkers *workers = g_new0 (HttpWorkers, 1);

  workers->n_waiting_max = (gint)n_waiting_max;
  workers->pool = g_thread_pool_new (run, workers, (gint)n_threads, TRUE, error);
  if (!workers->pool)
    g_clear_pointer (&workers, http_workers_free);
  return workers;
}

void
http_workers_free (HttpWorkers *workers)
{
  if (!workers)
    return;
  if (workers->pool)
    g_thread_pool_free (workers->pool, FALSE, TRUE);
  g_free (workers);
}

gboolean
http_workers_try (HttpWorkers *workers, HttpTask *task)
{
  if (g_atomic_int_add (&workers->n_waiting, 1) >= workers->n_waiting_max)
    {
      g_atomic_int_add (&workers->n_waiting, -1);
      return FALSE;
    }
  g_thread_pool_push (workers->pool, task, NULL);
  return TRUE;
}

void
http_workers_push (HttpWorkers *workers, HttpTask *task)
{
  g_atomic_int_add (&workers->n_waiting, 1);
  g_thread_pool_push (workers->pool, task, NULL);
}
