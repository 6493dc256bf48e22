/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs.h: the service's jobs in a SQLite store. What store.h says holds. */
#ifndef CAIRN_SQLITE_JOBS_H
#define CAIRN_SQLITE_JOBS_H

#include "store/sqlite/connection.h"

gboolean cairn_sqlite_put_job (CairnStore *store, const CairnStoreJob *job, GError **error);
gboolean cairn_sqlite_remove_job (CairnStore *store, const char *id, GError **error);
GPtrArray *cairn_sqlite_list_jobs (CairnStore *store, GError **error);

#endif
