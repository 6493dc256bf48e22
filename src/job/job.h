/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job.h: methods that take long, as jobs: queue, states, progress, cancellation, retention.
 *
 * A method is ordered with cairn_jobs_run. What it does runs on a thread of the queue with a
 * CairnService of its own, as the caller. Ended within the synchronous budget, it was never a job;
 * else it becomes one, in state 4 from the start, kept in the store, so that it survives the
 * daemon: a job that the end of the daemon cut off is in state 10 afterwards. An ended one is
 * retained with what it affected for 5 minutes.
 *
 * Threads: any number at once.
 * Source of states and types: Msvm_ConcreteJob (hyperv-api section 8).
 */
#ifndef CAIRN_JOB_H
#define CAIRN_JOB_H

#include <cairn/service.h>

#include "refpoint/caller.h"

#define CAIRN_JOB_RETENTION_MS (5 * 60 * 1000)

typedef enum
{
  CAIRN_JOB_RUNNING = 4,
  CAIRN_JOB_COMPLETED = 7,
  CAIRN_JOB_TERMINATED = 8, /* cancelled */
  CAIRN_JOB_EXCEPTION = 10, /* failed */
} CairnJobState;

typedef enum
{
  CAIRN_JOB_EXPORT_VM = 62,
  CAIRN_JOB_CREATE_SNAPSHOT = 70,
  CAIRN_JOB_DESTROY_SNAPSHOT = 72,
  CAIRN_JOB_CONVERT_SNAPSHOT = 200,
  CAIRN_JOB_CREATE_POINT = 201,
  CAIRN_JOB_DESTROY_POINT = 202,
  CAIRN_JOB_EXPORT_POINT = 203,
  CAIRN_JOB_REMOVE_DATA = 204,
  CAIRN_JOB_IMPORT_POINT = 209,
} CairnJobType;

/* What a job has to do with an element: ElementEffects. */
typedef enum
{
  CAIRN_JOB_EFFECT_OTHER = 1,
  CAIRN_JOB_EFFECT_CREATE = 5,
} CairnJobEffect;

typedef enum
{
  CAIRN_JOB_ELEMENT_VM,       /* id: its GUID */
  CAIRN_JOB_ELEMENT_POINT,    /* id: its InstanceID */
  CAIRN_JOB_ELEMENT_SNAPSHOT, /* the same */
} CairnJobElementKind;

typedef struct
{
  CairnJobElementKind kind;
  char *id;
  CairnJobEffect effect;
} CairnJobElement;

/* A job as it is at one moment: a value. */
typedef struct
{
  gint ref_count; /* atomic */
  char *id;       /* a GUID, upper case: InstanceID */
  CairnJobType type;
  CairnJobState state;
  char *owner; /* who signed in */
  int64_t start_ms;
  int64_t changed_ms; /* the state's last change */
  int64_t end_ms;     /* 0 = it hasn't ended */
  guint percent;
  gboolean is_cancellable;
  guint error_code;    /* 0, or a CairnErrorCode of the job's own table */
  char *error;         /* the sentence; NULL */
  GPtrArray *elements; /* of CairnJobElement */
  /* Of an export, else NULL: */
  char *export_directory, *config_file_path, *runtime_file_path, *vm_guid, *point_guid, *base_guid;
  GPtrArray *exported_disks;     /* of char * */
  GPtrArray *exported_log_paths; /* of char *: a file for each of these disks; empty: no logs */
} CairnJobRecord;

CairnJobRecord *cairn_job_record_ref (CairnJobRecord *record);
void cairn_job_record_unref (CairnJobRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnJobRecord, cairn_job_record_unref)

/* ---- the queue ---- */

typedef struct CairnJobs CairnJobs;

