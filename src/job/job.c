/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One job: from its order to its end. */
#include "job/queue.h"

#include "refpoint/engine.h"

CairnJob *
cairn_job_new (CairnJobs *jobs, const CairnJobOrder *order)
{
  CairnJob *job = g_new0 (CairnJob, 1);
  const char *owner = order->caller ? order->caller->name : "";

  job->ref_count = 1;
  job->jobs = cairn_jobs_ref (jobs);
  job->order = *order;
  job->caller = order->caller ? cairn_caller_copy (order->caller) : NULL;
  job->order.caller = job->caller;
  job->record = cairn_job_record_new (order->type, owner, cairn_jobs_now_ms ());
  g_cond_init (&job->changed);
  return job;
}

CairnJob *
cairn_job_new_ended (CairnJobs *jobs, CairnJobRecord *record)
{
  CairnJob *job = g_new0 (CairnJob, 1);

  job->ref_count = 1;
  job->phase = CAIRN_JOB_PHASE_ENDED;
  job->is_job = TRUE;
  job->record = record;
  g_cond_init (&job->changed);
  return job;
}

CairnJob *
cairn_job_ref (CairnJob *job)
{
  g_atomic_int_inc (&job->ref_count);
  return job;
}

static void
release_order (CairnJob *job)
{
  if (job->order.free_user)
    job->order.free_user (job->order.user);
  job->order = (CairnJobOrder){ 0 };
}

void
cairn_job_unref (CairnJob *job)
{
  if (!job || !g_atomic_int_dec_and_test (&job->ref_count))
    return;
  release_order (job);
  cairn_caller_free (job->caller);
  cairn_job_record_unref (job->record);
  g_clear_error (&job->error);
  g_cond_clear (&job->changed);
  g_clear_pointer (&job->jobs, cairn_jobs_unref);
  g_free (job);
}

CairnJobRecord *
cairn_job_snapshot (CairnJob *job)
{
  CairnJobRecord *copy;

  /* Nobody changes it any more. */
  if (job->phase == CAIRN_JOB_PHASE_ENDED)
    return cairn_job_record_ref (job->record);
  copy = cairn_job_record_copy (job->record);
  copy->percent = (guint)g_atomic_int_get (&job->percent);
  return copy;
}

/* ---- what a job's function says of it ---- */

void
cairn_job_affects (CairnJob *job, CairnJobElementKind kind, const char *id, CairnJobEffect effect)
{
  g_mutex_lock (&job->jobs->lock);
  cairn_job_record_add_element (job->record, kind, id, effect);
  g_mutex_unlock (&job->jobs->lock);
}

static void
replace (char **text, const char *by)
{
  g_free (*text);
  *text = g_strdup (by);
}

void
cairn_job_set_export (CairnJob *job, const char *directory, const char *vm_guid,
                      const char *point_guid, const char *base_guid,
                      const char *const *exported_disks)
{
  CairnJobRecord *record = job->record;

  g_mutex_lock (&job->jobs->lock);
  replace (&record->export_directory, directory);
  replace (&record->vm_guid, vm_guid);
  replace (&record->point_guid, point_guid);
  replace (&record->base_guid, base_guid);
  g_ptr_array_set_size (record->exported_disks, 0);
  for (; exported_disks && *exported_disks; exported_disks++)
    g_ptr_array_add (record->exported_disks, g_strdup (*exported_disks));
  g_mutex_unlock (&job->jobs->lock);
}

void
cairn_job_set_exported (CairnJob *job, const char *config_file_path, const char *runtime_file_path)
{
  g_mutex_lock (&job->jobs->lock);
  replace (&job->record->config_file_path, config_file_path);
  replace (&job->record->runtime_file_path, runtime_file_path);
  g_mutex_unlock (&job->jobs->lock);
}

static void
replace_all (GPtrArray *texts, const GPtrArray *by)
{
  g_ptr_array_set_size (texts, 0);
  for (guint i = 0; i < by->len; i++)
    g_ptr_array_add (texts, g_strdup (by->pdata[i]));
}

void
cairn_job_set_exported_logs (CairnJob *job, const GPtrArray *disks, const GPtrArray *paths)
{
  g_mutex_lock (&job->jobs->lock);
  replace_all (job->record->exported_disks, disks);
  replace_all (job->record->exported_log_paths, paths);
  g_mutex_unlock (&job->jobs->lock);
}

static gboolean
proceed (guint percent, gpointer user)
{
  CairnJob *job = user;

  /* A method of several parts begins each of them anew; a client's bar only grows. */
  if ((gint)percent > g_atomic_int_get (&job->percent))
    g_atomic_int_set (&job->percent, (gint)percent);
  return !g_atomic_int_get (&job->is_cancelled);
}

/* ---- its life on a thread of the queue ---- */

void
cairn_job_become (CairnJob *job)
{
  job->is_job = TRUE;
  g_hash_table_insert (job->jobs->by_id, job->record->id, cairn_job_ref (job));
  g_mutex_unlock (&job->jobs->lock);
  cairn_archive_keep (job);
  g_mutex_lock (&job->jobs->lock);
}

