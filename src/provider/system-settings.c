/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Msvm_VirtualSystemSettingData: a VM's settings as a whole, and which VM they are of. */
#include "provider/describe.h"
#include "provider/element.h"
#include "provider/machines.h"
#include "provider/snapshots.h"

#define STARTS_WITH_HOST 4
#define STARTS_NOT       2

/* What nobody here has an idea of. */
static void
set_absent_features (CimInstance *instance)
{
  static const char *const no[]
      = { "BIOSNumLock",         "AllowFullSCSICommandSet",   "VirtualNumaEnabled",
          "LockOnDisconnect",    "AllowReducedFcRedundancy",  "PauseAfterBootFailure",
          "IsAutomaticSnapshot", "AutomaticSnapshotsEnabled", "GuestControlledCacheTypes" };

  for (guint i = 0; i < G_N_ELEMENTS (no); i++)
    cim_instance_set_boolean (instance, no[i], FALSE);
}

static void
set_identity (CimInstance *instance, const CairnHardware *hardware)
{
  const char *guid = hardware->vm->guid;
  const char *notes[] = { hardware->description };
  g_autofree char *id = cairn_setting_id (guid);

  cim_instance_set_text (instance, "InstanceID", id);
  cairn_element_set_names (instance, "Virtual Machine Settings", "Settings of a virtual machine",
                           hardware->vm->name);
  cim_instance_set_text (instance, "VirtualSystemIdentifier", guid);
  cim_instance_set_text (instance, "VirtualSystemType", CAIRN_REALIZED_SYSTEM_TYPE);
  cim_instance_set_text (instance, "VirtualSystemSubType",
                         hardware->is_uefi ? "Microsoft:Hyper-V:SubType:2"
                                           : "Microsoft:Hyper-V:SubType:1");
  cim_instance_set_text (instance, "ConfigurationID", guid);
  cim_instance_set_text (instance, "BIOSGUID", guid);
  cim_instance_set_text (instance, "Version", "9.0");
  if (hardware->description)
    cim_instance_set_texts (instance, "Notes", notes, 1);
}

CimInstance *
cairn_system_settings_make (const CairnHardware *hardware)
{
  CimInstance *instance = cim_instance_new (cairn_class_find (CAIRN_SETTINGS_CLASS));

  set_identity (instance, hardware);
  cim_instance_set_number (instance, "AutomaticStartupAction",
                           hardware->starts_with_host ? STARTS_WITH_HOST : STARTS_NOT);
  cim_instance_set_interval (instance, "AutomaticStartupActionDelay", 0);
  cim_instance_set_boolean (instance, "IsSaved", hardware->power == CAIRN_POWER_SAVED);
  cim_instance_set_boolean (instance, "IncrementalBackupEnabled", TRUE);
  cim_instance_set_boolean (instance, "SecureBootEnabled", hardware->has_secure_boot);
  set_absent_features (instance);
  return instance;
}

/* The settings of that InstanceID, a VM's or a recovery checkpoint's; NULL without an error when
 * there are none. */
static CimInstance *
find_by_id (CimCall *call, const char *id, GError **error)
{
  g_autofree char *guid = cairn_setting_vm_guid (id);
  g_autofree char *whole = guid ? cairn_setting_id (guid) : NULL;
  g_autoptr (CairnHardware) hardware = NULL;
  g_autoptr (CairnSnapshot) snapshot = NULL;
  GError *cause = NULL;

  if (!whole || g_ascii_strcasecmp (whole, id) != 0)
    return NULL;
  hardware = cairn_machines_find (call, guid, &cause);
  if (!hardware && !cause)
    snapshot = cairn_snapshots_find (call, id, &cause);
  if (cause)
    return g_propagate_error (error, cause), NULL;
  if (snapshot)
    return cairn_snapshot_settings_find (call, snapshot, error);
  return hardware ? cairn_system_settings_make (hardware) : NULL;
}

