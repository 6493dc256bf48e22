/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export.h: a point's exported pair of files as a part of something larger. */
#ifndef CAIRN_EXPORT_H
#define CAIRN_EXPORT_H

#include "refpoint/operation.h"

/* Writes POINT, which the store needn't have yet, as configuration and runtime-state file to
 * INTENT's temporary files FIRST and FIRST + 1. */
gboolean cairn_export_write_pair (CairnOperation *operation, const CairnPoint *point,
                                  const CairnIntent *intent, guint first, GError **error);

/* DIRECTORY is an absolute path in which exports are allowed. */
gboolean cairn_export_check_place (CairnService *service, const char *directory, GError **error);

#endif
