/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* change.h: one CairnStoreChange as one transaction. */
#ifndef CAIRN_SQLITE_CHANGE_H
#define CAIRN_SQLITE_CHANGE_H

#include "store/sqlite/connection.h"

gboolean cairn_sqlite_apply (CairnStore *store, const CairnStoreChange *change, GError **error);

#endif
