/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects, waits with a deadline, reads with many requests under way. */
#include "nbd/client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "nbd/connection.h"

/* The length of one request of a read: small enough to fill the pipe with a chunk of some MiB,
 * large enough that its header costs nothing. */
#define PIECE_BYTES (128u * 1024)

/* What a poll waits at most: the deadline may be moved meanwhile. */
#define MAX_WAIT_MS 200

static int
milliseconds_left (const CairnNbdClient *client)
{
  int64_t deadline = __atomic_load_n (&client->deadline, __ATOMIC_RELAXED);
  int64_t left_us = deadline - g_get_monotonic_time ();

  return (int)CLAMP ((left_us + 999) / 1000, 0, MAX_WAIT_MS);
}

gboolean
cairn_nbd_client_fail (CairnNbdClient *client, GError **error)
{
  const char *words = nbd_get_error ();

  client->is_broken = TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the NBD export '%s' can't be read: %s; see why its server failed and try again",
               client->name, words ? words : "it gave no reason");
  return FALSE;
}

gboolean
cairn_nbd_client_check (const CairnNbdClient *client, uint64_t offset_bytes, uint64_t length_bytes,
                        GError **error)
{
  if (client->is_broken)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "the connection to NBD export '%s' failed before; try again", client->name);
  else if (offset_bytes > client->size_bytes || client->size_bytes - offset_bytes < length_bytes)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "the NBD export '%s' ends before 0x%" G_GINT64_MODIFIER
                 "x; see what its server exports",
                 client->name, offset_bytes + length_bytes);
  else
    return TRUE;
  return FALSE;
}

gboolean
cairn_nbd_client_step (CairnNbdClient *client, GError **error)
{
  int left_ms = milliseconds_left (client);

  if (left_ms > 0 && nbd_poll (client->nbd, left_ms) >= 0)
    return TRUE;
  if (left_ms > 0)
    return cairn_nbd_client_fail (client, error);
  client->is_broken = TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
               "the NBD export '%s' didn't answer within the time limit; raise the limit or try "
               "again later",
               client->name);
  return FALSE;
}

static CairnNbdClient *
client_new (const char *export_name, const char *const *contexts, int64_t deadline, GError **error)
{
  g_autoptr (CairnNbdClient) client = g_new0 (CairnNbdClient, 1);

  client->name = g_strdup (export_name);
  client->deadline = deadline;
  client->n_in_flight = CAIRN_NBD_IN_FLIGHT;
  client->map = g_array_new (FALSE, FALSE, sizeof (CairnNbdRun));
  client->nbd = nbd_create ();
  /* Buffers needn't be cleared first: what wasn't read whole is never used. */
  if (!client->nbd || nbd_set_pread_initialize (client->nbd, false) != 0
      || nbd_set_export_name (client->nbd, export_name) != 0)
    return cairn_nbd_client_fail (client, error), NULL;
  for (; contexts && *contexts; contexts++)
    if (nbd_add_meta_context (client->nbd, *contexts) != 0)
      return cairn_nbd_client_fail (client, error), NULL;
  return g_steal_pointer (&client);
}

static gboolean
fail_connect (const CairnNbdClient *client, const char *place, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "no connection to NBD export '%s'%s%s%s: %s; see whether its server runs",
               client->name, *place ? " at '" : "", place, *place ? "'" : "", nbd_get_error ());
  return FALSE;
}

/* Until the handshake is done. */
static gboolean
finish_connecting (CairnNbdClient *client, const char *place, GError **error)
{
  int64_t size;

  while (nbd_aio_is_connecting (client->nbd) > 0)
    {
      g_autoptr (GError) problem = NULL;

      if (cairn_nbd_client_step (client, &problem))
        continue;
      if (problem->code == CAIRN_ERROR_TIMEOUT)
        return g_propagate_error (error, g_steal_pointer (&problem)), FALSE;
      return fail_connect (client, place, error);
    }
  if (nbd_aio_is_ready (client->nbd) <= 0)
    return fail_connect (client, place, error);
  size = nbd_get_size (client->nbd);
  if (size < 0)
    return fail_connect (client, place, error);
  client->size_bytes = (uint64_t)size;
  return TRUE;
}

