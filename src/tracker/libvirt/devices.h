/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devices.h: what a domain's XML says of its memory, processors, firmware and devices but disks.
 *
 * Source: libvirt's domain XML format.
 */
#ifndef CAIRN_LIBVIRT_DEVICES_H
#define CAIRN_LIBVIRT_DEVICES_H

#include <libxml/tree.h>

#include "refpoint/hardware.h"
#include "tracker/libvirt/disk.h"

/* Sets it in HARDWARE, from the domain's root element. What is missing or not understood stays as
 * it is. */
void cairn_libvirt_devices_read (CairnHardware *hardware, xmlNode *root);

/* Adds DESCRIPTION's drives for removable media. */
void cairn_libvirt_drives_add (CairnHardware *hardware, const CairnLibvirtDescription *description);

#endif
