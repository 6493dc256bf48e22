/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqlite-store.h: the embedded store, one SQLite database in WAL mode.
 *
 * Beside PATH lie PATH-wal and PATH-shm (SQLite's; the log holds what isn't in PATH yet while a
 * process has the store open, and both stay so that a reader without write permission finds them)
 * and PATH.lock (the VM locks; empty, never removed).
 *
 * What a crash or a power failure leaves: the last change that was committed, whole. One exception
 * to "after a failure nothing has changed": when the disk refuses a commit's sync and from then on
 * everything, that change is told as failed and may yet be found, whole, by the next process.
 */
#ifndef CAIRN_SQLITE_STORE_H
#define CAIRN_SQLITE_STORE_H

#include "refpoint/store.h"

/* Opens the store at PATH, made when absent with its parent directories (0700, file 0600).
 * A store that may only be read opens too: its reads work, its changes and locks fail with
 * ACCESS_DENIED. Owned by the caller, who ends it with store->ops->close. Errors: those of
 * store.h, and INVALID_PARAMETER for an empty path. */
CairnStore *cairn_sqlite_store_open (const char *path, GError **error);

/* For tests: waits BUSY_MS instead of CAIRN_STORE_BUSY_MS for other processes. */
void cairn_sqlite_store_set_busy_ms (CairnStore *store, guint busy_ms);

#endif
