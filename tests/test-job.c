/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs: when a method is one, how it ends, and what is kept of it. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "job/job.h"
#include "refpoint/engine.h"
#include "service/open.h"
#include "store-samples.h"

#define PATIENCE_US (20 * G_USEC_PER_SEC)
#define BUDGET_MS   50
#define AMPLE_MS    20000 /* on a host that is busy with other tests */

typedef struct
{
  char *dir, *uri;
  CairnJobs *jobs;
  gint n_taken, n_back, n_broken; /* services; atomic */
} Fixture;

/* What the method of an order does. */
typedef struct
{
  gint waits;       /* atomic: until it isn't so any more */
  CairnError fails; /* 0 = it doesn't */
  CairnError prepare_fails;
  gboolean is_freed;
  char *owner; /* as the service had it */
} Method;

static CairnService *
take_service (gpointer user, GError **error)
{
  Fixture *f = user;

  g_atomic_int_inc (&f->n_taken);
  return cairn_service_open (f->uri, "images:", error);
}

static void
give_back (gpointer user, CairnService *service, gboolean is_broken)
{
  Fixture *f = user;

  g_atomic_int_inc (&f->n_back);
  if (is_broken)
    g_atomic_int_inc (&f->n_broken);
  cairn_service_close (service);
}

static CairnJobs *
open_jobs (Fixture *f, guint synchronous_ms)
{
  const CairnJobsOptions options = { .take_service = take_service,
                                     .give_back = give_back,
                                     .user = f,
                                     .store_uri = f->uri,
                                     .synchronous_ms = synchronous_ms };
  g_autoptr (GError) error = NULL;
  CairnJobs *jobs = cairn_jobs_new (&options, &error);

  g_assert_no_error (error);
  return jobs;
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->dir = make_temporary_directory ();
  f->uri = g_strdup_printf ("sqlite:%s/cairn.db", f->dir);
  f->jobs = open_jobs (f, BUDGET_MS);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  cairn_jobs_free (f->jobs, 10000);
  g_assert_cmpint (f->n_taken, ==, f->n_back);
  remove_directory (f->dir);
  g_free (f->dir);
  g_free (f->uri);
}

static gboolean
fail_with (CairnError code, GError **error)
{
  if (code != 0)
    g_set_error (error, CAIRN_ERROR, code, "disk 'vda' isn't there; attach it");
  return code == 0;
}

static gboolean
prepare (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  const Method *method = user;

  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, SAMPLE_VM, CAIRN_JOB_EFFECT_OTHER);
  return fail_with (method->prepare_fails, error);
}

static gboolean
run (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  Method *method = user;
  const CairnCaller *caller = service->monitor.caller;

  g_free (method->owner);
  method->owner = g_strdup (caller ? caller->name : NULL);
  if (!cairn_service_proceed (service, 42, error))
    return FALSE;
  while (g_atomic_int_get (&method->waits))
    {
      g_usleep (1000);
      if (!cairn_service_proceed (service, 43, error))
        return FALSE;
    }
  cairn_job_affects (job, CAIRN_JOB_ELEMENT_POINT, "Microsoft:A\\B", CAIRN_JOB_EFFECT_CREATE);
  return fail_with (method->fails, error);
}

static guint
error_code (const GError *error)
{
  return (guint)error->code - 32000;
}

static void
set_freed (gpointer user)
{
  ((Method *)user)->is_freed = TRUE;
}

static CairnJobOutcome
order (Fixture *f, Method *method, CairnJobRecord **record, GError **error)
{
  CairnCaller caller = { .name = (char *)"eve", .is_authenticated = TRUE };
  const CairnJobOrder wanted = { .type = CAIRN_JOB_IMPORT_POINT,
                                 .prepare = prepare,
                                 .run = run,
                                 .error_code = error_code,
                                 .user = method,
                                 .free_user = set_freed,
                                 .caller = &caller };

  return cairn_jobs_run (f->jobs, &wanted, record, error);
}

/* A method that is a job now. */
static CairnJobRecord *
must_start (Fixture *f, Method *method)
{
  g_autoptr (GError) error = NULL;
  CairnJobRecord *record = NULL;

  g_assert_cmpint (order (f, method, &record, &error), ==, CAIRN_JOB_OUTCOME_STARTED);
  g_assert_no_error (error);
  return record;
}

static guint
count_jobs (Fixture *f)
{
  g_autoptr (GPtrArray) all = cairn_jobs_list (f->jobs);

  return all->len;
}

