/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* newcomer.h: disks of a VM that a point doesn't know: attached since, or made such that they can
 * be tracked. A backup that is based on the point would miss them in silence. */
#ifndef CAIRN_NEWCOMER_H
#define CAIRN_NEWCOMER_H

#include "refpoint/engine.h"

/* The disks of one VM, each looked at once, when it is first needed. */
typedef struct CairnNewcomers CairnNewcomers;

/* Borrows both; VM may be NULL. */
CairnNewcomers *cairn_newcomers_new (CairnService *service, const CairnVm *vm);
void cairn_newcomers_free (CairnNewcomers *newcomers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnNewcomers, cairn_newcomers_free)

/* Appends to VERDICTS (of CairnDiskVerdict) an UNANCHORED one for each disk that could be tracked
 * and isn't POINT's. Where a disk of POINT came from Hyper-V and can't be told from them, none. */
void cairn_newcomers_append (CairnNewcomers *newcomers, const CairnPoint *point,
                             GPtrArray *verdicts);

/* The same for each of STATES (of CairnPointState), all of VM, which may be NULL. */
void cairn_newcomers_append_to_all (CairnService *service, const CairnVm *vm, GPtrArray *states);

#endif
