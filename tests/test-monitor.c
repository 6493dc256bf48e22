/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls with a monitor: cancelled at any step they have done nothing, and files are the caller's.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offline-fixture.h"
#include "refpoint/engine.h"
#include "service/open.h"

#define VM     "0A1B2C3D-0000-4000-8000-00000000AAAA"
#define NOBODY 65534u

typedef struct
{
  char *dir, *out, *uri, *images[2];
  CairnService *service;
  char *point;  /* InstanceID, once made */
  guint steps;  /* asked so far */
  guint stop;   /* the step that is refused */
  guint latest; /* percent */
} Fixture;

static gboolean
proceed (guint percent, gpointer user)
{
  Fixture *f = user;

  g_assert_cmpuint (percent, >=, f->latest);
  g_assert_cmpuint (percent, <=, 99);
  f->latest = percent;
  return f->steps++ != f->stop;
}

static void
add_vm (Fixture *f)
{
  static const char *const targets[] = { "vda", "vdb" };
  g_autoptr (GError) error = NULL;

  cairn_service_add_vm (f->service, "web", VM, targets, (const char *const *)f->images, 2, NULL,
                        &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  f->dir = make_dir ();
  f->out = g_strdup_printf ("%s/out", f->dir);
  f->uri = g_strdup_printf ("sqlite:%s/cairn.db", f->dir);
  g_assert_cmpint (mkdir (f->out, 0755), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      f->images[i] = g_strdup_printf ("%s/%u.qcow2", f->dir, i);
      g_free (shell ("qemu-img create -q -f qcow2 %s 64M", f->images[i]));
    }
  f->service = cairn_service_open (f->uri, "images:", &error);
  g_assert_no_error (error);
  add_vm (f);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  cairn_service_close (f->service);
  for (guint i = 0; i < 2; i++)
    g_free (f->images[i]);
  g_free (f->point);
  g_free (f->out);
  g_free (f->uri);
  remove_dir (f->dir);
}

/* All that a call could have left. */
static char *
take_stock (Fixture *f)
{
  CairnStore *store = f->service->store;
  g_autoptr (GPtrArray) intents = store->ops->list_intents (store, NULL, NULL);
  g_autoptr (GPtrArray) points = store->ops->list_points (store, NULL, NULL);
  g_autofree char *files = shell ("ls -A %s", f->out);
  g_autofree char *one = list_bitmaps (f->images[0]), *two = list_bitmaps (f->images[1]);

  return g_strdup_printf ("%u points, %u intents, files %s, %s, %s", points->len, intents->len,
                          files, one, two);
}

static gboolean
create (Fixture *f, GError **error)
{
  g_autoptr (CairnPoint) point = NULL;

  if (!cairn_service_create_reference_point (f->service, "web", NULL, &point, NULL, error))
    return FALSE;
  g_free (f->point);
  f->point = g_strdup (point->instance_id);
  return TRUE;
}

static gboolean
export_all (Fixture *f, GError **error)
{
  return cairn_service_export_all_reference_points (f->service, "web", f->out, NULL, NULL, error);
}

static gboolean
import (Fixture *f, GError **error)
{
  g_autofree char *config = g_strdup_printf ("%s/" VM ".vmcx", f->out);
  g_autofree char *runtime = g_strdup_printf ("%s/" VM ".vmrs", f->out);

  return cairn_service_import_reference_point_metadata (f->service, "web", config, runtime, NULL,
                                                        NULL, NULL, error);
}

static gboolean
destroy (Fixture *f, GError **error)
{
  return cairn_service_destroy_reference_point (f->service, f->point, NULL, FALSE, error);
}

/* Refuses the first step, then the second, ...: nothing is left each time, until it isn't asked so
 * often any more. Returns how often it was. */
static guint
cancel_everywhere (Fixture *f, gboolean (*run) (Fixture *, GError **))
{
  const CairnMonitor monitor = { .proceed = proceed, .user = f };
  g_autofree char *before = take_stock (f);
  guint stop = 0;

  for (;; stop++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *after = NULL;

      f->steps = f->latest = 0;
      f->stop = stop;
      cairn_service_set_monitor (f->service, &monitor);
      if (run (f, &error))
        break;
      g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "cancelled"));
      g_assert_cmpuint (f->steps, ==, stop + 1);
      after = take_stock (f);
      g_assert_cmpstr (after, ==, before);
    }
  cairn_service_set_monitor (f->service, NULL);
  return stop;
}

