/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qmp.h: a client of QEMU's machine protocol over a connected socket: one command, one answer.
 *
 * Source: QEMU docs/interop/qmp-spec.txt. Every message is one JSON object on a line of its own.
 * The peer isn't trusted: lines and nesting are bounded, every wait has a deadline. One thread.
 */
#ifndef CAIRN_QSD_QMP_H
#define CAIRN_QSD_QMP_H

#include <glib.h>
#include <json-glib/json-glib.h>

/* The longest answer that is read: an error that quotes a path of 4 KiB, every byte escaped,
 * takes 24 KiB. */
#define CAIRN_QMP_LINE_MAX (64u * 1024)

/* The deepest nesting that is parsed (json-glib recurses): the greeting has 3. */
#define CAIRN_QMP_NESTING_MAX 16u

typedef struct
{
  int fd;
  GString *pending; /* received, not yet consumed */
} CairnQmp;

/* Takes FD, which becomes non-blocking. */
void cairn_qmp_init (CairnQmp *qmp, int fd);
void cairn_qmp_clear (CairnQmp *qmp);

/* Reads the greeting and leaves negotiation mode. Fails as cairn_qmp_run. */
gboolean cairn_qmp_greet (CairnQmp *qmp, int64_t deadline, GError **error);

/* Sends COMMAND with ARGUMENTS (or NULL; not consumed) without waiting for the answer. */
gboolean cairn_qmp_send (CairnQmp *qmp, const char *command, JsonNode *arguments, int64_t deadline,
                         GError **error);

/* Sends COMMAND and waits for its answer; events on the way are dropped.
 * Errors: TIMEOUT; SYSTEM_NOT_AVAILABLE when the peer doesn't know the command; FAILED with the
 * peer's description when it refuses, or when it hung up or doesn't speak QMP. */
gboolean cairn_qmp_run (CairnQmp *qmp, const char *command, JsonNode *arguments, int64_t deadline,
                        GError **error);

#endif
