/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The providers that describe VMs and the host. */
#include "provider/system.h"

const CimProvider *const cairn_system_providers[] = { NULL };
const CimAssociation *const cairn_system_associations[] = { NULL };
const CimMethodHandler cairn_system_methods[] = { { 0 } };
