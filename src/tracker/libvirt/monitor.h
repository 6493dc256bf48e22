/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor.h: QEMU's machine protocol through libvirt, for what libvirt's own calls don't tell or
 * do: the state of every bitmap, and merging bitmaps of other images.
 *
 * libvirt marks such a domain as tainted ("custom-monitor") in its log, once; nothing else follows
 * from it. Source: libvirt/libvirt-qemu.h, QEMU's QMP reference.
 */
#ifndef CAIRN_LIBVIRT_MONITOR_H
#define CAIRN_LIBVIRT_MONITOR_H

#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

/* Runs COMMAND (a whole QMP command as JSON); the value it returns, the caller's. FAILED with
 * QEMU's description when it refuses, or libvirt's error. NAME is the domain's, for messages. */
JsonNode *cairn_libvirt_monitor_run (virDomainPtr domain, const char *name, const char *command,
                                     GError **error);

/* As above, with COMMAND built from NAME and ARGUMENTS (consumed; NULL = none). */
JsonNode *cairn_libvirt_monitor_call (virDomainPtr domain, const char *name, const char *execute,
                                      JsonNode *arguments, GError **error);

#endif
