/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn: the command line. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/out_of_memory.h"
#include "cli/report.h"

static Cli cli; /* out_of_memory.h looks at cli.out to the very end */

/* Descriptors 0 to 2 are open afterwards, so that no file of ours (the store!) ever becomes the one
 * that output goes to. FALSE when standard output was closed: nobody could read the answer. */
static gboolean
open_standard_descriptors (void)
{
  gboolean output_is_open = fcntl (STDOUT_FILENO, F_GETFD) != -1;

  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) == -1)
      (void)!open ("/dev/null", O_RDWR); /* the lowest free one, which is FD */
  return output_is_open;
}

static gboolean
run (char **argv, GError **error)
{
  if (!cli_parse (&cli, argv, error))
    return FALSE;
  if (cli.options.version)
    {
      cli_output_puts (&cli.out, "cairn " CAIRN_VERSION "\n");
      return TRUE;
    }
  if (cli.options.help)
    return cli_help (&cli, error);
  return cli.command->run (&cli, error);
}

static void
clear (void)
{
  g_clear_pointer (&cli.service, cairn_service_close);
  g_clear_pointer (&cli.disks, g_ptr_array_unref);
  g_clear_pointer (&cli.destroyed, g_ptr_array_unref);
  g_clear_pointer (&cli.args, g_strfreev);
  cli_options_clear (&cli.options);
  cli_output_clear (&cli.out);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean output_is_open = open_standard_descriptors ();
  int status;

  signal (SIGPIPE, SIG_IGN); /* a reader that went away is a failed write */
  signal (SIGXFSZ, SIG_IGN); /* and so is a file that would pass the size limit (ulimit -f) */
  cli_output_init (&cli.out, STDOUT_FILENO);
  cli_out_of_memory_install (argv, &cli.out);
  if (!output_is_open)
    {
      cli_report_line ("standard output is closed, so nothing was done; open it or redirect it");
      return 1;
    }
  run (argv, &error);
  status = cli_report (&cli, error);
  clear ();
  return status;
}