static void
test_cancelled (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (cancel_everywhere (f, create), ==, 3);
  g_assert_cmpuint (cancel_everywhere (f, create), ==, 3);
  g_assert_cmpuint (cancel_everywhere (f, export_all), ==, 6);
  g_assert_true (cairn_service_remove_vm (f->service, "web", TRUE, &error));
  add_vm (f);
  g_assert_cmpuint (cancel_everywhere (f, import), ==, 5);
  g_assert_cmpuint (cancel_everywhere (f, destroy), ==, 3);
}

static void
assert_denied (Fixture *f, gboolean (*run) (Fixture *, GError **))
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run (f, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED);
}

/* Files are made, replaced and read with the caller's rights, and this thread keeps none of them.
 */
static void
test_callers_files (Fixture *f, gconstpointer unused)
{
  CairnCaller nobody = { .name = (char *)"guest", .uid = NOBODY, .gid = NOBODY };
  const CairnMonitor monitor = { .caller = &nobody };
  g_autofree char *file = g_strdup_printf ("%s/" VM ".vmcx", f->out);
  g_autofree char *secret = g_strdup_printf ("%s/secret", f->dir);
  GError *error = NULL;
  struct stat status;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can take on another user's rights");
      return;
    }
  g_assert_true (g_file_set_contents (secret, "root's", -1, NULL) && chmod (secret, 0600) == 0);
  g_assert_true (create (f, &error) && chmod (f->dir, 0755) == 0);
  cairn_service_set_monitor (f->service, &monitor);
  assert_denied (f, export_all);

  g_assert_cmpint (chown (f->out, NOBODY, NOBODY), ==, 0);
  g_assert_true (export_all (f, &error) && export_all (f, &error));
  g_assert_cmpint (stat (file, &status), ==, 0);
  g_assert_cmpuint (status.st_uid, ==, NOBODY);
  g_assert_cmpuint (status.st_gid, ==, NOBODY);
  g_assert_true (import (f, &error));

  g_assert_true (chown (file, 0, 0) == 0 && chmod (file, 0600) == 0);
  assert_denied (f, import);
  g_assert_cmpint (access (secret, R_OK), ==, 0);
  g_assert_true (g_file_set_contents (secret, "still root's", -1, NULL));
  cairn_service_set_monitor (f->service, NULL);
}

/* Where the configuration names no directory the daemon takes no path. */
static void
test_daemon_paths (Fixture *f, gconstpointer unused)
{
  g_autofree char *config = g_strdup_printf ("%s/cairnd.conf", f->dir);
  g_autofree char *text = g_strdup_printf ("[paths]\nexport=%s\n", f->out);
  GError *error = NULL;

  g_assert_true (create (f, &error) && export_all (f, &error));
  cairn_service_close (f->service);
  g_assert_true (g_file_set_contents (config, text, -1, NULL));
  f->service = cairn_service_open_daemon (f->uri, "images:", config, &error);
  g_assert_no_error (error);
  g_assert_true (export_all (f, &error));
  assert_denied (f, import);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/monitor/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
  g_test_add ("/monitor/callers-files", Fixture, NULL, set_up, test_callers_files, tear_down);
  g_test_add ("/monitor/daemon-paths", Fixture, NULL, set_up, test_daemon_paths, tear_down);
  return g_test_run ();
}
