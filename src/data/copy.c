/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a planned image: several threads read the disk and write the file, piece by piece, and one
 * takes the checksum of the pieces in their order.
 *
 * Piece N stays in place N % N_PLACES of a ring until it is hashed, which bounds the memory.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "data/hash.h"
#include "data/plan.h"

#define PIECE_CLUSTERS 16u
#define PIECE_BYTES    (PIECE_CLUSTERS * CAIRN_CLUSTER_BYTES)
#define N_PLACES       12u
#define MAX_READERS    8u

typedef struct
{
  guint run; /* where its first cluster is in the plan's runs */
  uint64_t skipped;
  uint64_t n_clusters;
  gboolean is_ready;
  uint8_t *buffer;
} Piece;

typedef struct
{
  const CairnDataPlan *plan;
  int fd;
  const char *path;
  uint64_t data_bytes; /* place of the first data */
  uint64_t n_pieces;
  CairnHash *hash;
  GMutex lock; /* guards what follows */
  GCond changed;
  Piece ring[N_PLACES];
  uint64_t n_taken, n_hashed;
  guint run; /* of the next piece */
  uint64_t skipped;
  unsigned n_readers; /* numbers given out */
  gboolean stops;
  GError *error; /* the first */
} Copy;

static gboolean
write_all (const Copy *copy, const uint8_t *bytes, size_t n_bytes, uint64_t place, GError **error)
{
  while (n_bytes > 0)
    {
      ssize_t n = pwrite (copy->fd, bytes, n_bytes, (off_t)place);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return cairn_data_fail (copy->path, "written", error);
      bytes += n;
      n_bytes -= (size_t)n;
      place += (uint64_t)n;
    }
  return TRUE;
}

/* Moves over the runs from (*RUN, *SKIPPED) to the next data, at most LIMIT clusters of one run. */
static uint64_t
next_data (const CairnDataPlan *plan, guint *run, uint64_t *skipped, uint64_t limit,
           uint64_t *first)
{
  for (; *run < plan->runs->len; ++*run, *skipped = 0)
    {
      const CairnRun *at = &g_array_index (plan->runs, CairnRun, *run);
      uint64_t count = at->is_zero ? 0 : MIN (at->count - *skipped, limit);

      if (count == 0)
        continue;
      *first = at->first + *skipped;
      *skipped += count;
      return count;
    }
  return 0;
}

static gboolean
fill_piece (const Copy *copy, unsigned reader, Piece *piece, GError **error)
{
  CairnView *view = copy->plan->view;
  guint run = piece->run;
  uint64_t skipped = piece->skipped, done = 0;

  while (done < piece->n_clusters)
    {
      uint64_t first = 0;
      uint64_t count = next_data (copy->plan, &run, &skipped, piece->n_clusters - done, &first);
      uint64_t offset = first * CAIRN_CLUSTER_BYTES;
      size_t wanted = count * CAIRN_CLUSTER_BYTES;
      size_t there = (size_t)MIN (wanted, view->size_bytes - offset);
      uint8_t *buffer = piece->buffer + done * CAIRN_CLUSTER_BYTES;

      if (!view->ops->read (view, reader, offset, buffer, there, error))
        return FALSE;
      memset (buffer + there, 0, wanted - there);
      done += count;
    }
  return TRUE;
}

static void
fail (Copy *copy, GError *problem)
{
  g_mutex_lock (&copy->lock);
  if (copy->error)
    g_error_free (problem);
  else
    copy->error = problem;
  copy->stops = TRUE;
  g_cond_broadcast (&copy->changed);
  g_mutex_unlock (&copy->lock);
}

/* The next piece, once its place in the ring is free; NULL at the end. */
static Piece *
take_piece (Copy *copy, uint64_t *number)
{
  Piece *piece = NULL;
  uint64_t unused, count, total = 0;

  g_mutex_lock (&copy->lock);
  while (!copy->stops && copy->n_taken < copy->n_pieces
         && copy->n_taken >= copy->n_hashed + N_PLACES)
    g_cond_wait (&copy->changed, &copy->lock);
  if (!copy->stops && copy->n_taken < copy->n_pieces)
    {
      *number = copy->n_taken++;
      piece = &copy->ring[*number % N_PLACES];
      piece->is_ready = FALSE;
      piece->run = copy->run;
      piece->skipped = copy->skipped;
      while (total < PIECE_CLUSTERS
             && (count = next_data (copy->plan, &copy->run, &copy->skipped, PIECE_CLUSTERS - total,
                                    &unused))
                    > 0)
        total += count;
      piece->n_clusters = total;
    }
  g_mutex_unlock (&copy->lock);
  return piece;
}