static gboolean
append_by_id (CimCall *call, const char *id, GPtrArray *all, GError **error)
{
  GError *cause = NULL;
  CimInstance *found = find_by_id (call, id, &cause);

  if (found)
    g_ptr_array_add (all, found);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static const CairnHardware *
find_vm (const GPtrArray *vms, const char *guid)
{
  for (guint i = 0; i < vms->len; i++)
    if (g_str_equal (((const CairnHardware *)vms->pdata[i])->vm->guid, guid))
      return vms->pdata[i];
  return NULL;
}

static gboolean
append_snapshots (CimCall *call, const GPtrArray *vms, const char *vm_guid, GPtrArray *all,
                  GError **error)
{
  g_autoptr (GPtrArray) snapshots = cairn_snapshots_list (call, vm_guid, error);

  for (guint i = 0; snapshots && i < snapshots->len; i++)
    {
      const CairnSnapshot *snapshot = snapshots->pdata[i];

      g_ptr_array_add (
          all, cairn_snapshot_settings_make (snapshot, find_vm (vms, snapshot->point->vm_guid)));
    }
  return snapshots != NULL;
}

/* The VMs asked for: the one of GUID, or all (NULL). */
static GPtrArray *
list_vms (CimCall *call, const CimPage *page, const char *guid, GError **error)
{
  GPtrArray *vms;
  CairnHardware *one;
  GError *cause = NULL;

  if (!guid)
    return cairn_machines_list (call, page->after != NULL, error);
  one = cairn_machines_find (call, guid, &cause);
  if (cause)
    return g_propagate_error (error, cause), NULL;
  vms = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_hardware_free);
  if (one)
    g_ptr_array_add (vms, one);
  return vms;
}

static gboolean
collect (CimCall *call, const CimPage *page, GPtrArray *all, GError **error)
{
  g_autofree char *id = cairn_page_required_key (page, "InstanceID");
  g_autofree char *guid = id ? NULL : cairn_page_required_key (page, "VirtualSystemIdentifier");
  g_autofree char *type = id ? NULL : cairn_page_required_key (page, "VirtualSystemType");
  g_autoptr (GPtrArray) vms = NULL;

  if (id)
    return append_by_id (call, id, all, error);
  vms = list_vms (call, page, guid, error);
  for (guint i = 0; vms && i < vms->len; i++)
    g_ptr_array_add (all, cairn_system_settings_make (vms->pdata[i]));
  if (!vms || (type && g_ascii_strcasecmp (type, CAIRN_REALIZED_SYSTEM_TYPE) == 0)
      || (guid && vms->len == 0))
    return vms != NULL;
  return append_snapshots (
      call, vms, guid ? ((const CairnHardware *)vms->pdata[0])->vm->guid : NULL, all, error);
}

static gboolean
page_settings (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
               GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  if (!collect (call, page, all, error))
    return FALSE;
  cim_page_take (page, all, instances);
  return TRUE;
}

static CimInstance *
get_settings (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *id = cim_path_key_text (path, "InstanceID");
  GError *cause = NULL;
  CimInstance *found = id ? find_by_id (call, id, &cause) : NULL;

  if (found)
    return found;
  if (cause)
    g_propagate_error (error, cause);
  else
    cairn_element_not_found (path, error);
  return NULL;
}

const CimProvider cairn_system_settings_provider = {
  .class_name = CAIRN_SETTINGS_CLASS,
  .page = page_settings,
  .get = get_settings,
};

/* ---- Msvm_SettingsDefineState ---- */

/* The one instance at the other end, made by MAKE. */
static gboolean
give_other (CimCall *call, const char *guid, const CimPage *page, GPtrArray *instances,
            CimInstance *(*make_other) (const CairnHardware *hardware), GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware = cairn_machines_find (call, guid, &cause);

  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (hardware)
    g_ptr_array_add (all, make_other (hardware));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
settings_of_system (CimCall *call, const CimInstance *source, const CimPage *page,
                    GPtrArray *instances, GError **error)
{
  return give_other (call, cim_instance_text (source, "Name"), page, instances,
                     cairn_system_settings_make, error);
}

static gboolean
system_of_settings (CimCall *call, const CimInstance *source, const CimPage *page,
                    GPtrArray *instances, GError **error)
{
  /* A recovery checkpoint's are in force nowhere. */
  if (cairn_settings_is_snapshot (source))
    return TRUE;
  return give_other (call, cim_instance_text (source, "VirtualSystemIdentifier"), page, instances,
                     cairn_computer_system_make, error);
}

const CimAssociation cairn_settings_define_state = {
  .class_name = "Msvm_SettingsDefineState",
  .roles = { "ManagedElement", "SettingData" },
  .class_names = { "Msvm_ComputerSystem", CAIRN_SETTINGS_CLASS },
  .across = { settings_of_system, system_of_settings },
};