/* FALSE: nobody waits for it any more. */
static gboolean
enter (CairnJob *job, CairnJobPhase phase)
{
  gboolean goes_on;

  g_mutex_lock (&job->jobs->lock);
  if (phase == CAIRN_JOB_PHASE_RUNNING)
    job->record->start_ms = job->record->changed_ms = cairn_jobs_now_ms ();
  goes_on = !job->is_withdrawn;
  /* Kept before its orderer is told that it is one. */
  if (goes_on && phase == CAIRN_JOB_PHASE_RUNNING && job->must_be_one)
    cairn_job_become (job);
  job->phase = phase;
  g_cond_broadcast (&job->changed);
  g_mutex_unlock (&job->jobs->lock);
  return goes_on;
}

static gboolean
run (CairnJob *job, CairnService *service, GError **error)
{
  const CairnJobOrder *order = &job->order;

  if (order->prepare && !order->prepare (job, service, order->user, error))
    return FALSE;
  if (enter (job, CAIRN_JOB_PHASE_RUNNING))
    return order->run (job, service, order->user, error);
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE, "nobody waits for it");
  return FALSE;
}

/* FALSE once the pool of services may be gone: nobody waited for the end of this, and neither will
 * the process. */
static gboolean
begin_use (CairnJobs *jobs)
{
  gboolean may;

  g_mutex_lock (&jobs->lock);
  may = !jobs->is_abandoned;
  if (may)
    jobs->n_using++;
  g_mutex_unlock (&jobs->lock);
  return may;
}

static void
end_use (CairnJobs *jobs)
{
  g_mutex_lock (&jobs->lock);
  jobs->n_using--;
  g_cond_broadcast (&jobs->calm);
  g_mutex_unlock (&jobs->lock);
}

static CairnService *
take_service (CairnJobs *jobs, GError **error)
{
  CairnService *service;

  if (!begin_use (jobs))
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                           "the daemon is ending; try again once it has started anew");
      return NULL;
    }
  service = jobs->options.take_service (jobs->options.user, error);
  end_use (jobs);
  return service;
}

static void
give_back (CairnJobs *jobs, CairnService *service, gboolean is_broken)
{
  if (!begin_use (jobs))
    return;
  jobs->options.give_back (jobs->options.user, service, is_broken);
  end_use (jobs);
}

void
cairn_jobs_tell_trouble (CairnJobs *jobs, const char *id, const char *sentence)
{
  if (!jobs->options.troubled || !begin_use (jobs))
    return;
  jobs->options.troubled (jobs->options.user, id, sentence);
  end_use (jobs);
}

static void
tell_end (CairnJobs *jobs, CairnJob *job)
{
  g_autoptr (CairnJobRecord) record = NULL;

  if (!jobs->options.ended || !begin_use (jobs))
    return;
  g_mutex_lock (&jobs->lock);
  record = cairn_job_snapshot (job);
  g_mutex_unlock (&jobs->lock);
  jobs->options.ended (jobs->options.user, record);
  end_use (jobs);
}

static guint
code_of (const CairnJob *job, const GError *error)
{
  if (!error)
    return 0;
  return job->order.error_code ? job->order.error_code (error) : (guint)error->code;
}

static void
note_failure (CairnJob *job, GError *error)
{
  CairnJobRecord *record = job->record;

  record->error = g_strdup (error->message);
  record->state
      = g_atomic_int_get (&job->is_cancelled) ? CAIRN_JOB_TERMINATED : CAIRN_JOB_EXCEPTION;
  job->error = error;
}

static void
count (CairnJobs *jobs, const CairnJobRecord *record)
{
  if (record->state == CAIRN_JOB_COMPLETED)
    jobs->counts.completed++;
  else if (record->state == CAIRN_JOB_TERMINATED)
    jobs->counts.terminated++;
  else
    jobs->counts.failed++;
}

/* Takes over ERROR, NULL on success. */
static void
end (CairnJob *job, GError *error)
{
  CairnJobs *jobs = job->jobs;
  CairnJobRecord *record = job->record;
  guint error_code = code_of (job, error);
  gboolean is_job;

  /* Before whoever waits may go on. */
  release_order (job);
  g_mutex_lock (&jobs->lock);
  record->error_code = error_code;
  record->percent = error ? (guint)g_atomic_int_get (&job->percent) : 100;
  record->is_cancellable = FALSE;
  record->end_ms = record->changed_ms = cairn_jobs_now_ms ();
  record->state = CAIRN_JOB_COMPLETED;
  if (error)
    note_failure (job, error);
  job->phase = CAIRN_JOB_PHASE_ENDED;
  count (jobs, record);
  is_job = job->is_job;
  g_cond_broadcast (&job->changed);
  g_mutex_unlock (&jobs->lock);
  if (!is_job)
    return;
  cairn_archive_keep (job);
  g_mutex_lock (&jobs->lock);
  g_queue_push_tail (&jobs->ended, job);
  g_mutex_unlock (&jobs->lock);
  tell_end (jobs, job);
}

void
cairn_job_work (CairnJob *job)
{
  const CairnMonitor monitor = { .proceed = proceed, .user = job, .caller = job->caller };
  GError *error = NULL;
  CairnService *service;

  enter (job, CAIRN_JOB_PHASE_PREPARING);
  service = take_service (job->jobs, &error);
  if (service)
    {
      cairn_service_set_monitor (service, &monitor);
      run (job, service, &error);
      cairn_service_set_monitor (service, NULL);
      give_back (job->jobs, service,
                 g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE));
    }
  end (job, error);
}
