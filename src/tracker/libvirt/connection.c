/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens and re-opens the connection to libvirt. */
#include "tracker/libvirt/connection.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <libxml/uri.h>
#include <string.h>

#include "tracker/libvirt/failure.h"

/* ---- the event loop ---- */

static gpointer
run_events (gpointer unused)
{
  for (;;)
    if (virEventRunDefaultImpl () < 0)
      g_usleep (G_USEC_PER_SEC / 10);
  return NULL;
}

static void
say_nothing (void *user, virErrorPtr error)
{
}

/* Without a timeout the loop would sleep through what another thread adds before its first poll. */
static void
do_nothing (int timer, void *user)
{
}

static gboolean
start_events (void)
{
  static gsize started = 0;

  if (g_once_init_enter (&started))
    {
      gboolean ok = virInitialize () == 0 && virEventRegisterDefaultImpl () == 0;

      virSetErrorFunc (NULL, say_nothing);
      if (ok)
        {
          virEventAddTimeout (1000, do_nothing, NULL, NULL);
          g_thread_unref (g_thread_new ("libvirt-events", run_events, NULL));
        }
      g_once_init_leave (&started, ok ? 1 : 2);
    }
  return started == 1;
}

/* ---- opening, with a time limit ---- */

typedef struct CairnLibvirtOpening
{
  gint references; /* the opener's and the waiter's */
  char *uri;
  GThread *thread; /* the waiter's */
  GMutex lock;
  GCond done;
  gboolean is_done;
  virConnectPtr conn;
  GError *error;
} Opening;

static void
opening_unref (Opening *opening)
{
  if (!g_atomic_int_dec_and_test (&opening->references))
    return;
  if (opening->conn)
    virConnectClose (opening->conn);
  g_clear_error (&opening->error);
  g_mutex_clear (&opening->lock);
  g_cond_clear (&opening->done);
  g_free (opening->uri);
  g_free (opening);
}

static gpointer
open_connection (gpointer user)
{
  Opening *opening = user;
  virConnectPtr conn = virConnectOpen (opening->uri);
  GError *error = NULL;

  if (!conn)
    cairn_libvirt_fail (&error, "libvirt at '%s' can't be reached", opening->uri);
  g_mutex_lock (&opening->lock);
  opening->conn = conn;
  opening->error = error;
  opening->is_done = TRUE;
  g_cond_signal (&opening->done);
  g_mutex_unlock (&opening->lock);
  opening_unref (opening);
  return NULL;
}

static Opening *
opening_start (const char *uri)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->references = 2;
  opening->uri = g_strdup (uri);
  g_mutex_init (&opening->lock);
  g_cond_init (&opening->done);
  opening->thread = g_thread_new ("libvirt-open", open_connection, opening);
  return opening;
}

/* Whether it is done by END. Then CONN, or ERROR, is the caller's. */
static gboolean
opening_wait (Opening *opening, gint64 end, virConnectPtr *conn, GError **error)
{
  gboolean answered = TRUE;

  g_mutex_lock (&opening->lock);
  while (!opening->is_done && answered)
    answered = g_cond_wait_until (&opening->done, &opening->lock, end);
  answered = opening->is_done;
  *conn = g_steal_pointer (&opening->conn);
  if (opening->error)
    g_propagate_error (error, g_steal_pointer (&opening->error)); /* frees it where ERROR is NULL */
  g_mutex_unlock (&opening->lock);
  return answered;
}

/* Lets PENDING go, with its thread if that is done. */
static void
drop_pending (CairnLibvirt *libvirt, gboolean is_done)
{
  Opening *opening = g_steal_pointer (&libvirt->pending);

  if (is_done)
    g_thread_join (opening->thread);
  else
    g_thread_unref (opening->thread);
  opening_unref (opening);
}

/* On a thread of its own, which is left behind when libvirtd never answers: one only, however often
 * it is tried. What such a one found long after it was waited for is old news. */
static virConnectPtr
open_in_time (CairnLibvirt *libvirt, GError **error)
{
  gint64 end = g_get_monotonic_time () + libvirt->open_ms * G_TIME_SPAN_MILLISECOND;
  virConnectPtr conn = NULL;

  if (libvirt->pending && opening_wait (libvirt->pending, 0, &conn, NULL))
    {
      drop_pending (libvirt, TRUE);
      if (conn && virConnectIsAlive (conn) == 1)
        return conn;
      if (conn)
        virConnectClose (conn);
      conn = NULL;
    }
  if (!libvirt->pending)
    libvirt->pending = opening_start (libvirt->uri);
  if (opening_wait (libvirt->pending, end, &conn, error))
    drop_pending (libvirt, TRUE);
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "libvirt at '%s' doesn't answer; check that libvirtd runs and isn't stopped",
                 libvirt->uri);
  return conn;
}

/* ---- the connection ---- */

CairnLibvirt *
cairn_libvirt_new (const char *uri, GError **error)
{
  xmlURIPtr parsed = xmlParseURI (uri);
  gboolean is_qemu = parsed && parsed->scheme && g_str_has_prefix (parsed->scheme, "qemu");
  gboolean is_local
      = is_qemu
        && (strcmp (parsed->scheme, "qemu") == 0 || strcmp (parsed->scheme, "qemu+unix") == 0)
        && (!parsed->server || !*parsed->server);
  CairnLibvirt *libvirt;

  if (parsed)
    xmlFreeURI (parsed);
  if (!is_qemu)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "connection '%s' isn't one of libvirt's QEMU driver; give for example "
                 "qemu:///system or qemu:///session",
                 uri);
  else if (!is_local)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "connection '%s' leads to another host, whose images can't be read from here; "
                 "run cairn on that host",
                 uri);
  if (!is_local)
    return NULL;
  libvirt = g_new0 (CairnLibvirt, 1);
  libvirt->uri = g_strdup (uri);
  libvirt->open_ms = CAIRN_LIBVIRT_OPEN_MS;
  return libvirt;
}

void
cairn_libvirt_free (CairnLibvirt *libvirt)
{
  if (!libvirt)
    return;
  cairn_libvirt_disconnect (libvirt);
  if (libvirt->pending)
    drop_pending (libvirt, FALSE);
  g_free (libvirt->uri);
  g_free (libvirt);
}

void
cairn_libvirt_disconnect (CairnLibvirt *libvirt)
{
  if (libvirt->conn)
    virConnectClose (libvirt->conn);
  libvirt->conn = NULL;
}

virConnectPtr
cairn_libvirt_connect (CairnLibvirt *libvirt, GError **error)
{
  if (libvirt->conn && virConnectIsAlive (libvirt->conn) == 1)
    return libvirt->conn;
  cairn_libvirt_disconnect (libvirt);
  if (!start_events ())
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                           "libvirt's client library can't be started; reinstall libvirt0");
      return NULL;
    }
  libvirt->conn = open_in_time (libvirt, error);
  if (libvirt->conn)
    virConnectSetKeepAlive (libvirt->conn, CAIRN_LIBVIRT_KEEPALIVE_INTERVAL_S,
                            CAIRN_LIBVIRT_KEEPALIVE_COUNT);
  return libvirt->conn;
}
