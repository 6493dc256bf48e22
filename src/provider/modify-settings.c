/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ModifySystemSettings: gives a recovery checkpoint another name, and does nothing else. */
#include <cairn/error.h>

#include "provider/method.h"
#include "provider/snapshots.h"
#include "refpoint/rename.h"

/* Clients send all properties back as they got them, with one changed. */
static gboolean
rename_snapshot (CairnService *service, const CimInstance *settings, GError **error)
{
  const char *id = cim_instance_text (settings, "InstanceID");
  const char *name = cim_instance_text (settings, "ElementName");
  g_autoptr (CairnSnapshot) snapshot = id ? cairn_service_get_snapshot (service, id, NULL) : NULL;

  if (snapshot && name)
    return cairn_service_rename_snapshot (service, id, name, error);
  if (snapshot)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "SystemSettings of recovery checkpoint '%s' have no ElementName, and nothing else "
                 "of it can be changed; give one",
                 id);
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "SystemSettings name '%.200s', which is no recovery checkpoint, and only the "
                 "ElementName of one can be changed here; use virsh for virtual machines",
                 id ? id : "");
  return FALSE;
}

gboolean
cairn_invoke_modify_settings (CimCall *call, const CimInstance *object, const CimInstance *in,
                              CimInstance *out, uint32_t *return_value, char **message,
                              GError **error)
{
  CairnBackend *backend = cairn_backend_of (call);
  GError *cause = NULL;
  CairnService *service = cairn_backend_take_service (backend, &cause);
  g_autoptr (CimInstance) settings = NULL;

  if (service
      && cairn_method_take_settings (in, "SystemSettings", CAIRN_SETTINGS_CLASS, &settings, &cause))
    {
      if (settings)
        rename_snapshot (service, settings, &cause);
      else
        g_set_error_literal (&cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                             "SystemSettings is missing; give an instance of " CAIRN_SETTINGS_CLASS
                             " with InstanceID and ElementName");
    }
  cairn_backend_give_back (backend, service,
                           g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE));
  *return_value = cause ? cairn_method_refuse (cairn_return_dmtf, cause, message) : 0;
  return TRUE;
}
