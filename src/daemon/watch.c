/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of the hypervisor. */
#include "daemon/watch.h"

#include <cairn/service.h>

#include "daemon/log.h"
#include "service/open.h"

#define RETRY_S 30

struct CairndWatch
{
  char *store_uri, *connect_uri;
  GThread *thread;
  GMutex lock;
  GCond changed;
  gboolean stops;
  CairnService *service; /* while it watches */
};

static void
log_point (const CairnEvent *event, const CairnPointState *state)
{
  for (guint i = 0; i < state->disks->len; i++)
    {
      const CairnDiskVerdict *disk = state->disks->pdata[i];

      if (disk->verdict != CAIRN_VERDICT_TRACKED && disk->verdict != CAIRN_VERDICT_UNANCHORED
          && disk->verdict != CAIRN_VERDICT_BUSY)
        cairnd_log (CAIRND_LOG_WARNING, "VM '%s' (%s): point %s, disk %s: %s", event->vm_name,
                    event->what, state->point->guid, disk->target, disk->reason);
    }
}

static gboolean
happened (const CairnEvent *event, gpointer user)
{
  CairndWatch *watch = user;
  gboolean goes_on;

  if (event->cause)
    cairnd_log (CAIRND_LOG_WARNING, "VM '%s' (%s): %s", event->vm_name, event->what,
                event->cause->message);
  for (guint i = 0; event->points && i < event->points->len; i++)
    log_point (event, event->points->pdata[i]);
  g_mutex_lock (&watch->lock);
  goes_on = !watch->stops;
  g_mutex_unlock (&watch->lock);
  return goes_on;
}

/* FALSE: it is told to stop. */
static gboolean
publish (CairndWatch *watch, CairnService *service)
{
  gboolean goes_on;

  g_mutex_lock (&watch->lock);
  watch->service = service;
  goes_on = !watch->stops;
  g_mutex_unlock (&watch->lock);
  return goes_on;
}

static gboolean
wait (CairndWatch *watch)
{
  gint64 until = g_get_monotonic_time () + RETRY_S * G_TIME_SPAN_SECOND;

  g_mutex_lock (&watch->lock);
  while (!watch->stops && g_cond_wait_until (&watch->changed, &watch->lock, until))
    ;
  g_mutex_unlock (&watch->lock);
  return !watch->stops;
}

/* One connection's life. FALSE: there is nothing to watch. */
static gboolean
watch_once (CairndWatch *watch)
{
  g_autoptr (GError) error = NULL;
  CairnService *service
      = cairn_service_open_daemon (watch->store_uri, watch->connect_uri, NULL, &error);
  gboolean has_events = TRUE;

  if (service && publish (watch, service))
    cairn_service_watch (service, happened, watch, &error);
  publish (watch, NULL);
  cairn_service_close (service);
  if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED))
    has_events = FALSE;
  else if (error)
    cairnd_log (CAIRND_LOG_WARNING, "the VMs aren't watched: %s; trying again in %d s",
                error->message, RETRY_S);
  return has_events;
}

static gpointer
run (gpointer data)
{
  CairndWatch *watch = data;

  while (watch_once (watch) && wait (watch))
    ;
  return NULL;
}

CairndWatch *
cairnd_watch_start (const char *store_uri, const char *connect_uri)
{
  CairndWatch *watch = g_new0 (CairndWatch, 1);

  watch->store_uri = g_strdup (store_uri);
  watch->connect_uri = g_strdup (connect_uri);
  g_mutex_init (&watch->lock);
  g_cond_init (&watch->changed);
  watch->thread = g_thread_new ("watch", run, watch);
  return watch;
}

void
cairnd_watch_stop (CairndWatch *watch)
{
  if (!watch)
    return;
  g_mutex_lock (&watch->lock);
  watch->stops = TRUE;
  if (watch->service)
    cairn_service_stop_watch (watch->service);
  g_cond_signal (&watch->changed);
  g_mutex_unlock (&watch->lock);
  g_thread_join (watch->thread);
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->changed);
  g_free (watch->store_uri);
  g_free (watch->connect_uri);
  g_free (watch);
}
