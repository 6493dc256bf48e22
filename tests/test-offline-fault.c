/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The offline tracker when something breaks on the way: no room, a qemu-storage-daemon that is
 * killed, hangs, isn't there or talks nonsense. Whatever happens, the other bitmaps stay whole and
 * the new one is on all disks or on none. */
#include "offline-fixture.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracker/offline/edit.h"

#define GRANULARITY 65536
#define BEFORE      "FOREIGN  65536; OLD auto, 65536"
#define WITH_NEW    "FOREIGN  65536; NEW auto, 65536; OLD auto, 65536"

typedef struct
{
  char *dir, *one, *two;
  GPtrArray *disks;
} Pair;

static void
pair_setup (Pair *pair, gconstpointer unused)
{
  pair->dir = make_dir ();
  pair->one = make_image (pair->dir, "one.qcow2");
  pair->two = make_image (pair->dir, "two.qcow2");
  pair->disks = make_disks (pair->one, pair->two, NULL);
}

static void
pair_teardown (Pair *pair, gconstpointer unused)
{
  g_unsetenv ("CAIRN_QSD");
  g_ptr_array_unref (pair->disks);
  g_free (pair->one);
  g_free (pair->two);
  remove_dir (pair->dir);
}

static void
assert_lists (const Pair *pair, const char *expected)
{
  g_autofree char *one = list_bitmaps (pair->one);
  g_autofree char *two = list_bitmaps (pair->two);

  g_assert_cmpstr (one, ==, expected);
  g_assert_cmpstr (two, ==, expected);
}

static void
assert_says (GError *error, int code, const char *words)
{
  g_assert_error (error, CAIRN_ERROR, code);
  g_test_message ("%d: %s", error->code, error->message);
  if (!strstr (error->message, words) || strchr (error->message, '\n'))
    g_error ("'%s' doesn't say '%s' in one line", error->message, words);
}

static gint64
in_ms (int ms)
{
  return g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
}

/* The daemon can't make any file longer than LIMIT: to it, a full disk. */
static void
limit_file_size (rlim_t limit)
{
  struct rlimit size;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &size), ==, 0);
  size.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &size), ==, 0);
}

static rlim_t
size_of (const char *path)
{
  GStatBuf place;

  g_assert_cmpint (g_stat (path, &place), ==, 0);
  return (rlim_t)place.st_size;
}

static gboolean
add_limited (const Pair *pair, rlim_t limit, GError **error)
{
  gboolean ok;

  limit_file_size (limit);
  ok = cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, error);
  limit_file_size (RLIM_INFINITY);
  return ok;
}

static void
test_no_room (Pair *pair, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (add_limited (pair, size_of (pair->one), &error));
  assert_says (error, CAIRN_ERROR_FAILED, "the bitmaps couldn't be stored: '");
  assert_lists (pair, BEFORE);
  g_free (shell ("qemu-img check -q '%s' && qemu-img check -q '%s'", pair->one, pair->two));
  g_assert_true (cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, NULL));
  assert_lists (pair, WITH_NEW);
}

/* The first disk has room, the second hasn't: its file has free clusters within, so the limit is
 * lowered until they don't suffice. */
static void
test_no_room_on_one (Pair *pair, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  rlim_t limit;

  g_free (shell ("qemu-io -c 'write 20M 20M' '%s'", pair->two));
  for (limit = size_of (pair->two); add_limited (pair, limit, &error); limit -= 65536)
    g_assert_true (cairn_offline_remove (pair->disks, "NEW", G_MAXINT64, NULL));
  g_assert_cmpuint (limit, >, size_of (pair->one) + (4u << 20));
  assert_says (error, CAIRN_ERROR_FAILED, "two.qcow2': the bitmaps couldn't be stored");
  g_assert_null (strstr (error->message, "moreover"));
  g_assert_null (strstr (error->message, "cairn0"));
  assert_lists (pair, BEFORE);
}

