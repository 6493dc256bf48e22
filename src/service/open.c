/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The factory: URIs -> a store and a tracker. The only place that names backends. */
#include "service/open.h"

#include <string.h>
#include <unistd.h>

#include "refpoint/engine.h"
#include "refpoint/module.h"
#include "refpoint/path.h"
#include "store/sqlite/sqlite-store.h"
#include "tracker/libvirt/libvirt.h"
#include "tracker/offline/offline.h"
#include "tracker/offline/view.h"

#define SQLITE_SCHEME  "sqlite:"
#define LIBVIRT_SCHEME "qemu"
#define SYSTEM_STORE   "/var/lib/cairn/cairn.db"

static char *
default_store_uri (void)
{
  const char *chosen = g_getenv ("CAIRN_STORE");

  if (chosen && *chosen)
    return g_strdup (chosen);
  if (geteuid () == 0)
    return g_strdup (SQLITE_SCHEME SYSTEM_STORE);
  return g_strconcat (SQLITE_SCHEME, g_get_user_state_dir (), "/cairn/cairn.db", NULL);
}

CairnStore *
cairn_store_open_uri (const char *uri, GError **error)
{
  g_autofree char *fallback = uri ? NULL : default_store_uri ();
  const char *chosen = uri ? uri : fallback;
  const char *path;

  if (!g_str_has_prefix (chosen, SQLITE_SCHEME))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "store '%s' is of no known kind; give sqlite: and an absolute path", chosen);
      return NULL;
    }
  path = chosen + strlen (SQLITE_SCHEME);
  return cairn_path_check_syntax (path, "the store's path", error)
             ? cairn_sqlite_store_open (path, error)
             : NULL;
}

static CairnTracker *
open_libvirt (const char *uri, GError **error)
{
  CairnLibvirtNewFunc entry
      = (CairnLibvirtNewFunc)cairn_module_symbol (CAIRN_LIBVIRT_MODULE, CAIRN_LIBVIRT_ENTRY, error);

  return entry ? entry (uri, cairn_offline_tracker_new (), error) : NULL;
}

gboolean
cairn_connect_uri_check (const char *uri, GError **error)
{
  const char *chosen = uri ? uri : g_getenv ("CAIRN_CONNECT");

  if (!chosen || !*chosen || g_str_equal (chosen, "images:")
      || g_str_has_prefix (chosen, LIBVIRT_SCHEME))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "connection '%s' is of no known kind; give images: or one of libvirt's, for example "
               "qemu:///system",
               chosen);
  return FALSE;
}

static CairnTracker *
open_tracker (const char *uri, const CairnConfig *config, GError **error)
{
  const char *chosen = uri ? uri : g_getenv ("CAIRN_CONNECT");

  if (!chosen || !*chosen)
    chosen = config->connect ? config->connect : "images:";
  if (g_str_equal (chosen, "images:"))
    return cairn_offline_tracker_new ();
  return cairn_connect_uri_check (chosen, error) ? open_libvirt (chosen, error) : NULL;
}

/* $CAIRN_TIMEOUT_MS, in microseconds. */
static gboolean
read_timeout (int64_t *timeout_us, GError **error)
{
  const char *text = g_getenv ("CAIRN_TIMEOUT_MS");
  guint64 ms = CAIRN_TIMEOUT_DEFAULT_MS;

  if (text && *text && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &ms, NULL))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "CAIRN_TIMEOUT_MS is '%s'; give a number of milliseconds, or unset it", text);
      return FALSE;
    }
  *timeout_us = (int64_t)ms * 1000;
  return TRUE;
}

/* What is kept beside the records. */
static char *
data_directory (const char *store_uri)
{
  const char *chosen = g_getenv ("CAIRN_DATA_DIR");
  g_autofree char *fallback = store_uri ? NULL : default_store_uri ();

  if (chosen && *chosen)
    return g_canonicalize_filename (chosen, "/");
  return g_path_get_dirname ((store_uri ? store_uri : fallback) + strlen (SQLITE_SCHEME));
}

static CairnService *
open_service (const char *store_uri, const char *connect_uri, const char *config_file,
              CairnConfigPaths unset, GError **error)
{
  int64_t opening_us = g_get_monotonic_time ();
  int64_t timeout_us = 0;
  g_autoptr (CairnConfig) config
      = read_timeout (&timeout_us, error) ? cairn_config_load (config_file, unset, error) : NULL;
  CairnTracker *tracker = config ? open_tracker (connect_uri, config, error) : NULL;
  CairnStore *store = tracker ? cairn_store_open_uri (store_uri, error) : NULL;
  CairnService *service;

  if (!store)
    {
      if (tracker)
        tracker->ops->close (tracker);
      return NULL;
    }
  service = cairn_service_new (store, tracker, cairn_offline_view_copy, g_steal_pointer (&config),
                               timeout_us);
  service->opening_us = opening_us;
  service->data_directory = data_directory (store_uri);
  service->store_uri = g_strdup (store_uri);
  service->connect_uri = g_strdup (connect_uri);
  service->config_file = g_strdup (config_file);
  return service;
}

CairnService *
cairn_service_open (const char *store_uri, const char *connect_uri, GError **error)
{
  return open_service (store_uri, connect_uri, NULL, CAIRN_CONFIG_OPEN, error);
}

CairnService *
cairn_service_open_daemon (const char *store_uri, const char *connect_uri, const char *config_file,
                           GError **error)
{
  return open_service (store_uri, connect_uri, config_file, CAIRN_CONFIG_CLOSED, error);
}
