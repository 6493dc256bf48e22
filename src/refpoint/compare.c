/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares two views in parallel.
 *
 * Threads take the next chunk of the disk each. The position, below which all is done, follows the
 * chunk furthest behind; the lock is taken once for each chunk. */
#include "refpoint/compare.h"

#include <stdlib.h>
#include <string.h>

#include "refpoint/engine.h"

/* What is compared by one thread at a time, unless a view wants to be read in larger pieces. */
#define CHUNK_BYTES (256u * 1024)

/* More than the processors of a host that has no other work; views seldom have as many readers. */
#define MAX_THREADS 8u

/* A page: the kernel copies to what isn't aligned a fifth slower. */
#define BUFFER_ALIGNMENT 4096u

/* The most granules of a chunk. */
#define MAX_CHUNK_GRANULES 64u

typedef struct
{
  CairnComparison *comparison;
  uint64_t size_bytes;
  uint64_t granule_bytes;
  size_t chunk_bytes;
  GMutex lock; /* guards what follows */
  GCond changed;
  uint64_t next_bytes;
  uint64_t begins[MAX_THREADS]; /* the chunk of each thread, or UINT64_MAX */
  unsigned n_threads, n_running;
  gboolean stops;
  GError *error; /* the first */
} Race;

/* What is known of one side from some place on. */
typedef struct
{
  CairnView *view;
  uint64_t known_from, known_to;
  gboolean is_zero;
  uint8_t *buffer; /* of a chunk */
} Side;

typedef struct
{
  Race *race;
  unsigned number;
  Side sides[2];
} Worker;

/* Whether SIDE reads as zeroes in all of [BEGIN, END). */
static gboolean
look_up (Worker *worker, Side *side, uint64_t begin, uint64_t end, gboolean *is_zero,
         GError **error)
{
  uint64_t length;

  if (begin >= side->view->size_bytes)
    {
      side->known_from = begin;
      side->known_to = UINT64_MAX;
      side->is_zero = TRUE;
    }
  else if (begin < side->known_from || begin >= side->known_to)
    {
      if (!side->view->ops->map (side->view, worker->number, begin, &side->is_zero, &length, error))
        return FALSE;
      side->known_from = begin;
      side->known_to = begin + length;
    }
  *is_zero = side->is_zero && (end <= side->known_to || side->known_to >= side->view->size_bytes);
  return TRUE;
}

/* Fills the buffer's [BEGIN - chunk, END - chunk). */
static gboolean
read_range (Worker *worker, Side *side, uint64_t chunk, uint64_t begin, uint64_t end,
            GError **error)
{
  uint8_t *place = side->buffer + (begin - chunk);
  uint64_t limit = CLAMP (side->view->size_bytes, begin, end);

  if (limit > begin
      && !side->view->ops->read (side->view, worker->number, begin, place, (size_t)(limit - begin),
                                 error))
    return FALSE;
  memset (place + (limit - begin), 0, (size_t)(end - limit));
  return TRUE;
}

static gboolean
is_all_zero (const uint8_t *bytes, size_t n)
{
  return bytes[0] == 0 && memcmp (bytes, bytes + 1, n - 1) == 0;
}

/* Which granules of a chunk must be read, of each side. */
typedef struct
{
  uint64_t begin, end; /* of the chunk */
  unsigned n_granules;
  gboolean is_read[2][MAX_CHUNK_GRANULES];
} Plan;

static uint64_t
granule_end (const Worker *worker, const Plan *plan, unsigned granule)
{
  return MIN (plan->begin + (granule + 1) * worker->race->granule_bytes, plan->end);
}

static gboolean
plan_chunk (Worker *worker, Plan *plan, GError **error)
{
  uint64_t granule_bytes = worker->race->granule_bytes;

  plan->n_granules = (unsigned)((plan->end - plan->begin + granule_bytes - 1) / granule_bytes);
  for (unsigned i = 0; i < plan->n_granules; i++)
    for (int k = 0; k < 2; k++)
      {
        gboolean is_zero;

        if (!look_up (worker, &worker->sides[k], plan->begin + i * granule_bytes,
                      granule_end (worker, plan, i), &is_zero, error))
          return FALSE;
        plan->is_read[k][i] = !is_zero;
      }
  return TRUE;
}

