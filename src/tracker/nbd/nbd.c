/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads dirty ranges from a qemu-nbd of its own through libnbd.
 * Source: QEMU docs/interop/nbd.txt, "qemu:dirty-bitmap"; libnbd(3). */
#include "tracker/nbd/nbd.h"

#include <errno.h>
#include <libnbd.h>
#include <string.h>
#include <unistd.h>

#include <cairn/error.h>
#include <cairn/extent.h>

#include "refpoint/tracker.h"
#include "tracker/nbd/child.h"
#include "tracker/nbd/describe.h"
#include "tracker/nbd/source.h"

#define STATE_DIRTY 1u /* flag of the context qemu:dirty-bitmap */
/* What one request may ask for: NBD lengths have 32 bits; a multiple of every granularity. */
#define MAX_REQUEST_BYTES (UINT64_C (1) << 31)

typedef struct
{
  struct nbd_handle *nbd;
  GPid pid;
  int stderr_fd;
  int64_t deadline;
  char *context; /* "qemu:dirty-bitmap:NAME" */
  GArray *extents;
  uint64_t at, end; /* the next byte to ask for, the last one's end */
  gboolean got_context;
} Session;

static gboolean
fail (Session *session, GError **error)
{
  g_autofree char *complaint = NULL;

  /* The server's own sentence, if it ended with one, says more than libnbd's. */
  complaint = cairn_child_complaint (session->stderr_fd);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "%s (%s)", complaint, nbd_get_error ());
  return FALSE;
}

/* Lets the connection go on until something happens. */
static gboolean
step (Session *session, GError **error)
{
  int left = cairn_child_milliseconds_left (session->deadline);

  if (left > 0 && nbd_poll (session->nbd, left) >= 0)
    return TRUE;
  if (left > 0)
    return fail (session, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
               "'qemu-nbd' ran past the time limit; raise the limit or try again later");
  return FALSE;
}

static gboolean
connect_server (Session *session, const char *path, const char *bitmap, GError **error)
{
  g_autofree char *source = cairn_source_new (path, error);
  const char *argv[] = { "qemu-nbd", "--read-only", "--bitmap", bitmap, source, NULL };
  int socket;

  if (!source)
    return FALSE;
  socket = cairn_child_serve (argv, &session->pid, &session->stderr_fd, error);
  if (socket < 0)
    return FALSE;
  session->nbd = nbd_create ();
  if (!session->nbd || nbd_add_meta_context (session->nbd, session->context) != 0
      || nbd_aio_connect_socket (session->nbd, socket) != 0)
    {
      if (!session->nbd)
        close (socket);
      return fail (session, error);
    }
  while (nbd_aio_is_connecting (session->nbd) > 0)
    if (!step (session, error))
      return FALSE;
  if (nbd_aio_is_ready (session->nbd) <= 0
      || nbd_can_meta_context (session->nbd, session->context) <= 0)
    return fail (session, error);
  return TRUE;
}

/* Called by libnbd for each context of an answer: pairs of length and flags. */
static int
take_extents (void *user_data, const char *context, uint64_t offset, uint32_t *entries,
              size_t n_entries, int *error)
{
  Session *session = user_data;

  if (strcmp (context, session->context) != 0 || *error != 0)
    return 0;
  session->got_context = TRUE;
  for (size_t i = 0; i + 1 < n_entries && offset < session->end; i += 2)
    {
      /* The last one may reach beyond what was asked for. */
      uint64_t length = MIN (entries[i], session->end - offset);

      if (entries[i + 1] & STATE_DIRTY && session->extents->len < CAIRN_EXTENTS_LIMIT)
        cairn_extents_append (session->extents, offset, length);
      offset += length;
    }
  session->at = offset;
  return 0;
}

static gboolean
ask_once (Session *session, GError **error)
{
  uint64_t length = MIN (session->end - session->at, MAX_REQUEST_BYTES), before = session->at;
  nbd_extent_callback callback = { .callback = take_extents, .user_data = session };
  int64_t cookie;
  int done;

  session->got_context = FALSE;
  cookie
      = nbd_aio_block_status (session->nbd, length, session->at, callback, NBD_NULL_COMPLETION, 0);
  if (cookie < 0)
    return fail (session, error);
  while ((done = nbd_aio_command_completed (session->nbd, (uint64_t)cookie)) == 0)
    if (!step (session, error))
      return FALSE;
  if (done < 0 || !session->got_context || session->at <= before)
    return fail (session, error);
  return TRUE;
}

static void
end_session (Session *session)
{
  nbd_close (session->nbd);
  if (session->pid != 0)
    {
      cairn_child_end (session->pid);
      close (session->stderr_fd);
    }
  g_free (session->context);
}

static GArray *
read_extents (const char *path, const char *bitmap, uint64_t offset_bytes, uint64_t length_bytes,
              int64_t deadline, GError **error)
{
  g_autoptr (GArray) extents = cairn_extents_new ();
  Session session = { .deadline = deadline,
                      .context = g_strconcat ("qemu:dirty-bitmap:", bitmap, NULL),
                      .extents = extents,
                      .at = offset_bytes,
                      .end = offset_bytes + length_bytes };
  gboolean done = length_bytes == 0 || connect_server (&session, path, bitmap, error);

  while (done && session.at < session.end)
    done = ask_once (&session, error) && cairn_extents_check_limit (extents, error);
  end_session (&session);
  return done ? g_steal_pointer (&extents) : NULL;
}

CAIRN_API extern const CairnNbdModule cairn_nbd_module;
const CairnNbdModule cairn_nbd_module = {
  .describe = cairn_nbd_describe,
  .extents = read_extents,
};
