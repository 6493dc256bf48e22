/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn watch: one line for each look at a VM to which something happened, until SIGTERM or SIGINT.
 */
#include "cli/cli.h"

#include <pthread.h>
#include <signal.h>

static void
write_point (CliJson *json, const CairnPointState *state)
{
  cli_json_begin_object (json);
  cli_json_key (json, "InstanceID");
  cli_json_string (json, state->point->instance_id);
  cli_json_key (json, "Disks");
  cli_json_begin_array (json);
  cli_write_verdicts (json, state->disks);
  cli_json_end_array (json);
  cli_json_end_object (json);
}

static void
write_event (CliJson *json, const CairnEvent *event)
{
  cli_json_begin_object (json);
  cli_json_key (json, "ReturnValue");
  cli_json_int (json, event->cause ? event->cause->code : 0);
  cli_json_key (json, "VM");
  cli_json_string (json, event->vm_name);
  cli_json_key (json, "VirtualSystemIdentifier");
  cli_json_string (json, event->vm_guid);
  cli_json_key (json, "Event");
  cli_json_string (json, event->what);
  if (event->cause)
    {
      cli_json_key (json, "Error");
      cli_json_string (json, event->cause->message);
    }
  cli_json_key (json, "ReferencePoints");
  cli_json_begin_array (json);
  for (guint i = 0; event->points && i < event->points->len; i++)
    write_point (json, event->points->pdata[i]);
  cli_json_end_array (json);
  cli_json_end_object (json);
  cli_json_end (json);
}

/* The first disk of STATE that can't tell its changes, or NULL; borrowed. */
static const CairnDiskVerdict *
find_trouble (const CairnPointState *state)
{
  for (guint i = 0; i < state->disks->len; i++)
    {
      const CairnDiskVerdict *verdict = state->disks->pdata[i];

      if (verdict->verdict != CAIRN_VERDICT_TRACKED)
        return verdict;
    }
  return NULL;
}

/* "2 reference points, 1 of which can't tell its changes: disk 'vda' (missing): ..." */
static void
print_points (CliOutput *out, const GPtrArray *states)
{
  const CairnDiskVerdict *newest = NULL;
  guint n_troubled = 0;

  for (guint i = 0; i < states->len; i++)
    {
      const CairnDiskVerdict *trouble = find_trouble (states->pdata[i]);

      n_troubled += trouble != NULL;
      newest = trouble ? trouble : newest;
    }
  cli_output_printf (out, "%u reference point%s", states->len, states->len == 1 ? "" : "s");
  if (!newest)
    {
      cli_output_puts (out, ", tracked");
      return;
    }
  cli_output_printf (out, ", %u without all changes: disk '", n_troubled);
  cli_output_shown (out, newest->target);
  cli_output_printf (out, "' (%s): ", cairn_verdict_name (newest->verdict));
  cli_output_shown (out, newest->reason);
}

static void
print_event (CliOutput *out, const CairnEvent *event)
{
  cli_output_shown (out, *event->vm_name ? event->vm_name : event->vm_guid);
  cli_output_printf (out, ": %s: ", event->what);
  if (event->points)
    print_points (out, event->points);
  if (event->cause)
    {
      cli_output_puts (out, event->points ? "; " : "");
      cli_output_shown (out, event->cause->message);
    }
  cli_output_puts (out, "\n");
}

/* Each line goes out at once: whoever reads it waits for it. */
static gboolean
happened (const CairnEvent *event, gpointer user)
{
  Cli *cli = user;
  CliJson json;

  if (cli->options.json)
    {
      cli_json_init (&json, &cli->out);
      write_event (&json, event);
    }
  else
    print_event (&cli->out, event);
  return cli_output_flush (&cli->out);
}

static void
make_ending_signals (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGTERM);
  sigaddset (set, SIGINT);
}

static void *
wait_for_signal (void *service)
{
  sigset_t set;
  int number;

  make_ending_signals (&set);
  sigwait (&set, &number);
  cairn_service_stop_watch (service);
  return NULL;
}

gboolean
cli_run_watch (Cli *cli, GError **error)
{
  CairnService *service;
  pthread_t thread;
  sigset_t set, before;
  gboolean ok;

  /* Blocked before any other thread is there: all of them inherit it. */
  make_ending_signals (&set);
  pthread_sigmask (SIG_BLOCK, &set, &before);
  service = cli_service (cli, error);
  if (!service)
    return FALSE;
  if (pthread_create (&thread, NULL, wait_for_signal, service) != 0)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                           "no thread can be started; free memory or processes and try again");
      return FALSE;
    }
  cli_output_commit (&cli->out);
  ok = cairn_service_watch (service, happened, cli, error);
  pthread_kill (thread, SIGTERM); /* in case the watch ended by itself */
  pthread_join (thread, NULL);
  pthread_sigmask (SIG_SETMASK, &before, NULL); /* a second Ctrl-C ends us at once */
  return ok;
}
