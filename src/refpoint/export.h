/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export.h: a point's exported pair of files as a part of something larger. */
#ifndef CAIRN_EXPORT_H
#define CAIRN_EXPORT_H

#include "refpoint/operation.h"

/* POINT as it was at its own moment, which the store needn't have yet, as the bytes of its
 * configuration and runtime-state file. Both are the caller's. */
gboolean cairn_export_make_pair (const CairnVm *vm, const CairnPoint *point, GBytes **configuration,
                                 GBytes **runtime, GError **error);

/* DIRECTORY is an absolute path in which exports are allowed. */
gboolean cairn_export_check_place (CairnService *service, const char *directory, GError **error);

#endif
