/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client.h: one connection to an NBD server: what its export holds, which parts of it are dirty or
 * zero, and its bytes. For the modules that link libnbd; a static library.
 *
 * Every wait ends at the client's deadline, a g_get_monotonic_time() value (G_MAXINT64: none); a
 * connection that was given up for it, or failed, gives nothing but errors from then on.
 * Errors: TIMEOUT; SYSTEM_NOT_AVAILABLE (no connection); NOT_SUPPORTED (the server lacks a context
 * that is asked about); OUT_OF_MEMORY (too many extents); FAILED. Messages name the export.
 *
 * Threads: a client is used by one thread at a time; a server by as many clients as it allows.
 * Source: NBD doc/proto.md; QEMU docs/interop/nbd.txt; libnbd(3).
 */
#ifndef CAIRN_NBD_CLIENT_H
#define CAIRN_NBD_CLIENT_H

#include "refpoint/view.h"

#define CAIRN_NBD_ALLOCATION   "base:allocation"
#define CAIRN_NBD_DIRTY_PREFIX "qemu:dirty-bitmap:" /* the exported bitmap's name follows */

/* How many requests of a read are under way at once; QEMU's server takes 16 from one client. */
#define CAIRN_NBD_IN_FLIGHT 16u

typedef struct CairnNbdClient CairnNbdClient;

/* Connects to the server that listens at SOCKET_PATH. CONTEXTS (NULL-ended; NULL = none) are the
 * contexts of block status that will be asked about; one that the server lacks is no error yet. */
CairnNbdClient *cairn_nbd_client_connect (const char *socket_path, const char *export_name,
                                          const char *const *contexts, int64_t deadline,
                                          GError **error);

/* The same over SOCKET, which is connected; it is taken, and closed on failure, too. */
CairnNbdClient *cairn_nbd_client_take (int socket, const char *export_name,
                                       const char *const *contexts, int64_t deadline,
                                       GError **error);

/* Ends the connection, in whatever state. CLIENT may be NULL. */
void cairn_nbd_client_close (CairnNbdClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnNbdClient, cairn_nbd_client_close)

/* Any thread, also while a call is under way, which then ends soon after it. */
void cairn_nbd_client_set_deadline (CairnNbdClient *client, int64_t deadline);

/* How many requests of a read are under way at once, CAIRN_NBD_IN_FLIGHT at most: what serves a
 * guest, too, answers it sooner when there are fewer. */
void cairn_nbd_client_set_in_flight (CairnNbdClient *client, unsigned n_in_flight);

uint64_t cairn_nbd_client_size (const CairnNbdClient *client);
gboolean cairn_nbd_client_has_context (const CairnNbdClient *client, const char *context);

/* The dirty ranges of [OFFSET, OFFSET + LENGTH), which lies within the export, by CONTEXT
 * (CAIRN_NBD_DIRTY_PREFIX and a name), clipped to it. The caller unrefs. */
GArray *cairn_nbd_client_dirty (CairnNbdClient *client, const char *context, uint64_t offset_bytes,
                                uint64_t length_bytes, GError **error);

/* From OFFSET on (within the export): whether CAIRN_NBD_ALLOCATION says that it reads as zeroes,
 * and up to where that is known to hold (> 0 bytes). Answers are kept for the calls that follow, so
 * going forwards is cheap. */
gboolean cairn_nbd_client_map (CairnNbdClient *client, uint64_t offset_bytes, gboolean *is_zero,
                               uint64_t *length_bytes, GError **error);

/* Fills BUFFER with [OFFSET, OFFSET + LENGTH), which lies within the export. */
gboolean cairn_nbd_client_read (CairnNbdClient *client, uint64_t offset_bytes, void *buffer,
                                size_t length_bytes, GError **error);

/* Fills all PARTS, with CAIRN_NBD_IN_FLIGHT requests under way across them. */
gboolean cairn_nbd_client_read_parts (CairnNbdClient *client, const CairnViewPart *parts,
                                      size_t n_parts, GError **error);

#endif
