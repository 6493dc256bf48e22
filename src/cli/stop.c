/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes that the work is to stop. */
#include "cli/stop.h"

#include <signal.h>

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t is_stopped;

static void
note_stop (int number)
{
  is_stopped = 1;
}

void
cli_stop_catch (void)
{
  struct sigaction action = { .sa_handler = note_stop, .sa_flags = (int)SA_RESETHAND };

  for (size_t i = 0; i < G_N_ELEMENTS (stop_signals); i++)
    {
      struct sigaction before;

      if (sigaction (stop_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction (stop_signals[i], &action, NULL);
    }
}

gboolean
cli_stop_is_asked (void)
{
  return is_stopped != 0;
}
