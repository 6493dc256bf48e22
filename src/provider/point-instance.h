/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* point-instance.h: a reference point as an instance of Msvm_VirtualSystemReferencePoint. */
#ifndef CAIRN_POINT_INSTANCE_H
#define CAIRN_POINT_INSTANCE_H

#include <cairn/point.h>

#include "cim/instance.h"

/* CLASS: Msvm_VirtualSystemReferencePoint. */
CimInstance *cairn_point_instance_new (const CimClass *class, const CairnPoint *point);

#endif