typedef struct
{
  /* Services for the threads of the queue: taken for one method and given back. is_broken: it
   * failed with SYSTEM_NOT_AVAILABLE. */
  CairnService *(*take_service) (gpointer user, GError **error);
  void (*give_back) (gpointer user, CairnService *service, gboolean is_broken);
  /* Told once of each job, when it has ended; NULL: not told. */
  void (*ended) (gpointer user, const CairnJobRecord *record);
  /* What went wrong and is nobody's answer; NULL: not told. */
  void (*troubled) (gpointer user, const char *id, const char *sentence);
  gpointer user;
  const char *store_uri; /* where jobs are kept; NULL = the default one */
  guint synchronous_ms;  /* 0: always a job */
  guint n_threads;       /* 0 = 32 */
} CairnJobsOptions;

/* Reads the jobs kept, and ends those that were running. */
CairnJobs *cairn_jobs_new (const CairnJobsOptions *options, GError **error);

/* Lets what runs go on for up to GRACE_MS; what then still runs is for the next start, and
 * recovery, to judge: FALSE, and its threads use what they were given until the process ends. */
gboolean cairn_jobs_free (CairnJobs *jobs, guint grace_ms);

void cairn_jobs_set_synchronous_ms (CairnJobs *jobs, guint synchronous_ms);

/* For tests: instead of CAIRN_JOB_RETENTION_MS. */
void cairn_jobs_set_retention_ms (CairnJobs *jobs, guint retention_ms);

/* A job under way, as its function sees it. */
typedef struct CairnJob CairnJob;

void cairn_job_affects (CairnJob *job, CairnJobElementKind kind, const char *id,
                        CairnJobEffect effect);
/* Of an export. Copied; NULL = unknown. */
void cairn_job_set_export (CairnJob *job, const char *directory, const char *vm_guid,
                           const char *point_guid, const char *base_guid,
                           const char *const *exported_disks);
void cairn_job_set_exported (CairnJob *job, const char *config_file_path,
                             const char *runtime_file_path);
/* Parallel, of char *; DISKS takes the place of those told before. */
void cairn_job_set_exported_logs (CairnJob *job, const GPtrArray *disks, const GPtrArray *paths);

/* prepare: checks that fail before anything becomes a job (NULL: none). run: the method. Both on
 * the same thread, with the same service, whose monitor (refpoint/monitor.h) is the job's. */
typedef struct
{
  CairnJobType type;
  gboolean (*prepare) (CairnJob *job, CairnService *service, gpointer user, GError **error);
  gboolean (*run) (CairnJob *job, CairnService *service, gpointer user, GError **error);
  guint (*error_code) (const GError *error); /* the method's own table */
  gboolean always_a_job; /* however short it is: its end is awaited within the budget all the
                            same */
  gpointer user;         /* freed before the end is told, which may be after cairn_jobs_run */
  GDestroyNotify free_user;
  const CairnCaller *caller; /* copied */
} CairnJobOrder;

typedef enum
{
  CAIRN_JOB_OUTCOME_DONE, /* it succeeded, and *RECORD says what it affected; it never was a job */
  CAIRN_JOB_OUTCOME_FAILED,  /* ERROR says why; the same */
  CAIRN_JOB_OUTCOME_STARTED, /* *RECORD is a job, kept, running or ended */
} CairnJobOutcome;

/* Waits as long as the budget says. SYSTEM_IN_USE when too many wait already. */
CairnJobOutcome cairn_jobs_run (CairnJobs *jobs, const CairnJobOrder *order,
                                CairnJobRecord **record, GError **error);

/* The job of that id, letter case ignored; NULL when there is none. */
CairnJobRecord *cairn_jobs_get (CairnJobs *jobs, const char *id);

/* All jobs, by id; of CairnJobRecord. */
GPtrArray *cairn_jobs_list (CairnJobs *jobs);

/* Asks a running job to end without having done anything. FALSE: it isn't running, or past the
 * point where it could. It ends soon after, in state 8, or 7 if it was too late. */
gboolean cairn_jobs_terminate (CairnJobs *jobs, const char *id);

/* For /metrics. */
typedef struct
{
  guint running;
  guint64 completed, failed,
      terminated; /* since the start; methods that never were a job included */
} CairnJobCounts;

void cairn_jobs_count (CairnJobs *jobs, CairnJobCounts *counts);

#endif