static gpointer
read_pieces (gpointer user)
{
  Copy *copy = user;
  uint64_t number = 0;
  unsigned reader;
  Piece *piece;

  g_mutex_lock (&copy->lock);
  reader = copy->n_readers++;
  g_mutex_unlock (&copy->lock);
  while ((piece = take_piece (copy, &number)))
    {
      GError *problem = NULL;

      if (!fill_piece (copy, reader, piece, &problem)
          || !write_all (copy, piece->buffer, piece->n_clusters * CAIRN_CLUSTER_BYTES,
                         copy->data_bytes + number * PIECE_BYTES, &problem))
        {
          fail (copy, problem);
          break;
        }
      g_mutex_lock (&copy->lock);
      piece->is_ready = TRUE;
      g_cond_broadcast (&copy->changed);
      g_mutex_unlock (&copy->lock);
    }
  return NULL;
}

static gpointer
hash_pieces (gpointer user)
{
  Copy *copy = user;

  g_mutex_lock (&copy->lock);
  while (!copy->stops && copy->n_hashed < copy->n_pieces)
    {
      Piece *piece = &copy->ring[copy->n_hashed % N_PLACES];

      if (copy->n_hashed >= copy->n_taken || !piece->is_ready)
        {
          g_cond_wait (&copy->changed, &copy->lock);
          continue;
        }
      g_mutex_unlock (&copy->lock);
      cairn_hash_add (copy->hash, piece->buffer, piece->n_clusters * CAIRN_CLUSTER_BYTES);
      g_mutex_lock (&copy->lock);
      copy->n_hashed++;
      g_cond_broadcast (&copy->changed);
    }
  g_mutex_unlock (&copy->lock);
  return NULL;
}

/* Tells how far it is until all is hashed, or it is to stop. */
static void
watch (Copy *copy, const CairnDataTick *tick)
{
  CairnView *view = copy->plan->view;
  int64_t next = g_get_monotonic_time () + CAIRN_DATA_TICK_MS * 1000;

  g_mutex_lock (&copy->lock);
  while (!copy->stops && copy->n_hashed < copy->n_pieces)
    {
      GError *problem = NULL;
      uint64_t done;

      if (g_cond_wait_until (&copy->changed, &copy->lock, next))
        continue;
      next = g_get_monotonic_time () + CAIRN_DATA_TICK_MS * 1000;
      done = MIN (copy->n_hashed * PIECE_BYTES, cairn_plan_bytes (copy->plan));
      g_mutex_unlock (&copy->lock);
      if (tick && !tick->tick (tick->user, done, &problem))
        fail (copy, problem);
      g_mutex_lock (&copy->lock);
    }
  g_mutex_unlock (&copy->lock);
  if (copy->stops && view->ops->give_up)
    view->ops->give_up (view);
}

static void
run_threads (Copy *copy, const CairnDataTick *tick)
{
  unsigned n_readers = MIN (copy->plan->view->n_readers, MAX_READERS);
  GThread *threads[MAX_READERS + 1];
  unsigned n_threads = 0;

  while (n_threads < n_readers + 1)
    {
      GThread *thread
          = g_thread_try_new ("copy", n_threads ? read_pieces : hash_pieces, copy, NULL);

      if (!thread)
        break;
      threads[n_threads++] = thread;
    }
  if (n_threads < 2) /* fewer readers will do, none won't */
    fail (copy, g_error_new (CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                             "no threads to write '%s' with; end other programs and try again",
                             copy->path));
  else
    watch (copy, tick);
  for (unsigned i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

typedef struct
{
  Copy *copy;
  uint64_t place;
  GError **error;
} HeadWriter;

static gboolean
put_head (const uint8_t *cluster, gpointer user)
{
  HeadWriter *writer = user;

  cairn_hash_add (writer->copy->hash, cluster, CAIRN_CLUSTER_BYTES);
  writer->place += CAIRN_CLUSTER_BYTES;
  return write_all (writer->copy, cluster, CAIRN_CLUSTER_BYTES, writer->place - CAIRN_CLUSTER_BYTES,
                    writer->error);
}

gboolean
cairn_copy_image (const CairnDataPlan *plan, int fd, const char *path, const CairnDataTick *tick,
                  CairnDataFile *file, GError **error)
{
  Copy copy = { .plan = plan,
                .fd = fd,
                .path = path,
                .data_bytes = cairn_plan_data_place (plan) * CAIRN_CLUSTER_BYTES,
                .n_pieces = (plan->n_data + PIECE_CLUSTERS - 1) / PIECE_CLUSTERS,
                .hash = cairn_hash_new () };
  HeadWriter writer = { .copy = &copy, .error = error };
  gboolean ok;

  g_mutex_init (&copy.lock);
  g_cond_init (&copy.changed);
  for (unsigned i = 0; i < N_PLACES; i++)
    copy.ring[i].buffer = g_malloc (PIECE_BYTES);
  ok = cairn_plan_write_head (plan, put_head, &writer);
  if (ok)
    run_threads (&copy, tick);
  if (copy.error)
    g_propagate_error (error, copy.error);
  for (unsigned i = 0; i < N_PLACES; i++)
    g_free (copy.ring[i].buffer);
  g_mutex_clear (&copy.lock);
  g_cond_clear (&copy.changed);
  g_free (file->sha256);
  file->sha256 = cairn_hash_end (copy.hash);
  file->size_bytes = cairn_plan_n_clusters (plan) * CAIRN_CLUSTER_BYTES;
  return ok && !copy.error;
}
