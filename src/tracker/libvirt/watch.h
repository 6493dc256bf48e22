/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch.h: libvirt's events, as what happened to VMs.
 *
 * A watch has a connection of its own and a thread that makes it again when libvirtd was restarted;
 * events come on the module's event thread (connection.h). Nothing is asked again and again: a
 * libvirtd that is gone is tried at growing intervals, up to CAIRN_LIBVIRT_RETRY_MS.
 *
 * Source: libvirt's event API; which events libvirt 9.0 sends was measured.
 */
#ifndef CAIRN_LIBVIRT_WATCH_H
#define CAIRN_LIBVIRT_WATCH_H

#include "refpoint/tracker.h"
#include "tracker/libvirt/connection.h"

#define CAIRN_LIBVIRT_RETRY_MS 2000

typedef struct CairnLibvirtWatch CairnLibvirtWatch;

/* Begins to watch all domains of libvirt at URI. SYSTEM_NOT_AVAILABLE, ACCESS_DENIED. */
CairnLibvirtWatch *cairn_libvirt_watch_begin (const char *uri, CairnHappenedFunc happened,
                                              gpointer user, GError **error);

/* Ends and frees WATCH (may be NULL); the function isn't called any more. */
void cairn_libvirt_watch_end (CairnLibvirtWatch *watch);

#endif
