/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that are listened on. */
#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cairn/error.h>

#define BACKLOG   1024
#define UNIX_MODE 0660 /* root, and a group that the administrator gives it to */

/* "HOST:PORT", "[HOST]:PORT". */
static gboolean
split (const char *address, char **out_host, char **out_port, GError **error)
{
  const char *colon = strrchr (address, ':');
  gboolean is_bracketed = address[0] == '[' && colon && colon > address && colon[-1] == ']';

  /* getaddrinfo would cut a greater number off. */
  if (!colon || colon == address
      || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, NULL, NULL)
      || (is_bracketed && colon - address < 3)
      || (!is_bracketed && memchr (address, ':', (size_t)(colon - address))))
    return g_set_error (
               error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "'%s' is no address to listen on; give HOST:PORT, an IPv6 host in brackets, "
               "* for all of this host's addresses",
               address),
           FALSE;
  *out_host = is_bracketed ? g_strndup (address + 1, (gsize)(colon - address) - 2)
                           : g_strndup (address, (gsize)(colon - address));
  *out_port = g_strdup (colon + 1);
  return TRUE;
}

gboolean
http_listeners_check (const char *address, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;

  return split (address, &host, &port, error);
}

static const char *
remedy (int cause)
{
  switch (cause)
    {
    case EACCES:
    case EPERM:
      return "choose another address (ports below 1024, and directories of others, are root's)";
    case EADDRINUSE:
      return "choose another address, or end what uses it";
    default:
      return "choose another address";
    }
}

static int
fail_to_listen (int fd, const char *address, GError **error)
{
  g_set_error (error, CAIRN_ERROR,
               errno == EACCES ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_SYSTEM_IN_USE,
               "'%s' can't be listened on: %s; %s", address, g_strerror (errno), remedy (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

static int
bind_to (const struct addrinfo *found, const char *address, GError **error)
{
  int fd = socket (found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int yes = 1;

  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0
      || bind (fd, found->ai_addr, found->ai_addrlen) < 0 || listen (fd, BACKLOG) < 0)
    return fail_to_listen (fd, address, error);
  return fd;
}

static int
open_tcp (const char *address, GError **error)
{
  struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  int result;
  int fd;

  if (!split (address, &host, &port, error))
    return -1;
  result = getaddrinfo (strcmp (host, "*") != 0 ? host : NULL, port, &hints, &found);
  if (result != 0)
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "'%s' is no address to listen on: %s; give HOST:PORT", address,
                        gai_strerror (result)),
           -1;
  fd = bind_to (found, address, error);
  freeaddrinfo (found);
  return fd;
}

/* What a service that was killed left, and nobody listens on, goes away; a socket in use stays. */
static void
remove_left_over (const struct sockaddr_un *address)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat status;

  if (lstat (address->sun_path, &status) == 0 && S_ISSOCK (status.st_mode)
      && connect (fd, (const struct sockaddr *)address, sizeof *address) < 0
      && errno == ECONNREFUSED)
    unlink (address->sun_path);
  close (fd);
}

static int
open_unix (const char *path, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct stat status;
  int fd;

  if (strlen (path) >= sizeof address.sun_path)
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "the path of socket '%s' is longer than %zu bytes; choose a shorter one",
                        path, sizeof address.sun_path - 1),
           -1;
  strcpy (address.sun_path, path);
  if (lstat (path, &status) == 0 && !S_ISSOCK (status.st_mode))
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                        "'%s' can't be listened on, as it is there and no socket; remove it, or "
                        "name another path",
                        path),
           -1;
  remove_left_over (&address);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* Nobody can connect before listen. */
  if (fd < 0 || bind (fd, (const struct sockaddr *)&address, sizeof address) < 0
      || chmod (path, UNIX_MODE) < 0 || listen (fd, BACKLOG) < 0)
    return fail_to_listen (fd, path, error);
  return fd;
}

static gboolean
open_one (HttpListeners *listeners, const CairnHttpOptions *options, CairnHttpListener i,
          GError **error)
{
  const char *address = options->addresses[i];

  if (options->sockets[i] >= 0)
    {
      listeners->fds[i] = options->sockets[i];
      fcntl (listeners->fds[i], F_SETFL, fcntl (listeners->fds[i], F_GETFL) | O_NONBLOCK);
    }
  else if (!address || !*address)
    return TRUE;
  else if (i == CAIRN_HTTP_UNIX)
    listeners->fds[i] = open_unix (address, error);
  else
    listeners->fds[i] = open_tcp (address, error);
  if (i == CAIRN_HTTP_UNIX && options->sockets[i] < 0 && listeners->fds[i] >= 0)
    listeners->unix_path = g_strdup (address);
  return listeners->fds[i] >= 0;
}

HttpListeners *
http_listeners_open (const CairnHttpOptions *options, GError **error)
{
  HttpListeners *listeners = g_new0 (HttpListeners, 1);

  memset (listeners->fds, -1, sizeof listeners->fds);
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (!open_one (listeners, options, (CairnHttpListener)i, error))
      {
        http_listeners_free (listeners);
        return NULL;
      }
  return listeners;
}

void
http_listeners_free (HttpListeners *listeners)
{
  if (!listeners)
    return;
  if (listeners->unix_path)
    unlink (listeners->unix_path);
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (listeners->fds[i] >= 0)
      close (listeners->fds[i]);
  g_free (listeners->unix_path);
  g_free (listeners);
}

guint16
http_listeners_port (const HttpListeners *listeners, CairnHttpListener listener)
{
  struct sockaddr_storage address = { 0 };
  socklen_t n = sizeof address;

  if (listeners->fds[listener] < 0
      || getsockname (listeners->fds[listener], (struct sockaddr *)&address, &n) < 0)
    return 0;
  if (address.ss_family == AF_INET)
    return ntohs (((struct sockaddr_in *)&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs (((struct sockaddr_in6 *)&address)->sin6_port);
  return 0;
}
