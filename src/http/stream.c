/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer that is made piece by piece. */
#include "http/stream.h"

#include <string.h>

#include "http/pause.h"

typedef struct
{
  HttpTask task;              /* first: it is what the worker gets */
  gatomicrefcount references; /* the response's, and a worker's while it makes a piece */
  struct MHD_Connection *mhd;
  HttpWorkers *work;
  CairnHttpMoreFunc more;
  gpointer user;
  GDestroyNotify free_user;
  const gint *is_cut;

  GString *sending;
  size_t sent_bytes;

  /* The listener's thread reads these only when `making` has ended. */
  HttpPause making;
  GString *next;
  gboolean is_last;
  gboolean has_failed;
} Stream;

static void
stream_unref (Stream *stream)
{
  if (!g_atomic_ref_count_dec (&stream->references))
    return;
  if (stream->free_user)
    stream->free_user (stream->user);
  g_string_free (stream->sending, TRUE);
  g_string_free (stream->next, TRUE);
  g_free (stream);
}

static void
make_piece (HttpTask *task)
{
  Stream *stream = (Stream *)task;

  if (g_atomic_int_get (stream->is_cut))
    stream->has_failed = TRUE;
  else
    stream->is_last = !stream->more (stream->user, stream->next, &stream->has_failed);
  http_pause_end (&stream->making);
  stream_unref (stream);
}

static void
begin_piece (Stream *stream)
{
  http_pause_arm (&stream->making, stream->mhd);
  g_atomic_ref_count_inc (&stream->references);
  if (!g_atomic_int_get (stream->is_cut))
    http_workers_push (stream->work, &stream->task);
  else
    make_piece (&stream->task);
}

/* The next piece, which may be empty, becomes the one that is sent. */
static void
turn (Stream *stream)
{
  GString *empty = stream->sending;

  stream->sending = stream->next;
  stream->sent_bytes = 0;
  stream->next = g_string_truncate (empty, 0);
  if (!stream->is_last && !stream->has_failed)
    begin_piece (stream);
}

/* A MHD_ContentReaderCallback. */
static ssize_t
read_piece (void *user, uint64_t position, char *out, size_t out_bytes)
{
  Stream *stream = user;
  size_t n;

  while (stream->sent_bytes == stream->sending->len)
    {
      if (http_pause_wait (&stream->making))
        return 0;
      if (stream->has_failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
      if (stream->is_last && stream->next->len == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
      turn (stream);
    }
  n = MIN (out_bytes, stream->sending->len - stream->sent_bytes);
  memcpy (out, stream->sending->str + stream->sent_bytes, n);
  stream->sent_bytes += n;
  return (ssize_t)n;
}

static void
response_ends (void *user)
{
  stream_unref (user);
}

struct MHD_Response *
http_stream_response (struct MHD_Connection *mhd, HttpWorkers *work, GString *first,
                      CairnHttpMoreFunc more, gpointer user, GDestroyNotify free_user,
                      const gint *is_cut)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->task.run = make_piece;
  g_atomic_ref_count_init (&stream->references);
  stream->mhd = mhd;
  stream->work = work;
  stream->more = more;
  stream->user = user;
  stream->free_user = free_user;
  stream->is_cut = is_cut;
  stream->sending = first ? first : g_string_new (NULL);
  stream->next = g_string_new (NULL);
  begin_piece (stream);
  return MHD_create_response_from_callback (MHD_SIZE_UNKNOWN, 16 * 1024, read_piece, stream,
                                            response_ends);
}