static void
test_no_room_to_remove (Pair *pair, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  limit_file_size (65536);
  cairn_offline_remove (pair->disks, "FOREIGN", G_MAXINT64, &error);
  limit_file_size (RLIM_INFINITY);
  if (error)
    {
      assert_says (error, CAIRN_ERROR_FAILED, "");
      assert_lists (pair, BEFORE);
    }
  else
    assert_lists (pair, "OLD auto, 65536");
}

/* Every room from none to enough, so that each write of the closing daemon fails once. */
static void
test_every_room (Pair *pair, gconstpointer unused)
{
  rlim_t least = size_of (pair->one);
  guint n_failed = 0, n_done = 0;

  for (rlim_t limit = 4096; n_done == 0; limit = MAX (limit + 32768, least - (1u << 19)))
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (limit, <, least + (4u << 20));
      if (add_limited (pair, limit, &error))
        n_done++;
      else
        {
          g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
          g_assert_null (strchr (error->message, '{'));
          n_failed++;
        }
      assert_lists (pair, n_done ? WITH_NEW : BEFORE);
    }
  g_test_message ("%u sizes too small", n_failed);
  g_assert_cmpuint (n_failed, >=, 2);
}

/* A program in place of qemu-storage-daemon. */
static void
use_script (const Pair *pair, const char *script)
{
  g_autofree char *path = g_build_filename (pair->dir, "qsd", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\ntrap '' ALRM\nfd=${2##*=}\n%s\n", script);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  g_setenv ("CAIRN_QSD", path, TRUE);
}

#define GREETING "echo '{\"QMP\":{}}' >&$fd; "
#define REPLY    "read line <&$fd; "
#define ANSWER   REPLY "echo '{\"return\":{}}' >&$fd; "

static void
test_odd_daemons (Pair *pair, gconstpointer unused)
{
  static const struct
  {
    const char *script;
    int code;
    const char *words;
  } cases[] = {
    { "exit 3", CAIRN_ERROR_FAILED, "hung up before it had answered (it ended with status 3)" },
    { "echo no such library >&2; exit 127", CAIRN_ERROR_FAILED, "said 'no such library'" },
    { "exec sleep 10", CAIRN_ERROR_TIMEOUT, "didn't answer in time" },
    { GREETING "exec sleep 10", CAIRN_ERROR_TIMEOUT, "didn't answer in time" },
    { "trap '' TERM; sleep 1", CAIRN_ERROR_TIMEOUT, "didn't answer in time" },
    { "echo hello >&$fd", CAIRN_ERROR_FAILED, "answered 'hello', which isn't QMP" },
    { "echo '[1]' >&$fd", CAIRN_ERROR_FAILED, "answered '[1]', which isn't QMP" },
    { "echo '{}' >&$fd", CAIRN_ERROR_FAILED, "didn't greet as QMP demands" },
    { "printf '\\000\\377\\n' >&$fd", CAIRN_ERROR_FAILED, "which isn't QMP" },
    { "yes '{' | head -c 200000 | tr -d '\\n' >&$fd", CAIRN_ERROR_FAILED, "which isn't QMP" },
    { "head -c 30000 /dev/zero | tr '\\000' '[' >&$fd; echo >&$fd", CAIRN_ERROR_FAILED,
      "which isn't QMP" },
    { GREETING REPLY "echo '{\"x\":1}' >&$fd", CAIRN_ERROR_FAILED,
      "neither a result nor an error" },
    { GREETING REPLY "echo '{\"error\":7}' >&$fd", CAIRN_ERROR_FAILED, "it gave no reason" },
    { GREETING REPLY "echo '{\"error\":{\"class\":\"CommandNotFound\"}}' >&$fd",
      CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, "install QEMU 7.2 or newer" },
    { GREETING REPLY "echo '{\"event\":\"A\"}' >&$fd", CAIRN_ERROR_FAILED, "hung up before" },
    /* Says yes to everything and does nothing. */
    { GREETING "echo '{\"event\":\"X\"}' >&$fd;" ANSWER ANSWER "read line <&$fd",
      CAIRN_ERROR_FAILED, "the bitmaps couldn't be stored" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 start = g_get_monotonic_time ();

      use_script (pair, cases[i].script);
      g_test_message ("%s", cases[i].script);
      g_assert_false (cairn_offline_add (pair->disks, "NEW", GRANULARITY, in_ms (500), &error));
      assert_says (error, cases[i].code, cases[i].words);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_TIME_SPAN_SECOND);
    }
  assert_lists (pair, BEFORE);
}

static void
test_not_installed (Pair *pair, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("CAIRN_QSD", "/nonexistent/qsd", TRUE);
  g_assert_false (cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, &error));
  assert_says (error, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, "install package qemu-system-common");
  assert_lists (pair, BEFORE);
}

static void
test_no_module (Pair *pair, gconstpointer unused)
{
  g_autofree char *before = g_strdup (g_getenv ("CAIRN_MODULE_DIR"));
  g_autoptr (GError) error = NULL;

  g_setenv ("CAIRN_MODULE_DIR", pair->dir, TRUE);
  g_assert_false (cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, &error));
  if (before)
    g_setenv ("CAIRN_MODULE_DIR", before, TRUE);
  assert_says (error, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, "module 'qsd' isn't installed");
  assert_lists (pair, BEFORE);
}

