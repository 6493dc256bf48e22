/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's own backup in push mode, from its beginning to its end; virsh has no command that
 * waits.
 *
 *   push-backup URI DOMAIN XML_FILE
 */
#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_US 1000

static void
stop (const char *what)
{
  fprintf (stderr, "push-backup: %s: %s\n", what, virGetLastErrorMessage ());
  exit (1);
}

static gboolean
is_running (virDomainPtr domain)
{
  virDomainJobInfo info;

  if (virDomainGetJobInfo (domain, &info) != 0)
    stop ("the job can't be asked about");
  return info.type == VIR_DOMAIN_JOB_BOUNDED || info.type == VIR_DOMAIN_JOB_UNBOUNDED;
}

static gboolean
has_succeeded (virDomainPtr domain)
{
  virTypedParameterPtr stats = NULL;
  int n = 0, type = VIR_DOMAIN_JOB_NONE;

  if (virDomainGetJobStats (domain, &type, &stats, &n, VIR_DOMAIN_JOB_STATS_COMPLETED) != 0)
    stop ("the job can't be asked about");
  virTypedParamsFree (stats, n);
  return type == VIR_DOMAIN_JOB_COMPLETED;
}

int
main (int argc, char **argv)
{
  g_autofree char *xml = NULL;
  virConnectPtr connection;
  virDomainPtr domain;
  gboolean ok;

  if (argc != 4 || !g_file_get_contents (argv[3], &xml, NULL, NULL))
    return 2;
  connection = virConnectOpen (argv[1]);
  domain = connection ? virDomainLookupByName (connection, argv[2]) : NULL;
  if (!domain || virDomainBackupBegin (domain, xml, NULL, 0) != 0)
    stop ("the backup can't begin");
  while (is_running (domain))
    g_usleep (POLL_US);
  ok = has_succeeded (domain);
  virDomainFree (domain);
  virConnectClose (connection);
  return ok ? 0 : 1;
}
