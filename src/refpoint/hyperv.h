/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hyperv.h: the one point that a genuine Hyper-V configuration gives. */
#ifndef CAIRN_HYPERV_H
#define CAIRN_HYPERV_H

#include "refpoint/metadata.h"

/* A point of origin hyper-v: its time is the latest FILETIME of the configuration's properties, its
 * GUID follows from the VM's GUID and the configuration, so that reading again gives the same one.
 * Its drives of type VHD become anchors without bitmap. The caller's. INCORRECT_DATA_TYPE. */
CairnPoint *cairn_hyperv_read_point (const CairnMetadataSource *configuration, const char *vm_guid,
                                     GError **error);

#endif
