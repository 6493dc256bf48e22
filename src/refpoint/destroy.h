/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* destroy.h: who may destroy a point. */
#ifndef CAIRN_DESTROY_H
#define CAIRN_DESTROY_H

#include "refpoint/operation.h"

/* ACCESS_DENIED when POINT is another's than OWNER's (NULL = $CAIRN_OWNER, else nobody) and FORCE
 * isn't given. */
gboolean cairn_destroy_check_owner (const CairnPoint *point, const char *owner, gboolean force,
                                    GError **error);

#endif
