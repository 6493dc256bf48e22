/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* workers.h: threads for work that blocks, with a bounded queue. */
#ifndef HTTP_WORKERS_H
#define HTTP_WORKERS_H

#include <glib.h>

typedef struct HttpWorkers HttpWorkers;

/* Lies in what it works on, so that queueing allocates nothing of ours. */
typedef struct HttpTask
{
  void (*run) (struct HttpTask *task);
} HttpTask;

HttpWorkers *http_workers_new (guint n_threads, guint n_waiting_max, GError **error);

/* Runs what is queued, then ends. NULL does nothing. */
void http_workers_free (HttpWorkers *workers);

/* FALSE: as many wait as may; TASK isn't taken. */
gboolean http_workers_try (HttpWorkers *workers, HttpTask *task);

/* Beyond the bound too: for what has its own. */
void http_workers_push (HttpWorkers *workers, HttpTask *task);

#endif
