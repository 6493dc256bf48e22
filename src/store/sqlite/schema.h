/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema.h: the tables of a SQLite store, and how an older store gets them. */
#ifndef CAIRN_SQLITE_SCHEMA_H
#define CAIRN_SQLITE_SCHEMA_H

#include "store/sqlite/connection.h"

/* "Carn": PRAGMA application_id of a store, so that file(1) and we tell it from other databases. */
#define CAIRN_SCHEMA_APPLICATION_ID 0x4361726e

/* PRAGMA user_version of a store that this program writes. */
#define CAIRN_SCHEMA_VERSION 6

/* cairn_schema_steps[n] takes a store from version n to n + 1. A step that was released is never
 * edited: a change is a new step. */
extern const char *const cairn_schema_steps[CAIRN_SCHEMA_VERSION];

/* Makes the schema current: nothing to do for one that is, all steps in one transaction for an
 * empty or older one. NOT_SUPPORTED for a newer one; FAILED for another program's database;
 * ACCESS_DENIED where there is work and the store can only be read. */
gboolean cairn_schema_ensure (CairnSqliteStore *store, GError **error);

#endif
