/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps jobs in the store, and forgets them in time. */
#include "job/queue.h"

/* Ended jobs that are kept at most, about 1 KB each: a client that orders 30 a second makes as many
 * in their five minutes. */
#define ENDED_MAX 10000u

#define CUT_OFF                                                                                    \
  "the operation was cut off when the daemon ended; the next operation on this virtual machine "   \
  "completes or undoes what it had begun, so look at its reference points and order it again if "  \
  "need be"

int64_t
cairn_jobs_now_ms (void)
{
  return g_get_real_time () / 1000;
}

static void
put (CairnJobs *jobs, const CairnJobRecord *record)
{
  g_autoptr (GBytes) bytes = cairn_job_record_encode (record);
  const CairnStoreJob kept = { record->id, record->end_ms, bytes };
  g_autoptr (GError) cause = NULL;

  g_autofree char *sentence = NULL;

  if (jobs->store->ops->put_job (jobs->store, &kept, &cause))
    return;
  sentence = g_strdup_printf ("job '%s' can't be kept, and won't be known after a restart: %s",
                              record->id, cause->message);
  cairn_jobs_tell_trouble (jobs, record->id, sentence);
}

void
cairn_archive_keep (CairnJob *job)
{
  CairnJobs *jobs = job->jobs;
  g_autoptr (CairnJobRecord) record = NULL;

  g_mutex_lock (&jobs->archive_lock);
  g_mutex_lock (&jobs->lock);
  /* What was forgotten meanwhile stays so. */
  if (g_hash_table_lookup (jobs->by_id, job->record->id) == job)
    record = cairn_job_snapshot (job);
  g_mutex_unlock (&jobs->lock);
  if (record)
    put (jobs, record);
  g_mutex_unlock (&jobs->archive_lock);
}

static void
end_cut_off (CairnJobs *jobs, CairnJobRecord *record)
{
  record->state = CAIRN_JOB_EXCEPTION;
  record->end_ms = record->changed_ms = cairn_jobs_now_ms ();
  record->is_cancellable = FALSE;
  record->error_code = CAIRN_ERROR_FAILED;
  g_free (record->error);
  record->error = g_strdup (CUT_OFF);
  put (jobs, record);
}

static int
compare_ends (gconstpointer a, gconstpointer b, gpointer unused)
{
  const CairnJob *left = a, *right = b;

  return (left->record->end_ms > right->record->end_ms)
         - (left->record->end_ms < right->record->end_ms);
}

gboolean
cairn_archive_read (CairnJobs *jobs, GError **error)
{
  g_autoptr (GPtrArray) kept = jobs->store->ops->list_jobs (jobs->store, error);

  for (guint i = 0; kept && i < kept->len; i++)
    {
      const CairnStoreJob *stored = kept->pdata[i];
      CairnJobRecord *record = cairn_job_record_decode (stored->id, stored->record);
      CairnJob *job;

      if (!record)
        {
          jobs->store->ops->remove_job (jobs->store, stored->id, NULL);
          continue;
        }
      if (record->state == CAIRN_JOB_RUNNING)
        end_cut_off (jobs, record);
      job = cairn_job_new_ended (jobs, record);
      g_hash_table_insert (jobs->by_id, record->id, job);
      g_queue_push_tail (&jobs->ended, job);
    }
  g_queue_sort (&jobs->ended, compare_ends, NULL);
  return kept != NULL;
}

int64_t
cairn_archive_next_ms (CairnJobs *jobs)
{
  const CairnJob *oldest = g_queue_peek_head (&jobs->ended);

  if (!oldest)
    return 0;
  if (g_queue_get_length (&jobs->ended) > ENDED_MAX)
    return 1;
  return oldest->record->end_ms + jobs->retention_ms;
}

/* The id of one whose time is up, which isn't known from here on; NULL when there is none. */
static char *
forget_one (CairnJobs *jobs)
{
  int64_t due_ms = cairn_archive_next_ms (jobs);
  CairnJob *oldest;
  char *id;

  if (due_ms == 0 || due_ms > cairn_jobs_now_ms ())
    return NULL;
  oldest = g_queue_pop_head (&jobs->ended);
  id = g_strdup (oldest->record->id);
  g_hash_table_remove (jobs->by_id, id);
  return id;
}

void
cairn_archive_sweep (CairnJobs *jobs)
{
  char *id;

  while ((id = forget_one (jobs)))
    {
      g_mutex_unlock (&jobs->lock);
      g_mutex_lock (&jobs->archive_lock);
      jobs->store->ops->remove_job (jobs->store, id, NULL);
      g_mutex_unlock (&jobs->archive_lock);
      g_free (id);
      g_mutex_lock (&jobs->lock);
    }
}
