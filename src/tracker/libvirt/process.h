/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.h: the QEMU of a running domain, as a process of this host.
 *
 * libvirt tells nobody its process id, but keeps it in a file beside its sockets. A file there may
 * be another libvirtd's, so the process is believed only when its command line has the domain's
 * UUID.
 */
#ifndef CAIRN_LIBVIRT_PROCESS_H
#define CAIRN_LIBVIRT_PROCESS_H

#include <glib.h>
#include <stdint.h>

typedef struct
{
  gint64 id;          /* 0 = unknown */
  uint64_t uptime_ms; /* since it started; 0 = unknown */
} CairnLibvirtProcess;

/* UUID as libvirt writes it. */
CairnLibvirtProcess cairn_libvirt_process_find (const char *name, const char *uuid);

#endif
