/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cairn is killed with SIGKILL while it edits the bitmaps of two disks: before each of its system
 * calls in turn (stopped there by ptrace), and at some sixty moments by the clock. Each time the
 * images, once they are free again, have all the bitmaps they had, whole, and the edited one on
 * both or on neither; and the next edit works.
 *
 * The victim is this program with other arguments: --edit|--traced add|remove NAME IMAGE IMAGE. */
#include "offline-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracker/offline/claim.h"
#include "tracker/offline/edit.h"

#define BEFORE   "FOREIGN  65536; OLD auto, 65536"
#define WITH_NEW "FOREIGN  65536; NEW auto, 65536; OLD auto, 65536"

/* By the clock. */
#define MIN_STEP_US 500
#define MAX_STEPS   60

static const char *program;

/* The victim. When it's traced its edit lies between a SIGSTOP and a call of getppid, for the
 * harness to see: until then it runs freely, since each stop costs two switches of processes. */
static int
edit_as_victim (char **argv)
{
  g_autoptr (GPtrArray) disks = make_disks (argv[3], argv[4], NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (strcmp (argv[0], "--traced") == 0)
    raise (SIGSTOP);
  if (strcmp (argv[1], "add") == 0)
    ok = cairn_offline_add (disks, argv[2], 65536, G_MAXINT64, &error);
  else
    ok = cairn_offline_remove (disks, argv[2], G_MAXINT64, &error);
  getppid ();
  if (!ok)
    fprintf (stderr, "victim: %s\n", error->message);
  return ok ? 0 : 1;
}

typedef struct
{
  char *dir, *one, *two;
  GPtrArray *disks;
  guint n_points, n_before, n_after;
} Field;

static void
field_setup (Field *field, gconstpointer unused)
{
  field->dir = make_dir ();
  field->one = make_image (field->dir, "one.qcow2");
  field->two = make_image (field->dir, "two.qcow2");
  field->disks = make_disks (field->one, field->two, NULL);
}

static void
field_teardown (Field *field, gconstpointer unused)
{
  g_free (shell ("qemu-img check -q '%s' && qemu-img check -q '%s'", field->one, field->two));
  g_ptr_array_unref (field->disks);
  g_free (field->one);
  g_free (field->two);
  remove_dir (field->dir);
}

static pid_t
start_victim (const Field *field, const char *action, gboolean traced)
{
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  if (traced)
    ptrace (PTRACE_TRACEME, 0, NULL, NULL);
  execl (program, program, traced ? "--traced" : "--edit", action, "NEW", field->one, field->two,
         NULL);
  _exit (127);
}

/* Whether the edit is done, after the victim's daemon has let go; asserts that all is well. */
static gboolean
inspect (Field *field)
{
  g_autoptr (GError) error = NULL;
  GArray *claims = cairn_claims_take (field->disks, CAIRN_CLAIM_ALL, G_MAXINT64, &error);
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  g_assert_no_error (error);
  g_array_unref (claims);
  one = list_bitmaps (field->one);
  two = list_bitmaps (field->two);
  g_assert_cmpstr (one, ==, two);
  if (strcmp (one, BEFORE) != 0)
    g_assert_cmpstr (one, ==, WITH_NEW);
  field->n_points++;
  return strcmp (one, WITH_NEW) == 0;
}

/* The next command: brings the images to where the next victim starts. */
static void
prepare (Field *field, gboolean with_new, gboolean has_new)
{
  g_autoptr (GError) error = NULL;

  if (with_new && !has_new)
    cairn_offline_add (field->disks, "NEW", 65536, G_MAXINT64, &error);
  else if (!with_new && has_new)
    cairn_offline_remove (field->disks, "NEW", G_MAXINT64, &error);
  g_assert_no_error (error);
}

static void
judge_and_prepare (Field *field, gboolean adds)
{
  gboolean has_new = inspect (field);

  if (has_new == adds)
    field->n_after++;
  else
    field->n_before++;
  prepare (field, !adds, has_new);
}

/* Lets the traced victim run to its next system call. FALSE: it has ended. */
static gboolean
next_call (pid_t pid, struct __ptrace_syscall_info *call)
{
  int status, deliver = 0;

  for (;;)
    {
      g_assert_cmpint (ptrace (PTRACE_SYSCALL, pid, NULL, deliver), ==, 0);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      if (!WIFSTOPPED (status))
        return FALSE;
      deliver = WSTOPSIG (status);
      if (deliver != (SIGTRAP | 0x80))
        continue;
      g_assert_cmpint (ptrace (PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof *call, call), >, 0);
      if (call->op == PTRACE_SYSCALL_INFO_ENTRY)
        return TRUE;
      deliver = 0;
    }
}

/* Runs a victim up to the N-th system call of its edit and kills it there. FALSE: it ended. */
static gboolean
kill_at_call (const Field *field, const char *action, guint n)
{
  pid_t pid = start_victim (field, action, TRUE);
  struct __ptrace_syscall_info call = { 0 };
  guint seen = 0;
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSTOPPED (status));
  ptrace (PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
  g_assert_cmpint (ptrace (PTRACE_CONT, pid, NULL, 0), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSTOPPED (status) && WSTOPSIG (status) == SIGSTOP);
  while (next_call (pid, &call))
    {
      gboolean is_over = call.entry.nr == SYS_getppid;

      if (!is_over && seen++ < n)
        continue;
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      return !is_over;
    }
  return FALSE;
}

static gboolean
can_trace (void)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (ptrace (PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status == 0;
}

static void
report (const Field *field, const char *how)
{
  g_test_message ("%s: killed at %u points; the edit had not happened after %u, had after %u", how,
                  field->n_points, field->n_before, field->n_after);
  g_assert_cmpuint (field->n_points, >=, 10);
  g_assert_cmpuint (field->n_before, >, 0);
  g_assert_cmpuint (field->n_after, >, 0);
}

static void
test_every_call (Field *field, gconstpointer action)
{
  gboolean adds = strcmp (action, "add") == 0;

  if (!can_trace ())
    {
      g_test_skip ("ptrace isn't allowed here");
      return;
    }
  prepare (field, !adds, FALSE);
  for (guint n = 0; kill_at_call (field, action, n); n++)
    judge_and_prepare (field, adds);
  report (field, action);
}

static gboolean
kill_after (const Field *field, const char *action, guint delay_us)
{
  pid_t pid = start_victim (field, action, FALSE);
  int status;

  g_usleep (delay_us);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return WIFSIGNALED (status);
}

/* How long an edit takes that isn't killed; brings the images back to where it began. */
static guint
measure_edit (Field *field, const char *action)
{
  gint64 start = g_get_monotonic_time ();
  int status;
  pid_t pid = start_victim (field, action, FALSE);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  start = g_get_monotonic_time () - start;
  judge_and_prepare (field, strcmp (action, "add") == 0);
  return (guint)start;
}

/* On a busy machine the steps get longer, not more. */
static void
test_by_the_clock (Field *field, gconstpointer action)
{
  gboolean adds = strcmp (action, "add") == 0;
  gboolean killed = TRUE;
  guint step_us;

  prepare (field, !adds, FALSE);
  step_us = MAX (MIN_STEP_US, measure_edit (field, action) / MAX_STEPS);
  for (guint delay_us = 0; killed; delay_us += step_us)
    {
      killed = kill_after (field, action, delay_us);
      judge_and_prepare (field, adds);
    }
  report (field, action);
}

int
main (int argc, char **argv)
{
  program = "/proc/self/exe";
  if (argc == 6 && (strcmp (argv[1], "--edit") == 0 || strcmp (argv[1], "--traced") == 0))
    return edit_as_victim (argv + 1);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/offline-kill/every-call/add", Field, "add", field_setup, test_every_call,
              field_teardown);
  g_test_add ("/offline-kill/every-call/remove", Field, "remove", field_setup, test_every_call,
              field_teardown);
  g_test_add ("/offline-kill/by-the-clock/add", Field, "add", field_setup, test_by_the_clock,
              field_teardown);
  g_test_add ("/offline-kill/by-the-clock/remove", Field, "remove", field_setup, test_by_the_clock,
              field_teardown);
  return g_test_run ();
}
