/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All families. */
#include "cim/schema/tables.h"

const CimDeclaration *const cim_schema_families[] = {
  cim_family_base,
  cim_family_job,
  cim_family_reference_point,
  cim_family_system,
  cim_family_resource,
  cim_family_device,
  cim_family_network,
  cim_family_snapshot,
  cim_family_management,
  cim_family_image,
  cim_family_win32_base,
  cim_family_win32_system,
  cim_family_win32_operating_system,
  cim_family_win32_processor,
  NULL,
};