/* The job once it has ended. */
static CairnJobRecord *
wait_for_end (Fixture *f, const char *id)
{
  int64_t deadline = g_get_monotonic_time () + PATIENCE_US;
  CairnJobRecord *record;

  while ((record = cairn_jobs_get (f->jobs, id)) && record->state == CAIRN_JOB_RUNNING)
    {
      cairn_job_record_unref (record);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  g_assert_nonnull (record);
  return record;
}

static void
assert_elements (const CairnJobRecord *record, guint n)
{
  const CairnJobElement *first = record->elements->pdata[0], *last = record->elements->pdata[n - 1];

  g_assert_cmpuint (record->elements->len, ==, n);
  g_assert_cmpstr (first->id, ==, SAMPLE_VM);
  g_assert_cmpint (first->effect, ==, CAIRN_JOB_EFFECT_OTHER);
  if (n == 1)
    return;
  g_assert_cmpint (last->kind, ==, CAIRN_JOB_ELEMENT_POINT);
  g_assert_cmpint (last->effect, ==, CAIRN_JOB_EFFECT_CREATE);
}

/* What ends within the budget never was a job, in either way. */
static void
test_within_budget (Fixture *f, gconstpointer unused)
{
  Method good = { 0 }, bad = { .fails = CAIRN_ERROR_INVALID_STATE };
  g_autoptr (CairnJobRecord) record = NULL, none = NULL;
  g_autoptr (GError) error = NULL;

  cairn_jobs_set_synchronous_ms (f->jobs, AMPLE_MS);
  g_assert_cmpint (order (f, &good, &record, &error), ==, CAIRN_JOB_OUTCOME_DONE);
  assert_elements (record, 2);
  g_assert_cmpstr (good.owner, ==, "eve");
  g_assert_true (good.is_freed);

  g_assert_cmpint (order (f, &bad, &none, &error), ==, CAIRN_JOB_OUTCOME_FAILED);
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  g_assert_null (none);
  g_assert_cmpuint (count_jobs (f), ==, 0);
  g_free (good.owner);
  g_free (bad.owner);
}

static void
test_past_budget (Fixture *f, gconstpointer unused)
{
  Method method = { .waits = TRUE };
  g_autoptr (CairnJobRecord) born = must_start (f, &method);
  g_autofree char *lower = g_ascii_strdown (born->id, -1);
  g_autoptr (CairnJobRecord) ended = NULL;

  g_assert_cmpint (born->state, ==, CAIRN_JOB_RUNNING);
  g_assert_cmpuint (born->percent, >=, 42);
  g_assert_true (born->is_cancellable);
  g_assert_cmpstr (born->owner, ==, "eve");
  g_assert_cmpint (born->end_ms, ==, 0);
  assert_elements (born, 1);

  g_atomic_int_set (&method.waits, FALSE);
  ended = wait_for_end (f, lower);
  g_assert_cmpint (ended->state, ==, CAIRN_JOB_COMPLETED);
  g_assert_cmpuint (ended->percent, ==, 100);
  g_assert_cmpint (ended->end_ms, >=, ended->start_ms);
  g_assert_false (ended->is_cancellable);
  g_assert_cmpuint (ended->error_code, ==, 0);
  assert_elements (ended, 2);
  g_assert_cmpuint (count_jobs (f), ==, 1);
  g_free (method.owner);
}

/* Without a budget all is a job but what fails before it begins. */
static void
test_no_budget (Fixture *f, gconstpointer unused)
{
  Method good = { 0 }, bad = { .fails = CAIRN_ERROR_INVALID_STATE };
  Method early = { .prepare_fails = CAIRN_ERROR_ACCESS_DENIED };
  g_autoptr (CairnJobRecord) first = NULL, second = NULL, none = NULL;
  g_autoptr (CairnJobRecord) completed = NULL, failed = NULL;
  g_autoptr (GError) error = NULL;

  cairn_jobs_set_synchronous_ms (f->jobs, 0);
  g_assert_cmpint (order (f, &early, &none, &error), ==, CAIRN_JOB_OUTCOME_FAILED);
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED);
  g_assert_cmpuint (count_jobs (f), ==, 0);

  first = must_start (f, &good);
  second = must_start (f, &bad);
  completed = wait_for_end (f, first->id);
  failed = wait_for_end (f, second->id);
  g_assert_cmpint (completed->state, ==, CAIRN_JOB_COMPLETED);
  g_assert_cmpint (failed->state, ==, CAIRN_JOB_EXCEPTION);
  g_assert_cmpuint (failed->error_code, ==, CAIRN_ERROR_INVALID_STATE - 32000);
  g_assert_cmpstr (failed->error, ==, "disk 'vda' isn't there; attach it");
  g_free (good.owner);
  g_free (bad.owner);
}

