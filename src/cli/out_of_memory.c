/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clean end when memory is out. Nothing here allocates.
 *
 * GLib ends in one of three ways when an allocation fails:
 *  - g_malloc logs a fatal message: our log handler gets it;
 *  - when formatting that message fails as well, GLib calls itself without end and runs out of
 *    stack: the handler of SIGSEGV gets it, on a stack of its own;
 *  - slices and thread keys print to stderr and abort: stderr is buffered here, so that the handler
 *    of SIGABRT sees why, and nothing of it is seen outside.
 */
#include "cli/out_of_memory.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Enough for a handler that makes system calls only. */
#define HANDLER_STACK_BYTES 16384
/* How far below the stack's limit an overflowing frame may reach. */
#define STACK_GUARD_BYTES (1024 * 1024)

static const char sentence[] = "memory ran out; what was begun is finished or undone by the next "
                               "command; free memory or raise the process's limit";

static const CliOutput *standard_output;
static gboolean wants_json;
static char stderr_text[4096];
static char handler_stack[HANDLER_STACK_BYTES];
static uintptr_t stack_top;
static uintptr_t stack_lowest; /* 0 = unlimited */

static void
put (int fd, const char *text)
{
  ssize_t written = write (fd, text, strlen (text));

  (void)written;
}

static void G_GNUC_NORETURN
end_out_of_memory (void)
{
  if (wants_json && !standard_output->started)
    {
      put (STDOUT_FILENO, "{\"ReturnValue\":32778,\"Error\":\"");
      put (STDOUT_FILENO, sentence);
      put (STDOUT_FILENO, "\",\"Disks\":[]}\n");
    }
  put (STDERR_FILENO, "cairn: ");
  put (STDERR_FILENO, sentence);
  put (STDERR_FILENO, "\n");
  _exit (1);
}

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer unused)
{
  if (!(level & G_LOG_FLAG_FATAL))
    {
      /* Debug messages are for who asked for them (G_MESSAGES_DEBUG), on standard error. */
      if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG) && !g_getenv ("G_MESSAGES_DEBUG"))
        return;
      g_log_default_handler (domain, level, message, NULL);
      return;
    }
  if (!message || strstr (message, "alloc") || strstr (message, "memory")
      || strstr (message, "thread"))
    end_out_of_memory ();
  g_log_default_handler (domain, level, message, NULL);
}

static void
end_by_signal (int number)
{
  signal (number, SIG_DFL);
  raise (number);
}

static void
on_abort (int number)
{
  stderr_text[sizeof stderr_text - 1] = '\0';
  if (strstr (stderr_text, "MEMORY-ERROR") || strstr (stderr_text, "Cannot allocate memory"))
    end_out_of_memory ();
  put (STDERR_FILENO, stderr_text);
  end_by_signal (number);
}

static void
on_fault (int number, siginfo_t *fault, void *context)
{
  uintptr_t address = (uintptr_t)fault->si_addr;

  if (stack_lowest && address < stack_top && address > stack_lowest - STACK_GUARD_BYTES)
    end_out_of_memory ();
  end_by_signal (number);
}

static void
install_handlers (void)
{
  const stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
  struct sigaction on_signal = { .sa_flags = SA_ONSTACK | SA_NODEFER };
  struct rlimit limit;

  stack_top = (uintptr_t)__builtin_frame_address (0);
  if (getrlimit (RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY
      && limit.rlim_cur < stack_top)
    stack_lowest = stack_top - limit.rlim_cur;
  sigemptyset (&on_signal.sa_mask);
  sigaltstack (&stack, NULL);
  on_signal.sa_handler = on_abort;
  sigaction (SIGABRT, &on_signal, NULL);
#ifndef __SANITIZE_ADDRESS__
  on_signal.sa_flags |= SA_SIGINFO;
  on_signal.sa_sigaction = on_fault;
  sigaction (SIGSEGV, &on_signal, NULL);
#else
  (void)on_fault; /* the sanitizer's own handler tells more */
#endif
}

void
cli_out_of_memory_install (char **argv, const CliOutput *out)
{
  standard_output = out;
  for (char **arg = argv; *arg && strcmp (*arg, "--") != 0; arg++)
    if (strcmp (*arg, "--json") == 0)
      wants_json = TRUE;
  setvbuf (stderr, stderr_text, _IOFBF, sizeof stderr_text);
  install_handlers ();
  g_log_writer_default_set_use_stderr (TRUE);
  g_log_set_default_handler (on_log, NULL);
  /* The first message makes GLib allocate what it needs for logging; later it may be too late. */
  g_debug ("cairn starts");
}
