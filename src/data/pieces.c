/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Piece N goes through place N % CAIRN_PIECES_PLACES of the ring. */
#include "data/pieces.h"

#include <stdlib.h>

#define ALIGNMENT 4096u

typedef struct
{
  gboolean is_ready;
  size_t n_bytes;
  uint8_t *buffer;
} Place;

typedef struct
{
  const CairnPieces *pieces;
  GMutex lock; /* guards what follows */
  GCond changed;
  Place ring[CAIRN_PIECES_PLACES];
  uint64_t n_taken, n_hashed, n_bytes;
  unsigned n_workers; /* numbers given out */
  gboolean stops;
  GError *error; /* the first */
} Run;

static void
fail (Run *run, GError *problem)
{
  g_mutex_lock (&run->lock);
  if (run->error)
    g_error_free (problem);
  else
    run->error = problem;
  run->stops = TRUE;
  g_cond_broadcast (&run->changed);
  g_mutex_unlock (&run->lock);
}

/* The next piece, once its place in the ring is free; NULL at the end. */
static Place *
take_piece (Run *run, uint64_t *number)
{
  const CairnPieces *pieces = run->pieces;
  Place *place = NULL;

  g_mutex_lock (&run->lock);
  while (!run->stops && run->n_taken < pieces->n_pieces
         && run->n_taken >= run->n_hashed + CAIRN_PIECES_PLACES)
    g_cond_wait (&run->changed, &run->lock);
  if (!run->stops && run->n_taken < pieces->n_pieces)
    {
      *number = run->n_taken++;
      place = &run->ring[*number % CAIRN_PIECES_PLACES];
      place->is_ready = FALSE;
      if (pieces->take)
        pieces->take (pieces->user, *number, (unsigned)(*number % CAIRN_PIECES_PLACES));
    }
  g_mutex_unlock (&run->lock);
  return place;
}

static gpointer
work (gpointer user)
{
  Run *run = user;
  const CairnPieces *pieces = run->pieces;
  uint64_t number = 0;
  unsigned worker;
  Place *place;

  g_mutex_lock (&run->lock);
  worker = run->n_workers++;
  g_mutex_unlock (&run->lock);
  while ((place = take_piece (run, &number)))
    {
      GError *problem = NULL;

      if (!pieces->work (pieces->user, worker, number, (unsigned)(number % CAIRN_PIECES_PLACES),
                         place->buffer, &place->n_bytes, &problem))
        {
          fail (run, problem);
          break;
        }
      g_mutex_lock (&run->lock);
      place->is_ready = TRUE;
      g_cond_broadcast (&run->changed);
      g_mutex_unlock (&run->lock);
    }
  return NULL;
}

static gpointer
hash_all (gpointer user)
{
  Run *run = user;

  g_mutex_lock (&run->lock);
  while (!run->stops && run->n_hashed < run->pieces->n_pieces)
    {
      Place *place = &run->ring[run->n_hashed % CAIRN_PIECES_PLACES];

      if (run->n_hashed >= run->n_taken || !place->is_ready)
        {
          g_cond_wait (&run->changed, &run->lock);
          continue;
        }
      g_mutex_unlock (&run->lock);
      cairn_hash_add (run->pieces->hash, place->buffer, place->n_bytes);
      g_mutex_lock (&run->lock);
      run->n_hashed++;
      run->n_bytes += place->n_bytes;
      g_cond_broadcast (&run->changed);
    }
  g_mutex_unlock (&run->lock);
  return NULL;
}

/* Tells how far it is until all is hashed, or it is to stop. */
static void
watch (Run *run, const CairnDataTick *tick, uint64_t before)
{
  int64_t next = g_get_monotonic_time () + CAIRN_DATA_TICK_MS * 1000;

  g_mutex_lock (&run->lock);
  while (!run->stops && run->n_hashed < run->pieces->n_pieces)
    {
      GError *problem = NULL;
      uint64_t done;

      if (g_cond_wait_until (&run->changed, &run->lock, next))
        continue;
      next = g_get_monotonic_time () + CAIRN_DATA_TICK_MS * 1000;
      done = before + run->n_bytes;
      g_mutex_unlock (&run->lock);
      if (tick && !tick->tick (tick->user, done, &problem))
        fail (run, problem);
      g_mutex_lock (&run->lock);
    }
  g_mutex_unlock (&run->lock);
  if (run->stops && run->pieces->give_up)
    run->pieces->give_up (run->pieces->user);
}

static void
run_threads (Run *run, const CairnDataTick *tick, uint64_t before)
{
  unsigned n_workers = MIN (run->pieces->n_workers, CAIRN_PIECES_WORKERS);
  GThread *threads[CAIRN_PIECES_WORKERS + 1];
  unsigned n_threads = 0;

  while (n_threads < n_workers + 1)
    {
      GThread *thread = g_thread_try_new ("data", n_threads ? work : hash_all, run, NULL);

      if (!thread)
        break;
      threads[n_threads++] = thread;
    }
  if (n_threads < 2) /* fewer workers will do, none won't */
    fail (run, g_error_new (CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                            "no threads to work on '%s' with; end other programs and try again",
                            run->pieces->path));
  else
    watch (run, tick, before);
  for (unsigned i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

gboolean
cairn_pieces_run (const CairnPieces *pieces, const CairnDataTick *tick, uint64_t before,
                  GError **error)
{
  size_t n_buffers = (size_t)MIN (pieces->n_pieces, CAIRN_PIECES_PLACES);
  Run run = { .pieces = pieces };
  void *memory = NULL;
  uint8_t *buffers;

  if (n_buffers == 0)
    return TRUE;
  if (posix_memalign (&memory, ALIGNMENT, n_buffers * CAIRN_PIECE_BYTES) != 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "no memory to work on '%s' with; end other programs and try again",
                   pieces->path);
      return FALSE;
    }
  buffers = memory;
  for (size_t i = 0; i < n_buffers; i++)
    run.ring[i].buffer = buffers + i * CAIRN_PIECE_BYTES;
  g_mutex_init (&run.lock);
  g_cond_init (&run.changed);
  run_threads (&run, tick, before);
  g_mutex_clear (&run.lock);
  g_cond_clear (&run.changed);
  free (memory);
  if (run.error)
    g_propagate_error (error, run.error);
  return run.error == NULL;
}