static void
test_terminate (Fixture *f, gconstpointer unused)
{
  Method method = { .waits = TRUE };
  g_autoptr (CairnJobRecord) born = must_start (f, &method);
  g_autoptr (CairnJobRecord) ended = NULL;
  CairnJobCounts counts;

  g_assert_false (cairn_jobs_terminate (f->jobs, SAMPLE_VM));
  g_assert_true (cairn_jobs_terminate (f->jobs, born->id));
  ended = wait_for_end (f, born->id);
  g_assert_cmpint (ended->state, ==, CAIRN_JOB_TERMINATED);
  g_assert_nonnull (strstr (ended->error, "cancelled"));
  g_assert_false (cairn_jobs_terminate (f->jobs, born->id));
  cairn_jobs_count (f->jobs, &counts);
  g_assert_cmpuint (counts.terminated, ==, 1);
  g_assert_cmpuint (counts.completed + counts.failed, ==, 0);
  g_free (method.owner);
}

static gboolean
run_export (CairnJob *job, CairnService *service, gpointer user, GError **error)
{
  static const char *const disks[] = { "disk 1", "disk 2", NULL };

  cairn_job_affects (job, CAIRN_JOB_ELEMENT_VM, SAMPLE_VM, CAIRN_JOB_EFFECT_OTHER);
  cairn_job_set_export (job, "/out", SAMPLE_VM, "P", NULL, disks);
  cairn_job_set_exported (job, "/out/P.vmcx", "/out/P.vmrs");
  return TRUE;
}

/* Leaves one job that has ended and one that runs, and dies. Never returns. */
static void
die_at_work (Fixture *f)
{
  static Method method = { .waits = TRUE };
  const CairnJobOrder export
      = { .type = CAIRN_JOB_EXPORT_POINT, .run = run_export, .always_a_job = TRUE };
  g_autoptr (CairnJobRecord) ended = NULL, record = NULL;

  f->jobs = open_jobs (f, 10);
  if (cairn_jobs_run (f->jobs, &export, &record, NULL) != CAIRN_JOB_OUTCOME_STARTED)
    _exit (1);
  ended = wait_for_end (f, record->id);
  g_clear_pointer (&record, cairn_job_record_unref);
  if (order (f, &method, &record, NULL) != CAIRN_JOB_OUTCOME_STARTED)
    _exit (2);
  kill (getpid (), SIGKILL);
}

static void
assert_export (const CairnJobRecord *record)
{
  g_assert_cmpint (record->state, ==, CAIRN_JOB_COMPLETED);
  g_assert_cmpuint (record->percent, ==, 100);
  g_assert_cmpstr (record->owner, ==, "");
  g_assert_cmpstr (record->export_directory, ==, "/out");
  g_assert_cmpstr (record->config_file_path, ==, "/out/P.vmcx");
  g_assert_cmpstr (record->runtime_file_path, ==, "/out/P.vmrs");
  g_assert_cmpstr (record->point_guid, ==, "P");
  g_assert_null (record->base_guid);
  g_assert_cmpuint (record->exported_disks->len, ==, 2);
  g_assert_cmpstr (record->exported_disks->pdata[1], ==, "disk 2");
  assert_elements (record, 1);
}

/* The process was killed: what had ended is there as it was, what ran has failed and says why; and
 * so it is for the next one. */
static void
test_killed (Fixture *f, gconstpointer unused)
{
  pid_t child;

  cairn_jobs_free (f->jobs, 0); /* no threads beside the fork */
  child = fork ();
  if (child == 0)
    die_at_work (f);
  g_assert_cmpint (wait_for (child), ==, -1);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GPtrArray) all = NULL;
      const CairnJobRecord *export, *import;
      gboolean is_first;

      f->jobs = open_jobs (f, BUDGET_MS);
      all = cairn_jobs_list (f->jobs);
      g_assert_cmpuint (all->len, ==, 2);
      is_first = ((CairnJobRecord *)all->pdata[0])->type == CAIRN_JOB_EXPORT_POINT;
      export = all->pdata[is_first ? 0 : 1];
      import = all->pdata[is_first ? 1 : 0];
      assert_export (export);
      g_assert_cmpint (import->state, ==, CAIRN_JOB_EXCEPTION);
      g_assert_nonnull (strstr (import->error, "cut off"));
      g_assert_cmpint (import->end_ms, >=, import->start_ms);
      g_assert_cmpstr (import->owner, ==, "eve");
      assert_elements (import, 1);
      if (i == 0)
        cairn_jobs_free (f->jobs, 0);
    }
}

/* A method that is still under way when the queue ends goes on for the grace, and no longer. */
static gpointer
release_later (gpointer user)
{
  g_usleep (50000);
  g_atomic_int_set ((gint *)user, FALSE);
  return NULL;
}

static void
test_grace (Fixture *f, gconstpointer unused)
{
  Method method = { .waits = TRUE };
  g_autoptr (CairnJobRecord) born = must_start (f, &method), ended = NULL;
  GThread *thread = g_thread_new ("release", release_later, &method.waits);

  cairn_jobs_free (f->jobs, 10000);
  g_thread_join (thread);
  f->jobs = open_jobs (f, BUDGET_MS);
  ended = cairn_jobs_get (f->jobs, born->id);
  g_assert_cmpint (ended->state, ==, CAIRN_JOB_COMPLETED);
  g_free (method.owner);
}

