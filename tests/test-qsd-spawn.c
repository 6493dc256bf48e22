/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child process: what it inherits, and that it ends cleanly with the thread that made it. */
#include "tracker/qsd/spawn.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/error.h>

#define PATIENCE_MS 10000

static gint64
soon (void)
{
  return g_get_monotonic_time () + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;
}

/* Runs SCRIPT, which gets OUTPUT as $0, keeping descriptor KEEP (or -1 for none). */
static CairnChild
spawn_script (const char *script, const char *output, int keep)
{
  const char *argv[] = { "/bin/sh", "-c", script, output, NULL };
  g_autoptr (GError) error = NULL;
  CairnChild child;

  cairn_child_spawn (&child, argv, &keep, keep >= 0, &error);
  g_assert_no_error (error);
  return child;
}

static char *
make_file (void)
{
  g_autoptr (GError) error = NULL;
  char *name = NULL;
  int fd = g_file_open_tmp ("cairn-spawn-XXXXXX", &name, &error);

  g_assert_no_error (error);
  close (fd);
  return name;
}

static void
wait_for_content (const char *file, const char *expected)
{
  gint64 end = soon ();
  g_autofree char *content = NULL;

  do
    {
      g_usleep (1000);
      g_clear_pointer (&content, g_free);
      g_assert_true (g_file_get_contents (file, &content, NULL, NULL));
    }
  while (strcmp (content, expected) != 0 && g_get_monotonic_time () < end);
  g_assert_cmpstr (content, ==, expected);
}

/* Says how it ends. `sleep` is a child of its own, so that the shell takes the signal at once. */
#define TELLTALE                                                                                   \
  "trap '' ALRM; trap 'echo term > \"$0\"; exit 7' TERM; echo ready > \"$0\"; "                    \
  "while :; do sleep 0.01; done"

typedef struct
{
  const char *output;
  CairnChild child;
} Task;

static gpointer
spawn_and_leave (gpointer data)
{
  Task *task = data;

  task->child = spawn_script (TELLTALE, task->output, -1);
  wait_for_content (task->output, "ready\n");
  return NULL;
}

static gpointer
leave (gpointer unused)
{
  return NULL;
}

/* offline.h's rule on threads, and its reason. */
static void
test_ends_with_its_thread (void)
{
  g_autofree char *output = make_file ();
  Task task = { .output = output };

  g_thread_join (g_thread_new ("spawner", spawn_and_leave, &task));
  wait_for_content (output, "term\n");
  g_assert_true (cairn_child_wait (&task.child, soon ()));
  g_assert_cmpint (WEXITSTATUS (task.child.status), ==, 7);
  cairn_child_clear (&task.child);
  g_unlink (output);
}

static void
test_outlives_other_threads (void)
{
  g_autofree char *output = make_file ();
  CairnChild child = spawn_script (TELLTALE, output, -1);

  wait_for_content (output, "ready\n");
  g_thread_join (g_thread_new ("other", leave, NULL));
  g_usleep (50 * 1000);
  wait_for_content (output, "ready\n");
  g_assert_true (cairn_child_end (&child, PATIENCE_MS));
  wait_for_content (output, "term\n");
  cairn_child_clear (&child);
  g_unlink (output);
}

/* Descriptors that weren't close-on-exec, as a careless library leaves them. */
static void
test_inherits_only_what_it_should (void)
{
  g_autofree char *output = make_file ();
  int leaked = open ("/dev/zero", O_RDONLY);
  int kept = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  CairnChild child = spawn_script (
      "ls -l /proc/self/fd | sed -n 's/.*[0-9] \\(.* -> .*\\)/\\1/p' > \"$0\"", output, kept);
  g_autofree char *list = NULL;
  g_autofree char *expected = g_strdup_printf ("%d -> /dev/full", kept);

  g_assert_true (cairn_child_wait (&child, soon ()));
  g_assert_true (g_file_get_contents (output, &list, NULL, NULL));
  g_test_message ("%s%s", list, child.words->str);
  g_assert_nonnull (strstr (list, expected));
  g_assert_nonnull (strstr (list, "0 -> /dev/null"));
  g_assert_null (strstr (list, "/dev/zero"));
  cairn_child_clear (&child);
  close (leaked);
  close (kept);
  g_unlink (output);
}

