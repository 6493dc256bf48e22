/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* system.h: the providers that describe VMs and the host, as tables that the backend takes. */
#ifndef CAIRN_PROVIDER_SYSTEM_H
#define CAIRN_PROVIDER_SYSTEM_H

#include "cim/provider.h"

extern const CimProvider *const cairn_system_providers[];
extern const CimAssociation *const cairn_system_associations[];
extern const CimMethodHandler cairn_system_methods[];

#endif