/* Reads what is to be read of one side, in runs as long as they are. */
static gboolean
read_side (Worker *worker, const Plan *plan, int k, GError **error)
{
  for (unsigned i = 0; i < plan->n_granules; i++)
    {
      unsigned first = i;

      while (i < plan->n_granules && plan->is_read[k][i])
        i++;
      if (i > first
          && !read_range (worker, &worker->sides[k], plan->begin,
                          plan->begin + first * worker->race->granule_bytes,
                          granule_end (worker, plan, i - 1), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_same (const Worker *worker, const Plan *plan, unsigned granule)
{
  size_t at = granule * (size_t)worker->race->granule_bytes;
  size_t n = (size_t)(granule_end (worker, plan, granule) - plan->begin) - at;
  const uint8_t *disk = worker->sides[0].buffer + at, *base = worker->sides[1].buffer + at;

  if (plan->is_read[0][granule] && plan->is_read[1][granule])
    return memcmp (disk, base, n) == 0;
  if (plan->is_read[0][granule])
    return is_all_zero (disk, n);
  return !plan->is_read[1][granule] || is_all_zero (base, n);
}

/* Where both sides are known to be zero up to, when all of the chunk is. */
static void
skip_zeroes (Worker *worker, const Plan *plan)
{
  Race *race = worker->race;
  uint64_t end = MIN (worker->sides[0].known_to, worker->sides[1].known_to);

  for (unsigned i = 0; i < plan->n_granules; i++)
    if (plan->is_read[0][i] || plan->is_read[1][i])
      return;
  end = MIN (end, race->size_bytes) / race->chunk_bytes * race->chunk_bytes;
  g_mutex_lock (&race->lock);
  race->next_bytes = MAX (race->next_bytes, end);
  g_mutex_unlock (&race->lock);
}

static gboolean
compare_chunk (Worker *worker, uint64_t begin, GError **error)
{
  Race *race = worker->race;
  Plan plan = { .begin = begin, .end = MIN (begin + race->chunk_bytes, race->size_bytes) };

  if (!plan_chunk (worker, &plan, error) || !read_side (worker, &plan, 0, error)
      || !read_side (worker, &plan, 1, error))
    return FALSE;
  for (unsigned i = 0; i < plan.n_granules; i++)
    if (!is_same (worker, &plan, i))
      cairn_granules_set (race->comparison->granules, begin / race->granule_bytes + i);
  skip_zeroes (worker, &plan);
  return TRUE;
}

/* Gives the finished chunk back, with PROBLEM (consumed) if it failed, and takes the next; FALSE
 * when there is none. */
static gboolean
take_chunk (Worker *worker, GError *problem, uint64_t *begin)
{
  Race *race = worker->race;
  gboolean has_next;

  g_mutex_lock (&race->lock);
  if (problem)
    {
      race->stops = TRUE;
      if (race->error)
        g_error_free (problem);
      else
        race->error = problem;
    }
  else
    race->begins[worker->number] = UINT64_MAX;
  has_next = !race->stops && race->next_bytes < race->size_bytes;
  if (has_next)
    {
      *begin = race->begins[worker->number] = race->next_bytes;
      race->next_bytes += race->chunk_bytes;
    }
  else
    {
      race->n_running--;
      g_cond_signal (&race->changed);
    }
  g_mutex_unlock (&race->lock);
  return has_next;
}

static gpointer
work (gpointer user)
{
  Worker *worker = user;
  GError *problem = NULL;
  uint64_t begin;

  while (take_chunk (worker, problem, &begin))
    compare_chunk (worker, begin, &problem);
  return NULL;
}

/* How far all is done. */
static void
tell_position (Race *race)
{
  CairnComparison *comparison = race->comparison;
  uint64_t position = MIN (race->next_bytes, race->size_bytes);

  for (unsigned i = 0; i < race->n_threads; i++)
    position = MIN (position, race->begins[i]);
  comparison->position_bytes = position;
}

static void
count_running (Race *race, int change)
{
  g_mutex_lock (&race->lock);
  race->n_running += (unsigned)change;
  g_mutex_unlock (&race->lock);
}

/* A worker that waits for a server that hangs would hold us up. */
static void
give_up (CairnView *view)
{
  if (view->ops->give_up)
    view->ops->give_up (view);
}

/* Waits for the workers, and tells of them; FALSE with ERROR when they are to stop. */
static gboolean
watch (Race *race, GError **error)
{
  CairnComparison *comparison = race->comparison;
  gboolean goes_on = TRUE, is_early;

  g_mutex_lock (&race->lock);
  while (race->n_running > 0 && goes_on && !race->error)
    {
      g_cond_wait_until (&race->changed, &race->lock,
                         g_get_monotonic_time () + CAIRN_COMPARE_TICK_MS * 1000);
      tell_position (race);
      g_mutex_unlock (&race->lock);
      goes_on = comparison->tick (comparison->user, error);
      g_mutex_lock (&race->lock);
    }
  race->stops = TRUE;
  is_early = race->n_running > 0;
  g_mutex_unlock (&race->lock);
  if (is_early)
    {
      give_up (comparison->disk);
      give_up (comparison->base);
    }
  return goes_on;
}

static gboolean
worker_init (Worker *worker, Race *race, unsigned number)
{
  CairnView *const views[] = { race->comparison->disk, race->comparison->base };

  *worker = (Worker){ .race = race, .number = number };
  race->begins[number] = UINT64_MAX;
  for (int k = 0; k < 2; k++)
    {
      worker->sides[k].view = views[k];
      worker->sides[k].buffer = aligned_alloc (BUFFER_ALIGNMENT, race->chunk_bytes);
    }
  return worker->sides[0].buffer && worker->sides[1].buffer;
}

static void
worker_clear (Worker *worker)
{
  for (int k = 0; k < 2; k++)
    free (worker->sides[k].buffer);
}

static gboolean
run_workers (Race *race, Worker *workers, GError **error)
{
  GThread *threads[MAX_THREADS] = { NULL };
  gboolean ok = TRUE;

  for (unsigned i = 0; i < race->n_threads && ok; i++)
    ok = worker_init (&workers[i], race, i);
  for (unsigned i = 0; i < race->n_threads && ok; i++)
    {
      count_running (race, 1);
      threads[i] = g_thread_try_new ("compare", work, &workers[i], NULL);
      if (!threads[i])
        count_running (race, -1);
      ok = threads[i] || i > 0; /* fewer will do */
    }
  if (!ok)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                 "no memory to compare with; free some and try again");
  else
    ok = watch (race, error);
  for (unsigned i = 0; i < race->n_threads; i++)
    if (threads[i])
      g_thread_join (threads[i]);
  return ok;
}

gboolean
cairn_comparison_run (CairnComparison *comparison, GError **error)
{
  CairnView *disk = comparison->disk, *base = comparison->base;
  Race race = { .comparison = comparison,
                .size_bytes = disk->size_bytes,
                .granule_bytes = comparison->granules->granularity_bytes,
                .next_bytes = comparison->position_bytes,
                .n_threads = MIN (MIN (disk->n_readers, base->n_readers), MAX_THREADS) };
  Worker workers[MAX_THREADS] = { 0 };
  gboolean ok;

  race.chunk_bytes = MAX (MAX (disk->read_bytes, base->read_bytes), CHUNK_BYTES);
  race.chunk_bytes = MIN (race.chunk_bytes, race.granule_bytes * MAX_CHUNK_GRANULES);
  g_mutex_init (&race.lock);
  g_cond_init (&race.changed);
  ok = run_workers (&race, workers, error);
  for (unsigned i = 0; i < race.n_threads; i++)
    worker_clear (&workers[i]);
  tell_position (&race);
  if (race.error && ok)
    g_propagate_error (error, race.error);
  else if (race.error)
    g_error_free (race.error);
  g_mutex_clear (&race.lock);
  g_cond_clear (&race.changed);
  return ok && !race.error;
}

gboolean
cairn_view_check_zero (CairnView *view, uint64_t offset_bytes, gboolean *all_zero, int64_t deadline,
                       GError **error)
{
  g_autofree uint8_t *buffer = g_malloc (CHUNK_BYTES);
  uint64_t length;

  *all_zero = TRUE;
  for (uint64_t at = offset_bytes; at < view->size_bytes && *all_zero; at += length)
    {
      gboolean is_zero;

      if (!cairn_deadline_check (deadline, error)
          || !view->ops->map (view, 0, at, &is_zero, &length, error))
        return FALSE;
      if (is_zero && at + length >= view->size_bytes)
        return TRUE;
      /* Reads begin at multiples of 64 KiB, so only whole chunks are skipped. */
      length = is_zero ? length / CHUNK_BYTES * CHUNK_BYTES : 0;
      if (length > 0)
        continue;
      length = MIN (view->size_bytes - at, CHUNK_BYTES);
      if (!view->ops->read (view, 0, at, buffer, (size_t)length, error))
        return FALSE;
      *all_zero = is_all_zero (buffer, (size_t)length);
    }
  return TRUE;
}