static void
test_signals (void)
{
  const char *argv[] = { "/bin/sleep", "10", NULL };
  g_autofree char *file = NULL;
  g_autofree char *status = NULL;
  CairnChild child;

  g_assert_true (cairn_child_spawn (&child, argv, NULL, 0, NULL));
  file = g_strdup_printf ("/proc/%d/status", (int)child.pid);
  g_assert_true (g_file_get_contents (file, &status, NULL, NULL));
  /* Blocked: SIGALRM (14), bit 13. Ignored: SIGPIPE (13) and SIGXFSZ (25), bits 12 and 24. */
  g_assert_nonnull (strstr (status, "SigBlk:\t0000000000002000"));
  g_assert_nonnull (strstr (status, "SigIgn:\t0000000001001000"));
  g_assert_cmpint (getsid (child.pid), ==, child.pid);
  g_usleep (3 * CAIRN_CHILD_BEAT_MS * 1000 / 2); /* a beat does nothing to it */
  g_assert_false (cairn_child_wait (&child, 0));
  g_assert_true (cairn_child_end (&child, PATIENCE_MS));
  cairn_child_clear (&child);
}

/* Standard descriptors that the parent has closed mustn't be mistaken for others. */
static void
test_parent_without_standard_input (void)
{
  g_autofree char *output = make_file ();
  int saved = dup (0);
  CairnChild child;
  g_autofree char *list = NULL;

  close (0);
  child = spawn_script ("readlink /proc/self/fd/0 > \"$0\"; echo heard >&2", output, -1);
  g_assert_true (cairn_child_wait (&child, soon ()));
  dup2 (saved, 0);
  close (saved);
  g_assert_true (g_file_get_contents (output, &list, NULL, NULL));
  g_assert_cmpstr (list, ==, "/dev/null\n");
  g_assert_cmpstr (child.words->str, ==, "heard\n");
  cairn_child_clear (&child);
  g_unlink (output);
}

static void
test_flood_of_words (void)
{
  CairnChild child
      = spawn_script ("yes flood | head -c 1000000 >&2; echo last word >&2; exit 3", "", -1);
  g_autofree char *epitaph = NULL;

  g_assert_true (cairn_child_wait (&child, soon ()));
  g_assert_cmpuint (child.words->len, ==, CAIRN_CHILD_WORDS_MAX);
  epitaph = cairn_child_epitaph (&child);
  g_assert_true (g_str_has_prefix (epitaph, "it ended with status 3 and said '"));
  g_assert_true (g_str_has_suffix (epitaph, "last word'"));
  g_assert_cmpuint (strlen (epitaph), <, CAIRN_CHILD_QUOTED_MAX + 100);
  cairn_child_clear (&child);
}

static void
test_not_runnable (void)
{
  const char *argv[] = { "/etc/passwd", NULL };
  g_autoptr (GError) error = NULL;
  CairnChild child;

  g_assert_false (cairn_child_spawn (&child, argv, NULL, 0, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE);
  g_assert_nonnull (strstr (error->message, "'/etc/passwd' can't be run: Permission denied"));
  g_assert_cmpint (child.pid, ==, 0);
  cairn_child_clear (&child);
}

static void
test_ignores_sigterm (void)
{
  g_autofree char *output = make_file ();
  CairnChild child = spawn_script (
      "trap '' TERM ALRM; echo ready > \"$0\"; while :; do sleep 0.01; done", output, -1);
  g_autofree char *epitaph = NULL;

  wait_for_content (output, "ready\n");
  g_assert_false (cairn_child_end (&child, 100));
  epitaph = cairn_child_epitaph (&child);
  g_assert_nonnull (strstr (epitaph, "still runs"));
  kill (child.pid, SIGKILL); /* this once: it isn't QSD */
  g_assert_true (cairn_child_wait (&child, soon ()));
  cairn_child_clear (&child);
  g_unlink (output);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qsd-spawn/ends-with-its-thread", test_ends_with_its_thread);
  g_test_add_func ("/qsd-spawn/outlives-other-threads", test_outlives_other_threads);
  g_test_add_func ("/qsd-spawn/inherits-only-what-it-should", test_inherits_only_what_it_should);
  g_test_add_func ("/qsd-spawn/signals", test_signals);
  g_test_add_func ("/qsd-spawn/parent-without-standard-input", test_parent_without_standard_input);
  g_test_add_func ("/qsd-spawn/flood-of-words", test_flood_of_words);
  g_test_add_func ("/qsd-spawn/not-runnable", test_not_runnable);
  g_test_add_func ("/qsd-spawn/ignores-sigterm", test_ignores_sigterm);
  return g_test_run ();
}