static gboolean
add_with_descriptors (const Pair *pair, rlim_t n, GError **error)
{
  struct rlimit before, few;
  gboolean ok;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  few = before;
  few.rlim_cur = n;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  ok = cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  return ok;
}

/* Any number of them from none to enough: neither the packages nor the storage get the blame. The
 * module is at another place, so that it is loaded again. */
static void
test_few_descriptors (Pair *pair, gconstpointer unused)
{
  g_autofree char *before = g_strdup (g_getenv ("CAIRN_MODULE_DIR"));
  rlim_t n_open = (rlim_t)dup (STDERR_FILENO);
  guint n_failed = 0;
  gboolean ok = FALSE;

  close ((int)n_open);
  g_free (shell ("ln -s \"${CAIRN_MODULE_DIR%%%%:*}/cairn-qsd.so\" '%s'", pair->dir));
  g_setenv ("CAIRN_MODULE_DIR", pair->dir, TRUE);
  for (rlim_t n = n_open; !ok; n++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (n, <, n_open + 100);
      ok = add_with_descriptors (pair, n, &error);
      if (ok)
        break;
      assert_says (error, error->code, "raise the limit of open files (ulimit -n)");
      n_failed++;
    }
  assert_lists (pair, WITH_NEW);
  g_setenv ("CAIRN_MODULE_DIR", before, TRUE);
  g_assert_cmpuint (n_failed, >=, 8);
}

/* The real daemon, too slow for the deadline: it ends cleanly and nothing is left. Its answers are
 * held back by stopping it for a while: SIGTERM waits until it goes on. */
static void
test_deadlines (Pair *pair, gconstpointer unused)
{
  guint n_late = 0, n_done = 0;

  for (int limit_us = 500; n_done < 3; limit_us += 1000)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (limit_us, <, 2000000);
      if (cairn_offline_add (pair->disks, "NEW", GRANULARITY, g_get_monotonic_time () + limit_us,
                             &error))
        {
          n_done++;
          assert_lists (pair, WITH_NEW);
          g_assert_true (cairn_offline_remove (pair->disks, "NEW", G_MAXINT64, NULL));
        }
      else
        {
          g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
          g_assert_null (strstr (error->message, "moreover"));
          n_late++;
          if (n_late % 8 == 0)
            assert_lists (pair, BEFORE);
        }
    }
  assert_lists (pair, BEFORE);
  g_test_message ("%u deadlines too short", n_late);
  g_assert_cmpuint (n_late, >=, 3);
}

/* Kills every child of ours with SIGKILL after a while: what nobody should do to the daemon, but
 * the kernel does when memory runs out. */
