/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.h: the inside of a client, for the files of this folder. */
#ifndef CAIRN_NBD_CONNECTION_H
#define CAIRN_NBD_CONNECTION_H

#include <libnbd.h>

#include "nbd/client.h"

/* A piece of an answer about block status. */
typedef struct
{
  uint64_t offset_bytes, length_bytes;
  uint32_t flags;
} CairnNbdRun;

struct CairnNbdClient
{
  struct nbd_handle *nbd;
  char *name; /* of the export, for messages */
  int64_t deadline;
  uint64_t size_bytes;
  unsigned n_in_flight; /* requests of a read that may be under way at once */
  gboolean is_broken;   /* requests may be under way whose buffers are gone: never polled again */
  GArray *map;          /* of CairnNbdRun: the last answer about allocation */
  guint map_at;         /* the run that the last question hit */
};

/* Lets the connection go on until something happens. */
gboolean cairn_nbd_client_step (CairnNbdClient *client, GError **error);

/* FALSE with FAILED and libnbd's own words; the client is broken from then on. */
gboolean cairn_nbd_client_fail (CairnNbdClient *client, GError **error);

/* FALSE when it is broken already, or [OFFSET, OFFSET + LENGTH) leaves the export. */
gboolean cairn_nbd_client_check (const CairnNbdClient *client, uint64_t offset_bytes,
                                 uint64_t length_bytes, GError **error);

#endif
