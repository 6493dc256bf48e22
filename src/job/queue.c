/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of jobs: its threads, and those who wait. */
#include "job/queue.h"

#include <string.h>

#include "service/open.h"

/* Copying data takes hours, and others are to be served meanwhile. */
#define DEFAULT_THREADS 32u

/* The lock that says whose the jobs are, and how long the one before may take to end. */
#define OWNERSHIP             "the jobs of cairnd"
#define OWNERSHIP_PATIENCE_US (2 * G_USEC_PER_SEC)

/* Orders that wait for a thread at most; each has a client that waits with it. */
#define QUEUE_MAX 256u

/* How long an order waits for a thread, and for its preparation, before it is withdrawn. */
#define PATIENCE_US (30 * G_USEC_PER_SEC)

CairnJobs *
cairn_jobs_ref (CairnJobs *jobs)
{
  g_atomic_int_inc (&jobs->ref_count);
  return jobs;
}

void
cairn_jobs_unref (CairnJobs *jobs)
{
  if (!g_atomic_int_dec_and_test (&jobs->ref_count))
    return;
  g_hash_table_unref (jobs->by_id);
  g_queue_clear (&jobs->ended);
  g_ptr_array_unref (jobs->threads);
  if (jobs->ownership)
    jobs->store->ops->unlock_vm (jobs->ownership);
  if (jobs->store)
    jobs->store->ops->close (jobs->store);
  g_mutex_clear (&jobs->archive_lock);
  g_mutex_clear (&jobs->lock);
  g_cond_clear (&jobs->work);
  g_cond_clear (&jobs->calm);
  g_free (jobs);
}

/* ---- threads ---- */

static void
wait_for_work (CairnJobs *jobs)
{
  int64_t due_ms = cairn_archive_next_ms (jobs);
  int64_t left_ms = due_ms - cairn_jobs_now_ms ();

  jobs->n_idle++;
  if (due_ms == 0)
    g_cond_wait (&jobs->work, &jobs->lock);
  else if (left_ms > 0)
    g_cond_wait_until (&jobs->work, &jobs->lock, g_get_monotonic_time () + left_ms * 1000);
  jobs->n_idle--;
}

/* The next order, the caller's; NULL when the queue ends. Whoever has nothing to do forgets what
 * was kept long enough. */
static CairnJob *
next_job (CairnJobs *jobs)
{
  while (!jobs->is_stopping)
    {
      CairnJob *job = g_queue_pop_head (&jobs->queue);

      if (job)
        return job;
      cairn_archive_sweep (jobs);
      if (g_queue_is_empty (&jobs->queue) && !jobs->is_stopping)
        wait_for_work (jobs);
    }
  return NULL;
}

static gpointer work (gpointer opaque);

static void
add_thread (CairnJobs *jobs)
{
  GThread *thread = NULL;

  if (!jobs->is_stopping && jobs->threads->len < jobs->options.n_threads)
    thread = g_thread_try_new ("job", work, jobs, NULL);
  if (!thread)
    return;
  cairn_jobs_ref (jobs);
  g_ptr_array_add (jobs->threads, thread);
}

static gpointer
work (gpointer opaque)
{
  g_autoptr (CairnJobs) jobs = opaque;
  CairnJob *job;

  g_mutex_lock (&jobs->lock);
  while ((job = next_job (jobs)))
    {
      jobs->n_busy++;
      /* Somebody should be there to forget in time what is kept. */
      if (jobs->n_idle == 0)
        add_thread (jobs);
      g_mutex_unlock (&jobs->lock);
      cairn_job_work (job);
      cairn_job_unref (job);
      g_mutex_lock (&jobs->lock);
      jobs->n_busy--;
      g_cond_broadcast (&jobs->calm);
    }
  g_mutex_unlock (&jobs->lock);
  return NULL;
}

/* Two daemons on one store would each take the other's jobs for cut off. */
static gboolean
own_store (CairnJobs *jobs, GError **error)
{
  int64_t deadline = g_get_monotonic_time () + OWNERSHIP_PATIENCE_US;
  GError *cause = NULL;

  jobs->ownership = jobs->store->ops->lock_vm (jobs->store, OWNERSHIP, deadline, &cause);
  if (jobs->ownership)
    return TRUE;
  if (g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE))
    {
      g_clear_error (&cause);
      g_set_error (&cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                   "another cairnd serves the store '%s'; end it, or give this one a store of its "
                   "own in [store] uri",
                   jobs->options.store_uri ? jobs->options.store_uri : "by default");
    }
  g_propagate_error (error, cause);
  return FALSE;
}

