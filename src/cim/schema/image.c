/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of virtual disks, and what has changed in them. */
#include "cim/schema/tables.h"

#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const char *const return_file[] = VALUE_MAP (
    "0", "Completed with No Error", "4096", "Method Parameters Checked - Job Started", "32768",
    "Failed", "32769", "Access Denied", "32770", "Not Supported", "32771", "Status is unknown",
    "32772", "Timeout", "32773", "Invalid parameter", "32774", "System is in use", "32775",
    "Invalid state for this operation", "32776", "Incorrect data type", "32777",
    "System is not available", "32778", "Out of memory", "32779", "File not found");

static const CimProperty changes[] = {
  IN ("Path", STRING, .description = "Full path of the image"),
  IN ("LimitId", STRING, .description = "ResilientChangeTrackingIdentifier: changes since then"),
  IN ("TargetSnapshotId", STRING, .description = "Of VHD sets only; null or empty"),
  IN ("ByteOffset", UINT64, .description = "Where to begin"),
  IN ("ByteLength", UINT64, .description = "How far to look"),
  OUT ("ProcessedByteLength", UINT64,
       .description = "How far was looked: go on from there when it is less than ByteLength"),
  OUT_ARRAY ("ChangedByteOffsets", UINT64, .description = "Where each changed range begins"),
  OUT_ARRAY ("ChangedByteLengths", UINT64, .description = "How long it is"),
  JOB,
};

static const CimProperty setting_data[] = {
  IN ("Path", STRING, .description = "Full path of the image"),
  OUT_EMBEDDED ("SettingData", "Msvm_VirtualHardDiskSettingData"),
  JOB,
};

static const CimMethod service_methods[] = {
  METHOD ("GetVirtualDiskChanges", changes, return_file,
          "The ranges of a disk that have changed since a reference point"),
  METHOD ("GetVirtualHardDiskSettingData", setting_data, return_file,
          "What an image says of itself"),
};

static const CimProperty hard_disk[] = {
  PROPERTY ("Type", UINT16, VALUES ("2", "Fixed", "3", "Dynamic", "4", "Differencing")),
  PROPERTY ("Format", UINT16, VALUES ("2", "VHD", "3", "VHDX", "4", "VHDSet")),
  PROPERTY ("Path", STRING),
  PROPERTY ("ParentPath", STRING, .description = "The image it differs from"),
  PROPERTY ("ParentTimestamp", DATETIME),
  PROPERTY ("ParentIdentifier", STRING),
  PROPERTY ("MaxInternalSize", UINT64, .description = "Bytes that the guest sees"),
  PROPERTY ("BlockSize", UINT32),
  PROPERTY ("LogicalSectorSize", UINT32),
  PROPERTY ("PhysicalSectorSize", UINT32),
  PROPERTY ("VirtualDiskId", STRING),
  PROPERTY ("DataAlignment", UINT64),
  PROPERTY ("PmemAddressAbstractionType", UINT16,
            VALUES ("0", "None", "1", "BTT", "65535", "Unknown")),
  PROPERTY ("IsPmemCompatible", BOOLEAN),
};

const CimDeclaration cim_family_image[] = {
  CLASS ("Msvm_ImageManagementService", "CIM_Service", DYNAMIC | CIM_SINGLETON,
         "Looks into images of virtual disks", CIM_METHODS (service_methods)),
  CLASS ("Msvm_VirtualHardDiskSettingData", "CIM_SettingData", CIM_IN_VIRTUALIZATION,
         "What an image of a virtual disk is like", CIM_PROPERTIES (hard_disk)),
  { .name = NULL },
};
