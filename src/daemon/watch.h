/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch.h: the daemon looks at the points of every VM to which something happens
 * (cairn_service_watch), on a thread of its own, and says in the log what has changed for the
 * worse. */
#ifndef CAIRND_WATCH_H
#define CAIRND_WATCH_H

#include <glib.h>

typedef struct CairndWatch CairndWatch;

/* Begins at once; a hypervisor that isn't there is tried again. */
CairndWatch *cairnd_watch_start (const char *store_uri, const char *connect_uri);
void cairnd_watch_stop (CairndWatch *watch);

#endif