CairnJobs *
cairn_jobs_new (const CairnJobsOptions *options, GError **error)
{
  g_autoptr (CairnJobs) jobs = g_new0 (CairnJobs, 1);

  jobs->ref_count = 1;
  jobs->options = *options;
  jobs->options.n_threads = options->n_threads ? options->n_threads : DEFAULT_THREADS;
  jobs->synchronous_ms = options->synchronous_ms;
  jobs->retention_ms = CAIRN_JOB_RETENTION_MS;
  g_mutex_init (&jobs->archive_lock);
  g_mutex_init (&jobs->lock);
  g_cond_init (&jobs->work);
  g_cond_init (&jobs->calm);
  g_queue_init (&jobs->queue);
  g_queue_init (&jobs->ended);
  jobs->by_id
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)cairn_job_unref);
  jobs->threads = g_ptr_array_new ();
  jobs->store = cairn_store_open_uri (options->store_uri, error);
  if (!jobs->store || !own_store (jobs, error) || !cairn_archive_read (jobs, error))
    return NULL;
  jobs->options.store_uri = NULL; /* the caller's */
  g_mutex_lock (&jobs->lock);
  add_thread (jobs);
  g_mutex_unlock (&jobs->lock);
  return g_steal_pointer (&jobs);
}

static void
set_ended (CairnJob *job, CairnError code, const char *sentence)
{
  job->phase = CAIRN_JOB_PHASE_ENDED;
  g_set_error_literal (&job->error, CAIRN_ERROR, code, sentence);
  g_cond_broadcast (&job->changed);
}

/* FALSE: something still runs. */
static gboolean
come_to_rest (CairnJobs *jobs, guint grace_ms)
{
  int64_t deadline = g_get_monotonic_time () + (int64_t)grace_ms * 1000;
  CairnJob *job;

  jobs->is_stopping = TRUE;
  g_cond_broadcast (&jobs->work);
  while ((job = g_queue_pop_head (&jobs->queue)))
    {
      set_ended (job, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "the daemon is ending; try again once it has started anew");
      cairn_job_unref (job);
    }
  while (jobs->n_busy > 0 && g_cond_wait_until (&jobs->calm, &jobs->lock, deadline))
    ;
  jobs->is_abandoned = jobs->n_busy > 0;
  while (jobs->n_using > 0)
    g_cond_wait (&jobs->calm, &jobs->lock);
  return !jobs->is_abandoned;
}

gboolean
cairn_jobs_free (CairnJobs *jobs, guint grace_ms)
{
  gboolean rests;

  if (!jobs)
    return TRUE;
  g_mutex_lock (&jobs->lock);
  rests = come_to_rest (jobs, grace_ms);
  /* What still runs is cut off, for whoever comes next. */
  jobs->store->ops->unlock_vm (g_steal_pointer (&jobs->ownership));
  g_mutex_unlock (&jobs->lock);
  for (guint i = 0; i < jobs->threads->len; i++)
    if (rests)
      g_thread_join (jobs->threads->pdata[i]);
    else
      g_thread_unref (jobs->threads->pdata[i]);
  /* The jobs that are kept hold the queue. */
  if (rests)
    g_hash_table_remove_all (jobs->by_id);
  cairn_jobs_unref (jobs);
  return rests;
}

void
cairn_jobs_set_synchronous_ms (CairnJobs *jobs, guint synchronous_ms)
{
  g_mutex_lock (&jobs->lock);
  jobs->synchronous_ms = synchronous_ms;
  g_mutex_unlock (&jobs->lock);
}

void
cairn_jobs_set_retention_ms (CairnJobs *jobs, guint retention_ms)
{
  g_mutex_lock (&jobs->lock);
  jobs->retention_ms = retention_ms;
  g_cond_broadcast (&jobs->work);
  g_mutex_unlock (&jobs->lock);
}

/* ---- ordering ---- */

static gboolean
enqueue (CairnJobs *jobs, CairnJob *job, GError **error)
{
  if (jobs->is_stopping)
    g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                         "the daemon is ending; try again once it has started anew");
  else if (g_queue_get_length (&jobs->queue) >= QUEUE_MAX)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "%u operations wait already, which is the limit; try again later", QUEUE_MAX);
  else
    {
      g_queue_push_tail (&jobs->queue, cairn_job_ref (job));
      if (jobs->n_idle < g_queue_get_length (&jobs->queue))
        add_thread (jobs);
      g_cond_signal (&jobs->work);
      return TRUE;
    }
  return FALSE;
}

static void
withdraw (CairnJobs *jobs, CairnJob *job)
{
  job->is_withdrawn = TRUE;
  if (g_queue_remove (&jobs->queue, job))
    cairn_job_unref (job);
}

static gboolean
fail_impatient (GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "the operation wasn't begun within %d seconds, as others are under way, and won't "
               "be; try again later",
               (int)(PATIENCE_US / G_USEC_PER_SEC));
  return FALSE;
}

