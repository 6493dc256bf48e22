/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job.h: the backup job that a domain has: whose it is, and how it ends.
 *
 * A domain has one at a time, ours or another program's. Ours has its server at our place's socket
 * (place.h). Source: libvirt's backup XML format.
 */
#ifndef CAIRN_LIBVIRT_JOB_H
#define CAIRN_LIBVIRT_JOB_H

#include "tracker/libvirt/connection.h"

typedef enum
{
  CAIRN_LIBVIRT_JOB_NONE,
  CAIRN_LIBVIRT_JOB_OURS,
  CAIRN_LIBVIRT_JOB_FOREIGN,
  CAIRN_LIBVIRT_JOB_UNTOLD, /* libvirt can't be asked */
} CairnLibvirtJob;

/* Whose job it is; ours listens at SOCKET. */
CairnLibvirtJob cairn_libvirt_job_find (virDomainPtr domain, const char *socket);

/* QEMU's name of the node from which the job serves disk TARGET; NULL when it doesn't serve it, or
 * there is none. What is made on that node ends with the job. The caller frees. */
char *cairn_libvirt_job_find_node (virDomainPtr domain, const char *target);

/* Ends the job, whoever's, and waits until it is gone. SYSTEM_IN_USE, or libvirt's error. */
gboolean cairn_libvirt_job_abort (CairnLibvirt *libvirt, const char *vm_guid, virDomainPtr domain,
                                  GError **error);

#endif
