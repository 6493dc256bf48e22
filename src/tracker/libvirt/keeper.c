/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracker/libvirt/keeper.h"

#include <cairn/error.h>

CairnLibvirtKeeper *
cairn_libvirt_keeper_start (CairnLibvirtKeeperDuty duty, const CairnLibvirt *libvirt,
                            const CairnLibvirtLook *look, GError **error)
{
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, "not written yet");
  return NULL;
}

void
cairn_libvirt_keeper_dismiss (CairnLibvirtKeeper *keeper)
{
}

void
cairn_libvirt_keeper_abandon (CairnLibvirtKeeper *keeper)
{
}
