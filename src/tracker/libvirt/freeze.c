/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracker/libvirt/freeze.h"

#include <cairn/error.h>

CairnLibvirtFreeze *
cairn_libvirt_freeze (CairnLibvirt *libvirt, const CairnLibvirtLook *look, int64_t deadline,
                      GError **error)
{
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE, "not written yet");
  return NULL;
}

gboolean
cairn_libvirt_thaw (CairnLibvirtFreeze *freeze, GError **error)
{
  return TRUE;
}
