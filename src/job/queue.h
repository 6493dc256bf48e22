/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* queue.h: the inside of the queue of jobs (job.h).
 *
 *   order -> QUEUED -> PREPARING -> RUNNING -> ENDED        a thread of the queue does it
 *                         |            |
 *                     withdrawn     becomes a job, kept in the store, when its budget is used up
 *
 * Whoever ordered waits until it has ended or is a job. Only what runs can be a job, so what fails
 * before never is one.
 *
 * Order of locks: archive_lock, then lock. Nothing waits for the store, a service or a method with
 * `lock` held.
 */
#ifndef CAIRN_JOB_QUEUE_H
#define CAIRN_JOB_QUEUE_H

#include "job/record.h"
#include "refpoint/store.h"

typedef enum
{
  CAIRN_JOB_PHASE_QUEUED,
  CAIRN_JOB_PHASE_PREPARING,
  CAIRN_JOB_PHASE_RUNNING,
  CAIRN_JOB_PHASE_ENDED,
} CairnJobPhase;

struct CairnJob
{
  gint ref_count;        /* atomic */
  CairnJobs *jobs;       /* a reference */
  CairnJobOrder order;   /* given up when it has ended */
  CairnCaller *caller;   /* owned; NULL = none */
  gboolean must_be_one;  /* a job, however short it is */
  gboolean may_end;      /* as one that must be, within the budget: its orderer waits */
  gint percent;          /* atomic */
  gint is_cancelled;     /* atomic */
  GCond changed;         /* phase */
  CairnJobPhase phase;   /* guarded by jobs->lock, as is all that follows */
  gboolean is_job;       /* it has become one */
  gboolean is_withdrawn; /* nobody waits for it any more */
  CairnJobRecord *record;
  GError *error; /* why it failed */
};

struct CairnJobs
{
  gint ref_count; /* atomic; each thread has one */
  CairnJobsOptions options;
  guint retention_ms;

  GMutex archive_lock;
  CairnStore *store;         /* guarded by archive_lock */
  CairnStoreLock *ownership; /* nobody else keeps jobs in this store meanwhile */

  GMutex lock; /* guards all that follows */
  GCond work;  /* there is something for a thread to do */
  GCond calm;  /* n_busy or n_using has become less */
  GQueue queue;
  GHashTable *by_id; /* id in upper case -> CairnJob: what has become a job */
  GQueue ended;      /* of CairnJob, borrowed from by_id: by the time of their end */
  GPtrArray *threads;
  guint synchronous_ms;
  guint n_idle;  /* threads */
  guint n_busy;  /* threads */
  guint n_using; /* threads that are inside a function of options */
  CairnJobCounts counts;
  gboolean is_stopping;
  gboolean is_abandoned; /* options.user may be gone */
};

CairnJobs *cairn_jobs_ref (CairnJobs *jobs);
void cairn_jobs_unref (CairnJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnJobs, cairn_jobs_unref)

/* Milliseconds since 1970. */
int64_t cairn_jobs_now_ms (void);

/* ---- job.c ---- */

/* Takes over ORDER's user. */
CairnJob *cairn_job_new (CairnJobs *jobs, const CairnJobOrder *order);
/* One that was kept. */
CairnJob *cairn_job_new_ended (CairnJobs *jobs, CairnJobRecord *record);
CairnJob *cairn_job_ref (CairnJob *job);
void cairn_job_unref (CairnJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnJob, cairn_job_unref)

/* The job as it is now, with the lock held. */
CairnJobRecord *cairn_job_snapshot (CairnJob *job);

/* From PREPARING to ENDED, on a thread of the queue. */
void cairn_job_work (CairnJob *job);

/* Makes it a job, with the lock held, which is given up for a moment to keep it. */
void cairn_job_become (CairnJob *job);

/* Without the lock. */
void cairn_jobs_tell_trouble (CairnJobs *jobs, const char *id, const char *sentence);

/* ---- archive.c ---- */

/* Writes the job down as it is. What can't be written is still known to this process. */
void cairn_archive_keep (CairnJob *job);

/* Takes in what is kept: what was running ended with its process. */
gboolean cairn_archive_read (CairnJobs *jobs, GError **error);

/* When the next one has been kept long enough, since 1970; 0 = there is none. With the lock held.
 */
int64_t cairn_archive_next_ms (CairnJobs *jobs);

/* Forgets those whose time is up, with the lock held, which is given up meanwhile. */
void cairn_archive_sweep (CairnJobs *jobs);

#endif
