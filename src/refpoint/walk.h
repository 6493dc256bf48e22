/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* walk.h: every key of a container, once. */
#ifndef CAIRN_WALK_H
#define CAIRN_WALK_H

#include <vmcx.h>

typedef gboolean (*CairnWalkFunc) (const VmcxKey *key, gpointer closure, GError **error);

/* Calls VISIT for every key below ROOT, parents before children, siblings in order; not recursive,
 * so that a deep tree can't exhaust the stack. Ends with FALSE as soon as VISIT gives it. */
gboolean cairn_walk (const VmcxKey *root, CairnWalkFunc visit, gpointer closure, GError **error);

#endif
