/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base.h: the point that a backup follows, and which disks can tell what changed since. */
#ifndef CAIRN_BASE_H
#define CAIRN_BASE_H

#include "refpoint/operation.h"

typedef struct
{
  CairnPoint *point;  /* owned */
  GPtrArray *anchors; /* of CairnAnchor, borrowed from POINT, parallel to the VM's disks: NULL where
                         the disk can't tell */
  GPtrArray *reasons; /* of char *, owned, parallel: why not; "" where it can */
} CairnBase;

/* Judges the point ID, one of VM's that is older than BEFORE_MS (milliseconds since 1970).
 * INVALID_PARAMETER: unknown, another VM's, newer. The caller frees. */
CairnBase *cairn_base_find (CairnService *service, const CairnVm *vm, const char *id,
                            int64_t before_ms, int64_t deadline, GError **error);
void cairn_base_free (CairnBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnBase, cairn_base_free)

/* The names of the bitmaps that can tell, parallel to the VM's disks (NULL where there is none);
 * the caller frees the array alone. BASE may be NULL: NULL. */
const char **cairn_base_bitmaps (const CairnBase *base);

#endif