static void
test_no_grace (Fixture *f, gconstpointer unused)
{
  static Method method = { .waits = TRUE };
  g_autoptr (CairnJobRecord) born = must_start (f, &method), ended = NULL;
  int64_t begin = g_get_monotonic_time ();

  cairn_jobs_free (f->jobs, 20);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
  f->n_back++; /* the service that is still at work */
  f->jobs = open_jobs (f, BUDGET_MS);
  ended = cairn_jobs_get (f->jobs, born->id);
  g_assert_cmpint (ended->state, ==, CAIRN_JOB_EXCEPTION);
}

static guint
count_kept (Fixture *f)
{
  CairnStore *store = cairn_store_open_uri (f->uri, NULL);
  g_autoptr (GPtrArray) kept = store->ops->list_jobs (store, NULL);

  store->ops->close (store);
  return kept->len;
}

/* Ended ones are forgotten in time, in memory and in the store; a running one never. */
static void
test_retention (Fixture *f, gconstpointer unused)
{
  Method quick = { 0 }, slow = { .waits = TRUE };
  g_autoptr (CairnJobRecord) first = NULL, second = NULL, ended = NULL, running = NULL;
  int64_t deadline = g_get_monotonic_time () + PATIENCE_US;

  cairn_jobs_set_synchronous_ms (f->jobs, 0);
  first = must_start (f, &quick);
  second = must_start (f, &slow);
  ended = wait_for_end (f, first->id);
  g_assert_cmpuint (count_kept (f), ==, 2);
  cairn_jobs_set_retention_ms (f->jobs, 50);
  while (count_kept (f) > 1)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5000);
    }
  g_assert_null (cairn_jobs_get (f->jobs, first->id));
  g_assert_cmpuint (count_jobs (f), ==, 1);
  running = cairn_jobs_get (f->jobs, second->id);
  g_assert_cmpint (running->state, ==, CAIRN_JOB_RUNNING);
  g_atomic_int_set (&slow.waits, FALSE);
  cairn_jobs_free (f->jobs, 10000);
  f->jobs = open_jobs (f, BUDGET_MS);
  g_free (quick.owner);
  g_free (slow.owner);
}

static void
test_broken_service (Fixture *f, gconstpointer unused)
{
  Method away = { .fails = CAIRN_ERROR_SYSTEM_NOT_AVAILABLE };
  g_autoptr (CairnJobRecord) record = NULL;
  g_autoptr (GError) error = NULL;

  cairn_jobs_set_synchronous_ms (f->jobs, AMPLE_MS);
  g_assert_cmpint (order (f, &away, &record, &error), ==, CAIRN_JOB_OUTCOME_FAILED);
  cairn_jobs_free (f->jobs, 10000);
  g_assert_cmpint (f->n_broken, ==, 1);
  f->jobs = open_jobs (f, BUDGET_MS);
  g_free (away.owner);
}

static gpointer
order_many (gpointer user)
{
  Fixture *f = user;

  for (guint i = 0; i < 50; i++)
    {
      const CairnJobOrder wanted
          = { .type = CAIRN_JOB_CREATE_POINT, .run = run_export, .always_a_job = i % 2 == 0 };
      g_autoptr (CairnJobRecord) record = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (cairn_jobs_run (f->jobs, &wanted, &record, &error), !=,
                       CAIRN_JOB_OUTCOME_FAILED);
      g_assert_no_error (error);
    }
  return NULL;
}

/* More orders at once than threads. */
static void
test_many (Fixture *f, gconstpointer unused)
{
  GThread *threads[12];
  CairnJobCounts counts = { 0 };

  cairn_jobs_set_synchronous_ms (f->jobs, AMPLE_MS);
  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("client", order_many, f);
  for (size_t i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  do
    cairn_jobs_count (f->jobs, &counts);
  while (counts.running > 0);
  g_assert_cmpuint (counts.completed, ==, 600);
  g_assert_cmpuint (count_jobs (f), ==, 300);
  g_assert_cmpuint (count_kept (f), ==, 300);
}

typedef struct
{
  const char *name;
  void (*run) (Fixture *fixture, gconstpointer unused);
} Case;

static const Case cases[] = {
  { "/job/within-budget", test_within_budget },
  { "/job/past-budget", test_past_budget },
  { "/job/no-budget", test_no_budget },
  { "/job/terminate", test_terminate },
  { "/job/killed", test_killed },
  { "/job/grace", test_grace },
  { "/job/no-grace", test_no_grace },
  { "/job/retention", test_retention },
  { "/job/broken-service", test_broken_service },
  { "/job/many", test_many },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
  return g_test_run ();
}
