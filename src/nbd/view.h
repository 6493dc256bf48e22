/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view.h: a view (refpoint/view.h) through connections to an NBD server, one for each reader. */
#ifndef CAIRN_NBD_VIEW_H
#define CAIRN_NBD_VIEW_H

#include "nbd/client.h"
#include "refpoint/view.h"

/* A view of what N_CLIENTS (>= 1) connections to one export give; takes the clients over. With
 * CAIRN_NBD_ALLOCATION among their contexts it tells what reads as zeroes. Reads end at the
 * clients' deadlines. When it is closed, the connections are, and then ENDED (NULL = nothing) is
 * called with USER. */
CairnView *cairn_nbd_view_new (CairnNbdClient *const *clients, unsigned n_clients,
                               void (*ended) (gpointer user), gpointer user);

#endif
