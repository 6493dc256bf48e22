/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* system.h: the providers of what VMs and the host are made of, for the backend's tables. */
#ifndef CAIRN_PROVIDER_SYSTEM_H
#define CAIRN_PROVIDER_SYSTEM_H

#include "cim/provider.h"

extern const CimProvider *const cairn_system_providers[];       /* NULL-ended */
extern const CimAssociation *const cairn_system_associations[]; /* NULL-ended */
extern const CimMethodHandler cairn_system_methods[];           /* ends with class_name NULL */

#endif
