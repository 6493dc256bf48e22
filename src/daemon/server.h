/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server.h: the daemon's parts, joined: the backend, the broker, the two protocols, the listeners.
 */
#ifndef CAIRND_SERVER_H
#define CAIRND_SERVER_H

#include "daemon/config.h"

typedef struct CairndServer CairndServer;

/* Would a server start with CONFIG, as far as that can be told without starting one?
 * *HAS_ADDRESS: it names a listener; without one it needs the sockets of systemd. */
gboolean cairnd_server_check (const CairndConfig *config, gboolean *has_address, GError **error);

/* Listens when it returns. CONFIG is borrowed until free. */
CairndServer *cairnd_server_new (const CairndConfig *config, GError **error);

/* SIGHUP: CONFIG is what the file says now; what can't be changed while running stays as it was,
 * and the log says so. Takes the place of the one of the last reload, which is the caller's again;
 * that of cairnd_server_new stays borrowed, as the listeners were made with it. */
void cairnd_server_reload (CairndServer *server, const CairndConfig *config);

/* Finishes what it can. */
void cairnd_server_free (CairndServer *server);

#endif