/* Waits until the order is withdrawn (FALSE), has ended or is a job, with the lock held. */
static gboolean
await (CairnJobs *jobs, CairnJob *job, GError **error)
{
  int64_t begin = g_get_monotonic_time ();
  int64_t budget = begin + (int64_t)jobs->synchronous_ms * 1000;
  int64_t patience = begin + PATIENCE_US;

  while (job->phase != CAIRN_JOB_PHASE_ENDED)
    {
      gboolean runs = job->phase == CAIRN_JOB_PHASE_RUNNING;

      if (runs && job->is_job && !job->may_end)
        return TRUE;
      if (g_cond_wait_until (&job->changed, &jobs->lock, runs ? budget : patience))
        continue;
      /* What it came to at the last moment counts. */
      if (job->phase == CAIRN_JOB_PHASE_RUNNING && g_get_monotonic_time () >= budget)
        {
          job->may_end = FALSE;
          if (!job->is_job)
            cairn_job_become (job);
        }
      else if (job->phase < CAIRN_JOB_PHASE_RUNNING)
        {
          withdraw (jobs, job);
          return fail_impatient (error);
        }
    }
  return TRUE;
}

static CairnJobOutcome
tell (CairnJob *job, CairnJobRecord **record, GError **error)
{
  if (job->error && !job->is_job)
    {
      g_propagate_error (error, g_error_copy (job->error));
      return CAIRN_JOB_OUTCOME_FAILED;
    }
  *record = cairn_job_snapshot (job);
  return job->is_job ? CAIRN_JOB_OUTCOME_STARTED : CAIRN_JOB_OUTCOME_DONE;
}

CairnJobOutcome
cairn_jobs_run (CairnJobs *jobs, const CairnJobOrder *order, CairnJobRecord **record,
                GError **error)
{
  g_autoptr (CairnJob) job = cairn_job_new (jobs, order);
  CairnJobOutcome outcome = CAIRN_JOB_OUTCOME_FAILED;

  g_mutex_lock (&jobs->lock);
  job->must_be_one = order->always_a_job || jobs->synchronous_ms == 0;
  job->may_end = order->always_a_job && jobs->synchronous_ms > 0;
  if (enqueue (jobs, job, error) && await (jobs, job, error))
    outcome = tell (job, record, error);
  g_mutex_unlock (&jobs->lock);
  return outcome;
}

/* ---- looking ---- */

static CairnJob *
find (CairnJobs *jobs, const char *id)
{
  g_autofree char *upper = g_ascii_strup (id, -1);
  CairnJob *job = g_hash_table_lookup (jobs->by_id, upper);
  gboolean is_over = job && job->phase == CAIRN_JOB_PHASE_ENDED
                     && job->record->end_ms + jobs->retention_ms <= cairn_jobs_now_ms ();

  return is_over ? NULL : job;
}

CairnJobRecord *
cairn_jobs_get (CairnJobs *jobs, const char *id)
{
  CairnJobRecord *record = NULL;
  CairnJob *job;

  g_mutex_lock (&jobs->lock);
  job = find (jobs, id);
  if (job)
    record = cairn_job_snapshot (job);
  g_mutex_unlock (&jobs->lock);
  return record;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const CairnJobRecord *left = *(const CairnJobRecord *const *)a;
  const CairnJobRecord *right = *(const CairnJobRecord *const *)b;

  return strcmp (left->id, right->id);
}

GPtrArray *
cairn_jobs_list (CairnJobs *jobs)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_job_record_unref);
  GHashTableIter iter;
  gpointer id;

  g_mutex_lock (&jobs->lock);
  g_hash_table_iter_init (&iter, jobs->by_id);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      CairnJob *job = find (jobs, id);

      if (job)
        g_ptr_array_add (records, cairn_job_snapshot (job));
    }
  g_mutex_unlock (&jobs->lock);
  g_ptr_array_sort (records, compare_ids);
  return records;
}

gboolean
cairn_jobs_terminate (CairnJobs *jobs, const char *id)
{
  gboolean runs;
  CairnJob *job;

  g_mutex_lock (&jobs->lock);
  job = find (jobs, id);
  runs = job && job->phase == CAIRN_JOB_PHASE_RUNNING;
  if (runs)
    g_atomic_int_set (&job->is_cancelled, TRUE);
  g_mutex_unlock (&jobs->lock);
  return runs;
}

void
cairn_jobs_count (CairnJobs *jobs, CairnJobCounts *counts)
{
  g_mutex_lock (&jobs->lock);
  *counts = jobs->counts;
  counts->running = jobs->n_busy;
  g_mutex_unlock (&jobs->lock);
}
