/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Msvm_VirtualSystemExportSettingData: a VM's settings for ExportSystemDefinition, as clients take
 * them to begin with. They say what this service does when nothing else is set. */
#include "provider/describe.h"
#include "provider/element.h"
#include "provider/machines.h"

#define EXPORT_CLASS        "Msvm_VirtualSystemExportSettingData"
#define COPY_ONE_FOR_BACKUP 3

/* IsDefault, IsCurrent and IsNext */
#define IS_IT   1
#define UNKNOWN 0

static CimInstance *
make (const CairnHardware *hardware)
{
  CimInstance *instance = cim_instance_new (cairn_class_find (EXPORT_CLASS));
  g_autofree char *id = g_strdup_printf (CAIRN_SETTING_PREFIX "%s\\Export", hardware->vm->guid);

  cim_instance_set_text (instance, "InstanceID", id);
  cairn_element_set_names (instance, "Virtual Machine Export Settings",
                           "Settings for the export of a virtual machine", hardware->vm->name);
  cim_instance_set_number (instance, "CopySnapshotConfiguration", COPY_ONE_FOR_BACKUP);
  cim_instance_set_boolean (instance, "CopyVmRuntimeInformation", FALSE);
  cim_instance_set_boolean (instance, "CopyVmStorage", TRUE);
  cim_instance_set_boolean (instance, "CreateVmExportSubdirectory", FALSE);
  cim_instance_set_number (instance, "CaptureLiveState", 0);
  cim_instance_set_number (instance, "BackupIntent", 0);
  cim_instance_set_boolean (instance, "ExportForLiveMigration", FALSE);
  cim_instance_set_boolean (instance, "DisableDifferentialOfIgnoredStorage", FALSE);
  return instance;
}

static gboolean
page_settings (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
               GError **error)
{
  g_autoptr (GPtrArray) vms = cairn_machines_list (call, page->after != NULL, error);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; vms && i < vms->len; i++)
    g_ptr_array_add (all, make (vms->pdata[i]));
  cim_page_take (page, all, instances);
  return vms != NULL;
}

const CimProvider cairn_export_settings_provider = {
  .class_name = EXPORT_CLASS,
  .page = page_settings,
};

/* ---- Msvm_SystemExportSettingData ---- */

static gboolean
settings_of_system (CimCall *call, const CimInstance *source, const CimPage *page,
                    GPtrArray *instances, GError **error)
{
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware
      = page->after ? NULL : cairn_machines_find (call, cim_instance_text (source, "Name"), &cause);

  if (hardware)
    g_ptr_array_add (instances, make (hardware));
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static gboolean
system_of_settings (CimCall *call, const CimInstance *source, const CimPage *page,
                    GPtrArray *instances, GError **error)
{
  g_autofree char *guid = cairn_setting_vm_guid (cim_instance_text (source, "InstanceID"));
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware
      = guid && !page->after ? cairn_machines_find (call, guid, &cause) : NULL;

  if (hardware)
    g_ptr_array_add (instances, cairn_computer_system_make (hardware));
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static void
fill_uses (CimCall *call, CimInstance *association, const CimInstance *const ends[2])
{
  cim_instance_set_number (association, "IsDefault", IS_IT);
  cim_instance_set_number (association, "IsCurrent", IS_IT);
  cim_instance_set_number (association, "IsNext", UNKNOWN);
}

const CimAssociation cairn_export_settings_of_system = {
  .class_name = "Msvm_SystemExportSettingData",
  .roles = { "ManagedElement", "SettingData" },
  .class_names = { "Msvm_ComputerSystem", EXPORT_CLASS },
  .across = { settings_of_system, system_of_settings },
  .fill = fill_uses,
};
