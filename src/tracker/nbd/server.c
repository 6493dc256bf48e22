/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts and ends a qemu-nbd. */
#include "tracker/nbd/server.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "tracker/nbd/child.h"

/* A pipe that holds KEY: so it stands neither on a command line nor in a file. A passphrase is
 * shorter than what a pipe takes at once. */
static int
open_key (GBytes *key, GError **error)
{
  gsize length;
  const void *bytes = g_bytes_get_data (key, &length);
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) == 0)
    {
      gboolean ok = length <= PIPE_BUF && write (ends[1], bytes, length) == (ssize_t)length;

      close (ends[1]);
      if (ok)
        return ends[0];
      close (ends[0]);
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the key of an encrypted image can't be handed to qemu-nbd; raise the limit of open "
               "files (ulimit -n)");
  return -1;
}

static gboolean
connect_clients (CairnNbdServer *server, int *sockets, const char *const *contexts,
                 int64_t deadline, GError **error)
{
  gboolean ok = TRUE;

  for (unsigned i = 0; i < server->n_clients; i++)
    {
      if (!ok)
        {
          close (sockets[i]);
          continue;
        }
      server->clients[i] = cairn_nbd_client_take (sockets[i], "", contexts, deadline, error);
      ok = server->clients[i] != NULL;
    }
  return ok;
}

CairnNbdServer *
cairn_nbd_server_start (const char *const *argv, GBytes *key, unsigned n,
                        const char *const *contexts, int64_t deadline, GError **error)
{
  g_autofree CairnNbdServer *server = g_new0 (CairnNbdServer, 1);
  g_autofree int *sockets = g_new (int, n);
  GError *problem = NULL;
  int secret = key ? open_key (key, error) : -1;
  gboolean ok;

  if (key && secret < 0)
    return NULL;
  ok = cairn_child_serve (argv, secret, sockets, n, &server->pid, &server->stderr_fd, error);
  if (secret >= 0)
    close (secret);
  if (!ok)
    return NULL;
  server->n_clients = n;
  server->clients = g_new0 (CairnNbdClient *, n);
  if (connect_clients (server, sockets, contexts, deadline, &problem))
    return g_steal_pointer (&server);
  cairn_nbd_server_propagate (server, problem, error);
  cairn_nbd_server_end (g_steal_pointer (&server));
  return NULL;
}

void
cairn_nbd_server_propagate (const CairnNbdServer *server, GError *problem, GError **error)
{
  g_autofree char *complaint = NULL;

  if (problem->code == CAIRN_ERROR_TIMEOUT || problem->code == CAIRN_ERROR_OUT_OF_MEMORY)
    {
      g_propagate_error (error, problem);
      return;
    }
  complaint = cairn_child_complaint (server->stderr_fd);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "%s (%s)", complaint, problem->message);
  g_error_free (problem);
}

void
cairn_nbd_server_end (CairnNbdServer *server)
{
  for (unsigned i = 0; i < server->n_clients; i++)
    cairn_nbd_client_close (server->clients[i]);
  cairn_child_end (server->pid);
  close (server->stderr_fd);
  g_free (server->clients);
  g_free (server);
}