CairnNbdClient *
cairn_nbd_client_connect (const char *socket_path, const char *export_name,
                          const char *const *contexts, int64_t deadline, GError **error)
{
  g_autoptr (CairnNbdClient) client = client_new (export_name, contexts, deadline, error);

  if (!client)
    return NULL;
  if (nbd_aio_connect_unix (client->nbd, socket_path) != 0)
    return fail_connect (client, socket_path, error), NULL;
  return finish_connecting (client, socket_path, error) ? g_steal_pointer (&client) : NULL;
}

CairnNbdClient *
cairn_nbd_client_take (int socket, const char *export_name, const char *const *contexts,
                       int64_t deadline, GError **error)
{
  g_autoptr (CairnNbdClient) client = client_new (export_name, contexts, deadline, error);

  if (!client)
    return close (socket), NULL;
  if (nbd_aio_connect_socket (client->nbd, socket) != 0) /* which closes it in any case */
    return fail_connect (client, "", error), NULL;
  return finish_connecting (client, "", error) ? g_steal_pointer (&client) : NULL;
}

void
cairn_nbd_client_close (CairnNbdClient *client)
{
  if (!client)
    return;
  nbd_close (client->nbd);
  g_array_unref (client->map);
  g_free (client->name);
  g_free (client);
}

void
cairn_nbd_client_set_deadline (CairnNbdClient *client, int64_t deadline)
{
  __atomic_store_n (&client->deadline, deadline, __ATOMIC_RELAXED);
}

void
cairn_nbd_client_set_in_flight (CairnNbdClient *client, unsigned n_in_flight)
{
  client->n_in_flight = CLAMP (n_in_flight, 1, CAIRN_NBD_IN_FLIGHT);
}

uint64_t
cairn_nbd_client_size (const CairnNbdClient *client)
{
  return client->size_bytes;
}

gboolean
cairn_nbd_client_has_context (const CairnNbdClient *client, const char *context)
{
  return nbd_can_meta_context (client->nbd, context) > 0;
}

/* A read under way. */
typedef struct
{
  const CairnViewPart *parts;
  size_t part, asked; /* the next to ask for: a part, and how much of it was asked for */
  unsigned n_in_flight;
  int first_error; /* an errno, 0 = none */
} Reading;

static int
end_piece (void *user_data, int *error)
{
  Reading *reading = user_data;

  reading->n_in_flight--;
  if (*error != 0 && reading->first_error == 0)
    reading->first_error = *error;
  return 1; /* retire it */
}

static gboolean
begin_piece (CairnNbdClient *client, Reading *reading, GError **error)
{
  nbd_completion_callback done = { .callback = end_piece, .user_data = reading };
  const CairnViewPart *part = &reading->parts[reading->part];
  size_t piece = MIN (part->length_bytes - reading->asked, (size_t)PIECE_BYTES);

  if (nbd_aio_pread (client->nbd, (char *)part->buffer + reading->asked, piece,
                     part->offset_bytes + reading->asked, done, 0)
      < 0)
    return cairn_nbd_client_fail (client, error);
  reading->n_in_flight++;
  reading->asked += piece;
  if (reading->asked == part->length_bytes)
    {
      reading->part++;
      reading->asked = 0;
    }
  return TRUE;
}

gboolean
cairn_nbd_client_read_parts (CairnNbdClient *client, const CairnViewPart *parts, size_t n_parts,
                             GError **error)
{
  Reading reading = { .parts = parts };

  for (size_t i = 0; i < n_parts; i++)
    if (!cairn_nbd_client_check (client, parts[i].offset_bytes, parts[i].length_bytes, error))
      return FALSE;
  while (reading.part < n_parts || reading.n_in_flight > 0)
    {
      gboolean asks = reading.part < n_parts && reading.n_in_flight < client->n_in_flight;

      if (asks ? !begin_piece (client, &reading, error) : !cairn_nbd_client_step (client, error))
        return FALSE;
    }
  if (reading.first_error == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the NBD export '%s' can't be read at 0x%" G_GINT64_MODIFIER
               "x or behind: %s; check the storage behind it",
               client->name, parts[0].offset_bytes, g_strerror (reading.first_error));
  return FALSE;
}

gboolean
cairn_nbd_client_read (CairnNbdClient *client, uint64_t offset_bytes, void *buffer,
                       size_t length_bytes, GError **error)
{
  const CairnViewPart part
      = { .offset_bytes = offset_bytes, .length_bytes = length_bytes, .buffer = buffer };

  return cairn_nbd_client_read_parts (client, &part, length_bytes > 0, error);
}
