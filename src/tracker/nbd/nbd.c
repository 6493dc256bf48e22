/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads dirty ranges from a qemu-nbd of its own through libnbd.
 * Source: QEMU docs/interop/nbd.txt, "qemu:dirty-bitmap"; libnbd(3). */
#include "tracker/nbd/nbd.h"

#include <unistd.h>

#include <cairn/error.h>
#include <cairn/extent.h>

#include "nbd/client.h"
#include "tracker/nbd/child.h"
#include "tracker/nbd/describe.h"
#include "tracker/nbd/source.h"

/* A qemu-nbd and the connection to it. */
typedef struct
{
  GPid pid; /* 0 = none */
  int stderr_fd;
  CairnNbdClient *client;
} Session;

static gboolean
begin_session (Session *session, const char *path, const char *bitmap, const char *context,
               int64_t deadline, GError **error)
{
  g_autofree char *source = cairn_source_new (path, error);
  const char *argv[] = { "qemu-nbd", "--read-only", "--bitmap", bitmap, source, NULL };
  const char *contexts[] = { context, NULL };
  int socket;

  if (!source)
    return FALSE;
  socket = cairn_child_serve (argv, &session->pid, &session->stderr_fd, error);
  if (socket < 0)
    return FALSE;
  session->client = cairn_nbd_client_take (socket, "", contexts, deadline, error);
  return session->client != NULL;
}

static void
end_session (Session *session)
{
  cairn_nbd_client_close (session->client);
  if (session->pid == 0)
    return;
  cairn_child_end (session->pid);
  close (session->stderr_fd);
}

/* The server's own sentence, if it ended with one, says more than the connection's. */
static void
propagate (const Session *session, GError *problem, GError **error)
{
  g_autofree char *complaint = NULL;

  if (session->pid == 0 || problem->code == CAIRN_ERROR_TIMEOUT
      || problem->code == CAIRN_ERROR_OUT_OF_MEMORY)
    {
      g_propagate_error (error, problem);
      return;
    }
  complaint = cairn_child_complaint (session->stderr_fd);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "%s (%s)", complaint, problem->message);
  g_error_free (problem);
}

static GArray *
read_extents (const char *path, const char *bitmap, uint64_t offset_bytes, uint64_t length_bytes,
              int64_t deadline, GError **error)
{
  g_autofree char *context = g_strconcat (CAIRN_NBD_DIRTY_PREFIX, bitmap, NULL);
  Session session = { 0 };
  GArray *extents = NULL;
  GError *problem = NULL;

  if (length_bytes == 0)
    return cairn_extents_new ();
  if (begin_session (&session, path, bitmap, context, deadline, &problem))
    extents
        = cairn_nbd_client_dirty (session.client, context, offset_bytes, length_bytes, &problem);
  if (problem)
    propagate (&session, problem, error);
  end_session (&session);
  return extents;
}

CAIRN_API extern const CairnNbdModule cairn_nbd_module;
const CairnNbdModule cairn_nbd_module = {
  .describe = cairn_nbd_describe,
  .extents = read_extents,
};
