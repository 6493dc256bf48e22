/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host.h: what this host is, from the kernel's files and /etc/os-release.
 *
 * Texts are the caller's; what isn't told is NULL or 0. Source: proc(5), os-release(5), the
 * kernel's sysfs-devices-system-cpu and sysfs-firmware-dmi documents.
 */
#ifndef CAIRN_HOST_H
#define CAIRN_HOST_H

#include <glib.h>
#include <stdint.h>

/* One of the firmware's texts, as "sys_vendor"; NULL for placeholders too. */
char *cairn_host_firmware_text (const char *name);

/* The firmware's UUID; when it has none, one that stands for the machine id, or at worst for the
 * host's name. Upper case. */
char *cairn_host_uuid (void);

/* The kernel's release as three numbers, "6.1.0", each within what clients read. */
char *cairn_host_version (void);

/* A value of /etc/os-release, as "PRETTY_NAME". */
char *cairn_host_os_text (const char *name);

/* The host's name in DNS: without the domain, as the kernel has it. */
char *cairn_host_dns_name (void);

/* A line of /proc/meminfo, in KiB. */
uint64_t cairn_host_memory_kib (const char *name);

/* Milliseconds since 1970; 0 = unknown. */
int64_t cairn_host_boot_time_ms (void);

/* Minutes east of UTC now, and whether daylight saving is in effect. */
int cairn_host_time_zone_minutes (gboolean *is_daylight);

guint cairn_host_count_processes (void);

/* ---- processors ---- */

/* One socket. */
typedef struct
{
  guint number;
  char *name;   /* at most 31 bytes, without runs of blanks */
  char *vendor; /* "GenuineIntel" */
  guint family, model, stepping;
  guint n_cores;   /* at least 1 */
  guint n_threads; /* at least 1 */
  guint mhz;       /* the most it does; 0 = unknown */
  guint mhz_now;
  guint l2_kib, l3_kib; /* 0 = none, or unknown */
} CairnSocket;

void cairn_socket_free (CairnSocket *socket);

/* The sockets (of CairnSocket) that are in use, at least one. */
GPtrArray *cairn_host_sockets (void);

#endif
