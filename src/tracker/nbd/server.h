/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server.h: a qemu-nbd of our own and the connections to it. */
#ifndef CAIRN_NBD_SERVER_H
#define CAIRN_NBD_SERVER_H

#include "nbd/client.h"

typedef struct
{
  GPid pid;
  int stderr_fd;
  CairnNbdClient **clients;
  unsigned n_clients;
} CairnNbdServer;

/* Starts ARGV with N connections that ask about CONTEXTS. KEY (NULL = none) is what it can read
 * from descriptor CAIRN_CHILD_SECRET_FD. Errors: nbd.h. */
CairnNbdServer *cairn_nbd_server_start (const char *const *argv, GBytes *key, unsigned n,
                                        const char *const *contexts, int64_t deadline,
                                        GError **error);

/* Passes on PROBLEM of one of its clients, which is consumed; the server's own sentence, if it
 * ended with one, says more than the connection's. */
void cairn_nbd_server_propagate (const CairnNbdServer *server, GError *problem, GError **error);

/* Closes those of its clients that are still its own (not NULL), and ends it. */
void cairn_nbd_server_end (CairnNbdServer *server);

#endif
