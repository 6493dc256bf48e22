/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.h: what a qemu-storage-daemon is told: on its command line, and in its one transaction.
 * Image N of an edit is its node "cairnN". */
#ifndef CAIRN_QSD_REQUEST_H
#define CAIRN_QSD_REQUEST_H

#include <json-glib/json-glib.h>

#include "tracker/qsd/qsd.h"

/* The value of the --blockdev of the image that is INDEX in its edit; the caller frees. */
char *cairn_request_image (const CairnQsdImage *image, size_t index);

/* The command line, NULL-ended; takes PROGRAM. KEYS: for each image the descriptor from which its
 * key is read, or -1. SOCKET_FD: the monitor's. The caller unrefs. */
GPtrArray *cairn_request_command (const CairnQsdEdit *edit, const int *keys, char *program,
                                  int socket_fd);

/* The arguments of `transaction`. The caller unrefs. */
JsonNode *cairn_request_transaction (const CairnQsdEdit *edit);

#endif
