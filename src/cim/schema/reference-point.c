/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points, their service, their settings and the job that exports one. */
#include "cim/schema/tables.h"

#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty create[] = {
  IN_REFERENCE ("AffectedSystem", "Msvm_ComputerSystem", .description = "The virtual machine"),
  IN_EMBEDDED ("ReferencePointSettings", "Msvm_VirtualSystemReferencePointSettingData",
               .description = "May be null"),
  IN ("ReferencePointType", UINT16, VALUES ("0", "Log based", "1", "RCT based", "2", "RCT based"),
      .description = "Documented in two ways: 1 and 2 are both taken for change tracking"),
  IN_OUT_REFERENCE ("ResultingReferencePoint", "Msvm_VirtualSystemReferencePoint",
                    .description = "The reference point; what goes in is ignored"),
  JOB,
};

static const CimProperty export[] = {
  IN_REFERENCE ("ReferencePoint", "Msvm_VirtualSystemReferencePoint"),
  IN ("ExportDirectory", STRING, .description = "Full path of a directory"),
  IN_EMBEDDED ("ExportSettingData", "Msvm_VirtualSystemReferencePointExportSettingData",
               .description = "May be null"),
  JOB,
};

static const CimProperty affected[] = {
  IN_REFERENCE ("AffectedReferencePoint", "Msvm_VirtualSystemReferencePoint"),
  JOB,
};

static const CimProperty import[] = {
  IN_REFERENCE ("AffectedSystem", "Msvm_ComputerSystem", .description = "The virtual machine"),
  IN ("ConfigFilePath", STRING, .description = "Full path of a virtual machine configuration file"),
  IN ("RuntimeStateFilePath", STRING, .description = "Full path of a runtime state file"),
  JOB,
};

static const CimMethod service_methods[] = {
  METHOD ("CreateReferencePoint", create, cim_values_return_create,
          "Makes a reference point of a virtual machine"),
  METHOD ("ExportReferencePoint", export, cim_values_return_hyperv,
          "Writes a reference point to a directory"),
  METHOD ("DestroyReferencePoint", affected, cim_values_return_hyperv,
          "Deletes a reference point and the tracking that only it needs"),
  METHOD ("RemoveAssociatedData", affected, cim_values_return_hyperv,
          "Drops the log of a log based reference point"),
  METHOD ("ImportReferencePointMetadata", import, cim_values_return_hyperv,
          "Makes the reference points known that a configuration file and a runtime state file "
          "tell of"),
};

static const CimProperty point[] = {
  KEY ("InstanceID", STRING, .max_len = 256,
       .description = "Microsoft:<virtual machine>\\<reference point>"),
  KEY ("VirtualSystemIdentifier", STRING, .description = "Name of the virtual machine, a GUID"),
  PROPERTY ("ReferencePointType", UINT16, .values = cim_values_reference_point_type),
  PROPERTY ("ConsistencyLevel", UINT16, .values = cim_values_consistency_level),
  PROPERTY ("HasAssociatedData", BOOLEAN,
            .description = "Whether a log based point still has its log"),
  ARRAY ("VirtualDiskIdentifiers", STRING,
         .description = "InstanceIDs of the disks' Msvm_StorageAllocationSettingData"),
  ARRAY ("ResilientChangeTrackingIdentifiers", STRING,
         .description = "For each of those disks, the id its changes are asked for by"),
};

static const CimProperty point_of_system[] = {
  END ("Antecedent", "Msvm_ComputerSystem", .description = "The virtual machine"),
  END ("Dependent", "Msvm_VirtualSystemReferencePoint", .description = "The reference point"),
};

static const CimProperty point_settings[] = {
  PROPERTY ("ConsistencyLevel", UINT8, .values = cim_values_consistency_level),
};

static const CimProperty export_settings[] = {
  PROPERTY ("BaseReferencePoint", STRING,
            .description = "Object path of the reference point that changes are exported since"),
  ARRAY ("DisksToExport", STRING, .description = "VirtualDiskIdentifiers; null: all"),
};

static const CimProperty export_job[] = {
  PROPERTY ("Cancellable", BOOLEAN, .description = "Whether RequestStateChange may end it"),
  PROPERTY ("ErrorSummaryDescription", STRING, .description = "What went wrong, in short"),
  PROPERTY ("ExportDirectory", STRING),
  PROPERTY ("VirtualMachineId", STRING, .description = "A GUID"),
  PROPERTY ("ReferencePointId", STRING, .description = "A GUID"),
  PROPERTY ("BaseReferencePointId", STRING, .description = "A GUID, or null"),
  ARRAY ("ExportedDisks", STRING, .description = "VirtualDiskIdentifiers"),
  ARRAY ("ExportedLogFilePaths", STRING, .description = "A file for each exported disk"),
  PROPERTY ("ExportedConfigFilePath", STRING,
            .description = "For ImportReferencePointMetadata's ConfigFilePath"),
  PROPERTY ("ExportedRuntimeFilePath", STRING,
            .description = "For ImportReferencePointMetadata's RuntimeStateFilePath"),
  PROPERTY ("ExportedGuestStateFilePath", STRING),
};

static const CimProperty get_error[] = {
  OUT_EMBEDDED ("Error", "Msvm_Error", .description = "Null when the job has no error"),
};

static const CimProperty get_error_ex[] = {
  OUT_EMBEDDED_ARRAY ("Errors", "Msvm_Error", .description = "Null when the job has no error"),
};

static const CimMethod export_job_methods[] = {
  METHOD ("GetError", get_error, cim_values_return_hyperv, "The error that ended the job"),
  METHOD ("GetErrorEx", get_error_ex, cim_values_return_hyperv,
          "All errors that led to the end of the job"),
};

const CimDeclaration cim_family_reference_point[] = {
  CLASS ("Msvm_VirtualSystemReferencePointService", "CIM_Service", DYNAMIC | CIM_SINGLETON,
         "Makes, exports, imports and destroys reference points of virtual machines",
         CIM_METHODS (service_methods)),
  CLASS ("Msvm_VirtualSystemReferencePoint", "CIM_ManagedElement", DYNAMIC,
         "A point in the life of a virtual machine since which the changes of its disks are known",
         CIM_PROPERTIES (point)),
  CLASS ("Msvm_ReferencePointOfVirtualSystem", "CIM_Dependency", DYNAMIC,
         "A virtual machine and one of its reference points", CIM_PROPERTIES (point_of_system)),
  CLASS ("Msvm_VirtualSystemReferencePointSettingData", "CIM_SettingData", CIM_IN_VIRTUALIZATION,
         "How a reference point is to be made", CIM_PROPERTIES (point_settings)),
  CLASS ("Msvm_VirtualSystemReferencePointExportSettingData", "CIM_SettingData",
         CIM_IN_VIRTUALIZATION, "What is to be exported of a reference point",
         CIM_PROPERTIES (export_settings)),
  CLASS ("Msvm_VirtualSystemReferencePointExportJob", "CIM_ConcreteJob", DYNAMIC,
         "The export of a reference point, with the files it has written",
         CIM_PROPERTIES (export_job), CIM_METHODS (export_job_methods)),
  { .name = NULL },
};
