/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* points.h: reference points in a SQLite store. What store.h says holds; writers run inside a
 * transaction. */
#ifndef CAIRN_SQLITE_POINTS_H
#define CAIRN_SQLITE_POINTS_H

#include "store/sqlite/connection.h"

GPtrArray *cairn_sqlite_list_points (CairnStore *store, const char *vm_guid, GError **error);
GPtrArray *cairn_sqlite_list_newer (CairnStore *store, const char *vm_guid, int64_t after_ms,
                                    guint limit, GError **error);
GPtrArray *cairn_sqlite_list_page (CairnStore *store, const char *vm_guid, const char *after,
                                   guint limit, GError **error);
gboolean cairn_sqlite_get_point (CairnStore *store, const char *id, CairnPoint **point,
                                 GError **error);
gboolean cairn_sqlite_newest_time_ms (CairnStore *store, const char *vm_guid, int64_t *time_ms,
                                      GError **error);
void cairn_sqlite_note_seen (CairnStore *store, const CairnStoreSeen *seen, size_t n_seen);

/* Those of snapshots, oldest first: of one VM, or of all (NULL). Inside a read transaction. */
GPtrArray *cairn_sqlite_read_snapshot_points (CairnSqliteStore *store, const char *vm_guid,
                                              GError **error);

gboolean cairn_sqlite_put_point (CairnSqliteStore *store, const CairnPoint *point, GError **error);
gboolean cairn_sqlite_replace_point (CairnSqliteStore *store, const CairnPoint *point,
                                     GError **error);
GPtrArray *cairn_sqlite_list_destroyed (CairnStore *base, const char *vm_guid, GError **error);
gboolean cairn_sqlite_remove_point (CairnSqliteStore *store, const char *instance_id,
                                    GError **error);

#endif
