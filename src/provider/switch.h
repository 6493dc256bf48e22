/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* switch.h: Msvm_VirtualEthernetSwitch: what VMs' network ports are plugged into, bridges of the
 * host and libvirt's networks, by their names. */
#ifndef CAIRN_SWITCH_H
#define CAIRN_SWITCH_H

#include "cim/provider.h"

/* The full object path of a switch; the caller's. */
char *cairn_switch_path (CimCall *call, const char *name);

#endif
