/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is connected. */
#include "http/connection.h"

#include <string.h>

#define DRAINS_MAX 64 /* a megabyte */

struct HttpConnections
{
  CairnHttp *http;
  HttpConnectionLimits limits;
  GMutex lock;
  /* A descriptor lies here until just before libmicrohttpd closes it, so whoever holds the lock may
   * shut it down. */
  GHashTable *by_fd;      /* fd -> HttpConnection */
  GHashTable *by_address; /* HttpAddress -> count; not of loopback */
};

HttpConnections *
http_connections_new (CairnHttp *http, const HttpConnectionLimits *limits)
{
  HttpConnections *connections = g_new0 (HttpConnections, 1);

  connections->http = http;
  connections->limits = *limits;
  g_mutex_init (&connections->lock);
  connections->by_fd = g_hash_table_new (NULL, NULL);
  connections->by_address
      = g_hash_table_new_full (http_address_hash, http_address_equal, g_free, NULL);
  return connections;
}

static void
connection_free (HttpConnection *connection)
{
  http_request_clear (&connection->request);
  http_verified_unref (connection->itself);
  g_free (connection);
}

void
http_connections_free (HttpConnections *connections)
{
  GHashTableIter iter;
  gpointer connection;

  if (!connections)
    return;
  g_hash_table_iter_init (&iter, connections->by_fd);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    connection_free (connection); /* queued for a daemon that stopped first */
  g_hash_table_unref (connections->by_fd);
  g_hash_table_unref (connections->by_address);
  g_mutex_clear (&connections->lock);
  g_free (connections);
}

static void
describe_peer (HttpConnection *connection, const struct sockaddr *from)
{
  socklen_t n = sizeof connection->peer_process;

  connection->peer_process.uid = (uid_t)-1;
  if (connection->listener != CAIRN_HTTP_UNIX)
    {
      http_address_print (from, connection->peer, sizeof connection->peer);
      connection->address = http_address_of (from);
      connection->is_loopback = http_address_is_loopback (from);
      return;
    }
  if (getsockopt (connection->fd, SOL_SOCKET, SO_PEERCRED, &connection->peer_process, &n) < 0)
    connection->peer_process.uid = (uid_t)-1;
  g_snprintf (connection->peer, sizeof connection->peer, "unix:pid %d",
              (int)connection->peer_process.pid);
}

/* With the lock. */
static gboolean
count_address (HttpConnections *connections, const HttpConnection *connection)
{
  guint n;

  if (connection->is_loopback || connection->listener == CAIRN_HTTP_UNIX)
    return TRUE;
  n = GPOINTER_TO_UINT (g_hash_table_lookup (connections->by_address, &connection->address));
  if (n >= connections->limits.per_address_max)
    return FALSE;
  g_hash_table_insert (connections->by_address,
                       g_memdup2 (&connection->address, sizeof connection->address),
                       GUINT_TO_POINTER (n + 1));
  return TRUE;
}

static void
uncount_address (HttpConnections *connections, const HttpConnection *connection)
{
  guint n;

  if (connection->is_loopback || connection->listener == CAIRN_HTTP_UNIX)
    return;
  n = GPOINTER_TO_UINT (g_hash_table_lookup (connections->by_address, &connection->address));
  if (n <= 1)
    g_hash_table_remove (connections->by_address, &connection->address);
  else
    g_hash_table_insert (connections->by_address,
                         g_memdup2 (&connection->address, sizeof connection->address),
                         GUINT_TO_POINTER (n - 1));
}

HttpConnection *
http_connections_add (HttpConnections *connections, int fd, CairnHttpListener listener,
                      const struct sockaddr *from)
{
  HttpConnection *connection = g_new0 (HttpConnection, 1);
  gboolean is_taken = FALSE;

  connection->http = connections->http;
  connection->listener = listener;
  connection->fd = fd;
  connection->is_tls = listener == CAIRN_HTTP_WSMAN_TLS || listener == CAIRN_HTTP_CIMXML_TLS;
  connection->waits_since_us = g_get_monotonic_time ();
  describe_peer (connection, from);

  g_mutex_lock (&connections->lock);
  is_taken = g_hash_table_size (connections->by_fd) < connections->limits.total_max
             && count_address (connections, connection);
  if (is_taken)
    g_hash_table_insert (connections->by_fd, GINT_TO_POINTER (fd), connection);
  g_mutex_unlock (&connections->lock);
  if (!is_taken)
    g_clear_pointer (&connection, connection_free);
  return connection;
}

void
http_connections_drop (HttpConnections *connections, HttpConnection *connection)
{
  g_mutex_lock (&connections->lock);
  g_hash_table_remove (connections->by_fd, GINT_TO_POINTER (connection->fd));
  uncount_address (connections, connection);
  g_mutex_unlock (&connections->lock);
  connection_free (connection);
}

/* What is unread at the close makes it a reset, which can overtake the answer that says why. */
static void
drain (const HttpConnection *connection)
{
  char bytes[16 * 1024];

  for (guint i = 0; i < DRAINS_MAX; i++)
    if (recv (connection->fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
      break;
}

void
http_connections_notify (void *user, struct MHD_Connection *mhd, void **context,
                         enum MHD_ConnectionNotificationCode code)
{
  HttpConnections *connections = user;
  HttpConnection *connection;
  int fd;

  if (code == MHD_CONNECTION_NOTIFY_CLOSED)
    {
      if (*context)
        {
          drain (*context);
          http_connections_drop (connections, *context);
        }
      *context = NULL;
      return;
    }
  fd = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  g_mutex_lock (&connections->lock);
  connection = g_hash_table_lookup (connections->by_fd, GINT_TO_POINTER (fd));
  g_assert (connection);
  connection->has_started = TRUE;
  g_mutex_unlock (&connections->lock);
  *context = connection;
}

/* libmicrohttpd 0.9.75 doesn't mind when the other side ends in the middle of a body. Once could be
 * a moment before the last bytes are handled, a second time isn't. */
static gboolean
is_abandoned (HttpConnection *connection)
{
  char byte;

  if (recv (connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
    return connection->n_silent = 0, FALSE;
  return ++connection->n_silent >= 2;
}

guint
http_connections_end_slow (HttpConnections *connections)
{
  gint64 since_us = g_get_monotonic_time () - (gint64)connections->limits.idle_s * G_USEC_PER_SEC;
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_mutex_lock (&connections->lock);
  g_hash_table_iter_init (&iter, connections->by_fd);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HttpConnection *connection = value;
      gint64 waits_since_us = atomic_load (&connection->waits_since_us);

      if (!connection->has_started || waits_since_us == 0)
        continue;
      if (waits_since_us <= since_us)
        n += !connection->has_asked;
      else if (!is_abandoned (connection))
        continue;
      shutdown (connection->fd, SHUT_RDWR);
      atomic_store (&connection->waits_since_us, 0);
    }
  g_mutex_unlock (&connections->lock);
  return n;
}

void
http_connections_cut (HttpConnections *connections)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&connections->lock);
  g_hash_table_iter_init (&iter, connections->by_fd);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((HttpConnection *)value)->has_started)
      shutdown (((HttpConnection *)value)->fd, SHUT_RDWR);
  g_mutex_unlock (&connections->lock);
}

guint
http_connections_count (HttpConnections *connections)
{
  guint n;

  g_mutex_lock (&connections->lock);
  n = g_hash_table_size (connections->by_fd);
  g_mutex_unlock (&connections->lock);
  return n;
}
