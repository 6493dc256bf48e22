/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hardware.h: what libvirt's domains are made of and how they are. */
#ifndef CAIRN_LIBVIRT_HARDWARE_H
#define CAIRN_LIBVIRT_HARDWARE_H

#include "refpoint/tracker.h"

/* The tracker's list_hardware. */
GPtrArray *cairn_libvirt_list_hardware (CairnTracker *tracker, const char *name_or_guid,
                                        GError **error);

#endif
