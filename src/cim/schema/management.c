/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service that defines, changes and exports virtual machines. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty define_system[] = {
  IN_EMBEDDED ("SystemSettings", "CIM_VirtualSystemSettingData"),
  IN_EMBEDDED_ARRAY ("ResourceSettings", "CIM_ResourceAllocationSettingData"),
  IN_REFERENCE ("ReferenceConfiguration", "CIM_VirtualSystemSettingData"),
  OUT_REFERENCE ("ResultingSystem", "CIM_ComputerSystem"),
  JOB,
};

static const CimProperty destroy_system[] = {
  IN_REFERENCE ("AffectedSystem", "CIM_ComputerSystem"),
  JOB,
};

static const CimProperty modify_system_settings[] = {
  IN_EMBEDDED ("SystemSettings", "CIM_VirtualSystemSettingData"),
  JOB,
};

static const CimProperty add_resource_settings[] = {
  IN_REFERENCE ("AffectedConfiguration", "CIM_VirtualSystemSettingData"),
  IN_EMBEDDED_ARRAY ("ResourceSettings", "CIM_ResourceAllocationSettingData"),
  OUT_REFERENCES ("ResultingResourceSettings", "CIM_ResourceAllocationSettingData"),
  JOB,
};

static const CimProperty modify_resource_settings[] = {
  IN_EMBEDDED_ARRAY ("ResourceSettings", "CIM_ResourceAllocationSettingData"),
  OUT_REFERENCES ("ResultingResourceSettings", "CIM_ResourceAllocationSettingData"),
  JOB,
};

static const CimProperty remove_resource_settings[] = {
  IN_REFERENCES ("ResourceSettings", "CIM_ResourceAllocationSettingData"),
  JOB,
};

static const CimProperty export_system_definition[] = {
  IN_REFERENCE ("ComputerSystem", "CIM_ComputerSystem"),
  IN ("ExportDirectory", STRING, .description = "Full path of a directory"),
  IN_EMBEDDED ("ExportSettingData", "Msvm_VirtualSystemExportSettingData"),
  JOB,
};

static const CimProperty import_system_definition[] = {
  IN ("SystemDefinitionFile", STRING, .description = "Full path of a configuration file"),
  IN ("SnapshotFolder", STRING, .description = "Full path of a directory"),
  IN ("GenerateNewSystemIdentifier", BOOLEAN),
  OUT_REFERENCE ("ImportedSystem", "CIM_ComputerSystem"),
  JOB,
};

static const CimMethod service_methods[] = {
  METHOD ("AddResourceSettings", add_resource_settings, cim_values_return_dmtf,
          "Gives resources to a virtual machine"),
  METHOD ("DefineSystem", define_system, cim_values_return_dmtf, "Makes a virtual machine"),
  METHOD ("DestroySystem", destroy_system, cim_values_return_dmtf, "Deletes a virtual machine"),
  METHOD ("ModifyResourceSettings", modify_resource_settings, cim_values_return_dmtf,
          "Changes resources of a virtual machine"),
  METHOD ("ModifySystemSettings", modify_system_settings, cim_values_return_dmtf,
          "Changes the settings of a virtual machine"),
  METHOD ("RemoveResourceSettings", remove_resource_settings, cim_values_return_dmtf,
          "Takes resources from a virtual machine"),
};

static const CimMethod msvm_service_methods[] = {
  METHOD ("ExportSystemDefinition", export_system_definition, cim_values_return_hyperv,
          "Writes a virtual machine or snapshot to a directory"),
  METHOD ("ImportSystemDefinition", import_system_definition, cim_values_return_hyperv,
          "Makes a planned virtual machine of a configuration file"),
};

static const CimProperty export_settings[] = {
  PROPERTY ("CopySnapshotConfiguration", UINT8,
            VALUES ("0", "Export all snapshots", "1", "Export no snapshots", "2",
                    "Export one snapshot", "3", "Export one snapshot for backup")),
  PROPERTY ("CopyVmRuntimeInformation", BOOLEAN),
  PROPERTY ("CopyVmStorage", BOOLEAN),
  PROPERTY ("CreateVmExportSubdirectory", BOOLEAN),
  PROPERTY ("SnapshotVirtualSystem", STRING, .description = "Object path of the snapshot"),
  PROPERTY ("CaptureLiveState", UINT8,
            VALUES ("0", "Crash consistent", "1", "Saved state", "2", "Application consistent")),
  PROPERTY ("DifferentialBackupBase", STRING,
            .description = "Object path of the reference point that changes are exported since"),
  PROPERTY ("BackupIntent", UINT8, VALUES ("0", "Preserve chain", "1", "Merge")),
  PROPERTY ("ExportForLiveMigration", BOOLEAN),
  PROPERTY ("DisableDifferentialOfIgnoredStorage", BOOLEAN),
  ARRAY ("ExcludedVirtualHardDisks", STRING),
};

static const CimProperty system_export[] = {
  END ("ManagedElement", "CIM_ComputerSystem", .description = "The virtual machine"),
  END ("SettingData", "Msvm_VirtualSystemExportSettingData",
       .description = "How it is to be exported"),
};

const CimDeclaration cim_family_management[] = {
  CLASS ("CIM_VirtualSystemManagementService", "CIM_Service", BASE,
         "Defines and changes virtual machines", CIM_METHODS (service_methods)),
  CLASS ("Msvm_VirtualSystemManagementService", "CIM_VirtualSystemManagementService",
         DYNAMIC | CIM_SINGLETON,
         "Exports recovery checkpoints of virtual machines; defines and changes none here",
         CIM_METHODS (msvm_service_methods)),
  CLASS ("Msvm_VirtualSystemExportSettingData", "CIM_SettingData", DYNAMIC,
         "How a virtual machine is to be exported", CIM_PROPERTIES (export_settings)),
  CLASS ("Msvm_SystemExportSettingData", "CIM_ElementSettingData", DYNAMIC,
         "A virtual machine and its settings for an export", CIM_PROPERTIES (system_export)),
  { .name = NULL },
};