typedef struct
{
  int delay_us;
  gboolean hit;
} Killer;

static gpointer
kill_children (gpointer data)
{
  Killer *killer = data;
  g_autofree char *list = g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());
  g_autofree char *children = NULL;

  g_usleep ((gulong)killer->delay_us);
  if (!g_file_get_contents (list, &children, NULL, NULL) || !*children)
    return NULL;
  killer->hit = kill ((pid_t)g_ascii_strtoll (children, NULL, 10), SIGKILL) == 0;
  return NULL;
}

static gboolean
edit_with_killer (const Pair *pair, gboolean adds, int delay_us, gboolean *hit, GError **error)
{
  Killer killer = { .delay_us = delay_us };
  GThread *thread = g_thread_new ("killer", kill_children, &killer);
  gboolean ok = adds ? cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, error)
                     : cairn_offline_remove (pair->disks, "NEW", G_MAXINT64, error);

  g_thread_join (thread);
  *hit = killer.hit;
  return ok;
}

/* The state before an edit: without NEW for an addition, with it for a removal. */
static void
prepare (const Pair *pair, gboolean adds)
{
  g_autoptr (GError) error = NULL;

  if (adds)
    cairn_offline_remove (pair->disks, "NEW", G_MAXINT64, &error);
  else if (!has_bitmap (pair->one, "NEW"))
    cairn_offline_add (pair->disks, "NEW", GRANULARITY, G_MAXINT64, &error);
  g_assert_no_error (error);
}

static void
test_daemon_killed (Pair *pair, gconstpointer unused)
{
  guint n_hits = 0, n_failed = 0, n_missed = 0;

  for (int delay_us = 0; n_missed < 4; delay_us += 1000)
    for (int adds = 1; adds >= 0; adds--)
      {
        g_autoptr (GError) error = NULL;
        gboolean hit, ok;

        g_assert_cmpint (delay_us, <, 2000000);
        prepare (pair, adds);
        ok = edit_with_killer (pair, adds, delay_us, &hit, &error);
        if (!ok)
          g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
        assert_lists (pair, adds == ok ? WITH_NEW : BEFORE);
        n_hits += hit;
        n_failed += !ok;
        n_missed = hit || delay_us < 5000 ? 0 : n_missed + 1;
      }
  g_test_message ("killed the daemon %u times; %u edits failed, none lost a bitmap", n_hits,
                  n_failed);
  g_assert_cmpuint (n_failed, >=, 5);
  /* A daemon that is killed may leak clusters, no more. */
  g_free (shell ("qemu-img check -q -r leaks '%s' && qemu-img check -q -r leaks '%s'", pair->one,
                 pair->two));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/offline-fault/no-room", Pair, NULL, pair_setup, test_no_room, pair_teardown);
  g_test_add ("/offline-fault/no-room-on-one", Pair, NULL, pair_setup, test_no_room_on_one,
              pair_teardown);
  g_test_add ("/offline-fault/no-room-to-remove", Pair, NULL, pair_setup, test_no_room_to_remove,
              pair_teardown);
  g_test_add ("/offline-fault/every-room", Pair, NULL, pair_setup, test_every_room, pair_teardown);
  g_test_add ("/offline-fault/odd-daemons", Pair, NULL, pair_setup, test_odd_daemons,
              pair_teardown);
  g_test_add ("/offline-fault/not-installed", Pair, NULL, pair_setup, test_not_installed,
              pair_teardown);
  g_test_add ("/offline-fault/few-descriptors", Pair, NULL, pair_setup, test_few_descriptors,
              pair_teardown);
  g_test_add ("/offline-fault/deadlines", Pair, NULL, pair_setup, test_deadlines, pair_teardown);
  g_test_add ("/offline-fault/daemon-killed", Pair, NULL, pair_setup, test_daemon_killed,
              pair_teardown);
  g_test_add ("/offline-fault/no-module", Pair, NULL, pair_setup, test_no_module, pair_teardown);
  return g_test_run ();
}
