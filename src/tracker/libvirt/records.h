/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* records.h: libvirt's checkpoints follow the store's points. The methods are tracker.h's. */
#ifndef CAIRN_LIBVIRT_RECORDS_H
#define CAIRN_LIBVIRT_RECORDS_H

#include "tracker/libvirt/domains.h"

gboolean cairn_libvirt_settle (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *points,
                               GPtrArray *added, int64_t deadline, GError **error);
gboolean cairn_libvirt_lacks_record (CairnTracker *tracker, const CairnVm *vm, const char *name);
CairnInventory *cairn_libvirt_take_inventory (CairnTracker *tracker, const CairnVm *vm,
                                              int64_t deadline, GError **error);
gboolean cairn_libvirt_drop_record (CairnTracker *tracker, const CairnVm *vm, const char *name,
                                    GError **error);

#endif
