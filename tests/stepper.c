/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stepper: runs a command and counts its steps: the system calls that change something. On demand
 * it kills the command with SIGKILL right after the n-th step, or right before it.
 *
 *   stepper [--kill-at N [--before]] [--log FILE] COMMAND [ARGUMENT...]
 *
 * FILE gets a line per step: its number, its name, and "child" when a child of the command lived
 * then (what a child does goes on between two steps, so before a step isn't after the last one).
 * Ends with the command's exit status; 128 + signal when it died of one; 77 when this machine
 * doesn't allow tracing.
 *
 * All threads of the command are traced, its children aren't: their own death is theirs to handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_UNTRACEABLE 77
#define STATUS_USAGE       2

/* Threads that the table has room for; cairn has one. */
#define MAX_THREADS 64

typedef struct
{
  pid_t tid;       /* 0: unused */
  long number;     /* of the call it is in */
  bool is_step;    /* that call counts */
  unsigned serial; /* as this step */
} Thread;

typedef struct
{
  unsigned kill_at; /* 0: never */
  bool kills_before;
  FILE *log;
  pid_t pid;
  bool started; /* its own program runs */
  unsigned n_steps;
  int n_children;
  Thread threads[MAX_THREADS];
} Stepper;

typedef struct
{
  long number;
  const char *name;
} Call;

#define CALL(name)                                                                                 \
  {                                                                                                \
    SYS_##name, #name                                                                              \
  }

/* Calls that change something whatever their arguments. Changes through shared memory count with
 * the call that follows; closing, with the death that it's compared to. */
static const Call calls[] = {
  CALL (write),     CALL (writev),    CALL (pwrite64),  CALL (pwritev),   CALL (pwritev2),
  CALL (fsync),     CALL (fdatasync), CALL (ftruncate), CALL (fallocate), CALL (renameat),
  CALL (renameat2), CALL (linkat),    CALL (unlinkat),  CALL (mkdirat),   CALL (mknodat),
  CALL (symlinkat), CALL (fchmod),    CALL (fchmodat),  CALL (fchown),    CALL (fchownat),
  CALL (utimensat), CALL (flock),     CALL (sendto),    CALL (sendmsg),   CALL (clone),
  CALL (clone3),    CALL (kill),      CALL (tgkill),    CALL (execve),    CALL (socketpair),
  CALL (pipe2),     CALL (wait4),     CALL (msync),     CALL (truncate),  CALL (copy_file_range),
#ifdef SYS_rename /* x86_64; newer architectures have the *at calls only */
  CALL (rename),    CALL (link),      CALL (unlink),    CALL (mkdir),     CALL (mknod),
  CALL (rmdir),     CALL (symlink),   CALL (chmod),     CALL (chown),     CALL (creat),
  CALL (fork),      CALL (vfork),
#endif
};

static bool
opens_to_change (unsigned long flags)
{
  return (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
}

static bool
sets_lock (unsigned long command)
{
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK
         || command == F_OFD_SETLKW;
}

/* The call's name when it counts as a step, else NULL. */
static const char *
name_step (const struct __ptrace_syscall_info *call)
{
  long number = (long)call->entry.nr;

  if (number == SYS_openat)
    return opens_to_change (call->entry.args[2]) ? "openat" : NULL;
#ifdef SYS_open
  if (number == SYS_open)
    return opens_to_change (call->entry.args[1]) ? "open" : NULL;
#endif
  if (number == SYS_fcntl)
    return sets_lock (call->entry.args[1]) ? "fcntl" : NULL;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (calls[i].number == number)
      return calls[i].name;
  return NULL;
}

static bool
makes_child (long number)
{
#ifdef SYS_fork
  if (number == SYS_fork || number == SYS_vfork)
    return true;
#endif
  return number == SYS_clone || number == SYS_clone3;
}

static Thread *
find_thread (Stepper *stepper, pid_t tid)
{
  Thread *free_place = NULL;

  for (int i = 0; i < MAX_THREADS; i++)
    if (stepper->threads[i].tid == tid)
      return &stepper->threads[i];
    else if (stepper->threads[i].tid == 0 && !free_place)
      free_place = &stepper->threads[i];
  if (!free_place)
    {
      fprintf (stderr, "stepper: more than %d threads\n", MAX_THREADS);
      exit (STATUS_USAGE);
    }
  free_place->tid = tid;
  return free_place;
}

static void
kill_command (Stepper *stepper)
{
  kill (stepper->pid, SIGKILL);
}

static void
enter_call (Stepper *stepper, Thread *thread, const struct __ptrace_syscall_info *call)
{
  const char *name = name_step (call);

  thread->number = (long)call->entry.nr;
  thread->is_step = name != NULL;
  if (!name)
    return;
  thread->serial = ++stepper->n_steps;
  if (stepper->log)
    fprintf (stepper->log, "%u %s%s\n", thread->serial, name,
             stepper->n_children > 0 ? " child" : "");
  if (stepper->kills_before && thread->serial == stepper->kill_at)
    kill_command (stepper);
}

static void
leave_call (Stepper *stepper, Thread *thread, const struct __ptrace_syscall_info *call)
{
  if (call->exit.rval > 0 && makes_child (thread->number))
    stepper->n_children++;
  if (call->exit.rval > 0 && thread->number == SYS_wait4)
    stepper->n_children--;
  if (thread->is_step && !stepper->kills_before && thread->serial == stepper->kill_at)
    kill_command (stepper);
  thread->is_step = false;
}

/* A thread has stopped at a call's begin or end. */
static void
take_call (Stepper *stepper, pid_t tid)
{
  struct __ptrace_syscall_info call;
  Thread *thread = find_thread (stepper, tid);

  if (ptrace (PTRACE_GET_SYSCALL_INFO, tid, sizeof call, &call) <= 0 || !stepper->started)
    return;
  if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
    enter_call (stepper, thread, &call);
  else if (call.op == PTRACE_SYSCALL_INFO_EXIT)
    leave_call (stepper, thread, &call);
}

/* Lets the thread run on; gives the signal that stopped it on to it. */
static void
take_stop (Stepper *stepper, pid_t tid, int status)
{
  int number = WSTOPSIG (status);
  int event = status >> 16;

  if (number == (SIGTRAP | 0x80))
    take_call (stepper, tid);
  if (event == PTRACE_EVENT_EXEC)
    stepper->started = true;
  /* A new thread begins with a SIGSTOP of the tracer's making. */
  if (event || number == (SIGTRAP | 0x80) || number == SIGSTOP)
    number = 0;
  ptrace (PTRACE_SYSCALL, tid, NULL, (void *)(long)number);
}

static int
follow (Stepper *stepper)
{
  for (;;)
    {
      int status;
      pid_t tid = waitpid (-1, &status, __WALL);

      if (tid < 0 && errno == EINTR)
        continue;
      if (tid < 0)
        return STATUS_USAGE;
      if (WIFSTOPPED (status))
        take_stop (stepper, tid, status);
      else if (tid == stepper->pid)
        return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
      else
        find_thread (stepper, tid)->tid = 0;
    }
}

static int
run (Stepper *stepper, char **command)
{
  const long options
      = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  struct __ptrace_syscall_info probe;
  int status;

  stepper->pid = fork ();
  if (stepper->pid == 0)
    {
      if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise (SIGSTOP) != 0)
        _exit (STATUS_UNTRACEABLE);
      execvp (command[0], command);
      perror (command[0]);
      _exit (127);
    }
  if (stepper->pid < 0 || waitpid (stepper->pid, &status, 0) < 0 || !WIFSTOPPED (status)
      || ptrace (PTRACE_SETOPTIONS, stepper->pid, NULL, (void *)options) != 0
      || ptrace (PTRACE_GET_SYSCALL_INFO, stepper->pid, sizeof probe, &probe) <= 0)
    {
      fprintf (stderr, "stepper: tracing isn't possible here (%s)\n", strerror (errno));
      if (stepper->pid > 0)
        kill (stepper->pid, SIGKILL);
      return STATUS_UNTRACEABLE;
    }
  ptrace (PTRACE_SYSCALL, stepper->pid, NULL, NULL);
  return follow (stepper);
}

static int
complain (const char *about)
{
  fprintf (stderr,
           "stepper: %s\nusage: stepper [--kill-at N [--before]] [--log FILE] COMMAND "
           "[ARGUMENT...]\n",
           about);
  return STATUS_USAGE;
}

int
main (int argc, char **argv)
{
  static Stepper stepper;
  int at = 1, status;

  for (; at < argc && argv[at][0] == '-'; at++)
    if (strcmp (argv[at], "--kill-at") == 0 && at + 1 < argc)
      stepper.kill_at = (unsigned)strtoul (argv[++at], NULL, 10);
    else if (strcmp (argv[at], "--before") == 0)
      stepper.kills_before = true;
    else if (strcmp (argv[at], "--log") == 0 && at + 1 < argc)
      {
        stepper.log = fopen (argv[++at], "we");
        if (!stepper.log)
          return complain ("the log can't be written");
      }
    else
      return complain ("unknown option");
  if (at == argc)
    return complain ("no command");
  status = run (&stepper, argv + at);
  if (stepper.log && fclose (stepper.log) != 0)
    return complain ("the log can't be written");
  return status;
}
