/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends what nobody holds any more. */
#include "daemon/sweep.h"

#include "refpoint/recovery.h"

#define EVERY_S 30

struct CairndSweep
{
  CairnBackend *backend;
  GThread *thread;
  GMutex lock;
  GCond changed;
  gboolean stops;
};

static void
sweep_once (CairndSweep *sweep)
{
  CairnService *service = cairn_backend_take_service (sweep->backend, NULL);

  if (!service)
    return; /* whoever needs one is told why */
  cairn_recovery_run (service);
  cairn_backend_give_back (sweep->backend, service, FALSE);
}

/* FALSE: it is told to stop. */
static gboolean
wait (CairndSweep *sweep)
{
  gint64 until = g_get_monotonic_time () + EVERY_S * G_TIME_SPAN_SECOND;
  gboolean goes_on;

  g_mutex_lock (&sweep->lock);
  while (!sweep->stops && g_cond_wait_until (&sweep->changed, &sweep->lock, until))
    ;
  goes_on = !sweep->stops;
  g_mutex_unlock (&sweep->lock);
  return goes_on;
}

static gpointer
run (gpointer data)
{
  CairndSweep *sweep = data;

  /* Who calls first sweeps for his own call: no need to compete with him. */
  while (wait (sweep))
    sweep_once (sweep);
  return NULL;
}

CairndSweep *
cairnd_sweep_start (CairnBackend *backend)
{
  CairndSweep *sweep = g_new0 (CairndSweep, 1);

  sweep->backend = backend;
  g_mutex_init (&sweep->lock);
  g_cond_init (&sweep->changed);
  sweep->thread = g_thread_new ("sweep", run, sweep);
  return sweep;
}

void
cairnd_sweep_stop (CairndSweep *sweep)
{
  if (!sweep)
    return;
  g_mutex_lock (&sweep->lock);
  sweep->stops = TRUE;
  g_cond_signal (&sweep->changed);
  g_mutex_unlock (&sweep->lock);
  g_thread_join (sweep->thread);
  g_mutex_clear (&sweep->lock);
  g_cond_clear (&sweep->changed);
  g_free (sweep);
}
