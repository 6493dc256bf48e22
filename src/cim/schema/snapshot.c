/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots of virtual machines, and how a reference point is made of one. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty create[] = {
  IN_REFERENCE ("AffectedSystem", "CIM_ComputerSystem", .description = "The virtual machine"),
  IN_EMBEDDED ("SnapshotSettings", "Msvm_VirtualSystemSnapshotSettingData",
               .description = "May be null"),
  IN ("SnapshotType", UINT16,
      VALUES ("2", "Full Snapshot", "3", "Disk Snapshot", "4..32767", "DMTF Reserved", "32768",
              "Recovery Snapshot", "32769..65535", "Vendor Reserved")),
  IN_OUT_REFERENCE ("ResultingSnapshot", "CIM_VirtualSystemSettingData"),
  JOB,
};

static const CimProperty affected[] = {
  IN_REFERENCE ("AffectedSnapshot", "CIM_VirtualSystemSettingData"),
  JOB,
};

static const CimProperty apply[] = {
  IN_REFERENCE ("Snapshot", "CIM_VirtualSystemSettingData"),
  JOB,
};

static const CimProperty settings[] = {
  IN_REFERENCE ("SnapshotSettingData", "CIM_VirtualSystemSettingData"),
  JOB,
};

static const CimProperty convert[] = {
  IN_REFERENCE ("AffectedSnapshot", "CIM_VirtualSystemSettingData"),
  IN_EMBEDDED ("ReferencePointSettings", "Msvm_VirtualSystemReferencePointSettingData",
               .description = "May be null"),
  IN_OUT_REFERENCE ("ResultingReferencePoint", "Msvm_VirtualSystemReferencePoint"),
  JOB,
};

static const CimMethod service_methods[] = {
  METHOD ("CreateSnapshot", create, cim_values_return_create, "Makes a snapshot"),
  METHOD ("DestroySnapshot", affected, cim_values_return_create, "Deletes a snapshot"),
  METHOD ("ApplySnapshot", apply, cim_values_return_create,
          "Takes a virtual machine back to a snapshot"),
};

static const CimMethod msvm_service_methods[] = {
  METHOD ("DestroySnapshotTree", settings, cim_values_return_hyperv,
          "Deletes a snapshot and those that descend from it"),
  METHOD ("ClearSnapshotState", settings, cim_values_return_hyperv,
          "Deletes the saved memory of a snapshot"),
  METHOD ("ConvertToReferencePoint", convert, cim_values_return_create,
          "Makes a reference point of a recovery snapshot, which is deleted"),
};

static const CimProperty snapshot_settings[] = {
  PROPERTY ("ConsistencyLevel", UINT8, .values = cim_values_consistency_level),
  PROPERTY ("IgnoreNonSnapshottableDisks", BOOLEAN),
  PROPERTY ("GuestBackupType", UINT8, VALUES ("0", "Undefined", "1", "Full", "2", "Copy")),
};

static const CimProperty snapshot_of_system[] = {
  END ("Antecedent", "CIM_ComputerSystem", .description = "The virtual machine"),
  END ("Dependent", "CIM_VirtualSystemSettingData", .description = "The snapshot"),
};

const CimDeclaration cim_family_snapshot[] = {
  CLASS ("CIM_VirtualSystemSnapshotService", "CIM_Service", BASE,
         "Makes, applies and deletes snapshots", CIM_METHODS (service_methods)),
  CLASS ("Msvm_VirtualSystemSnapshotService", "CIM_VirtualSystemSnapshotService",
         DYNAMIC | CIM_SINGLETON, "Makes snapshots, and reference points of them",
         CIM_METHODS (msvm_service_methods)),
  CLASS ("Msvm_VirtualSystemSnapshotSettingData", "CIM_SettingData", CIM_IN_VIRTUALIZATION,
         "How a snapshot is to be made", CIM_PROPERTIES (snapshot_settings)),
  CLASS ("CIM_SnapshotOfVirtualSystem", "CIM_Dependency", BASE | CIM_ASSOCIATION,
         "A virtual machine and one of its snapshots", CIM_PROPERTIES (snapshot_of_system)),
  CLASS ("Msvm_SnapshotOfVirtualSystem", "CIM_SnapshotOfVirtualSystem", DYNAMIC,
         "A virtual machine and one of its snapshots"),
  { .name = NULL },
};
