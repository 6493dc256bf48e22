/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockets.h: listening sockets that systemd hands over, by their names. */
#ifndef CAIRND_SOCKETS_H
#define CAIRND_SOCKETS_H

#include "http/http.h"

/* "wsman", "wsman-tls", ...: the key of [listen], and its name everywhere else; borrowed, static.
 */
const char *cairnd_listener_name (CairnHttpListener listener);

/* SOCKETS[listener] is set to each one named (FileDescriptorName=) like the listener's key:
 * "wsman", "wsman-tls", ...; the others to -1. */
void cairnd_sockets_take (int sockets[CAIRN_HTTP_N_LISTENERS]);

#endif
