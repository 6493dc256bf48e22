/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host that may be given to virtual machines. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const char *const availability[]
    = VALUE_MAP ("1", "Other", "2", "Unknown", "3", "Running/Full Power", "4", "Warning", "5",
                 "In Test", "6", "Not Applicable", "7", "Power Off", "8", "Off Line", "9",
                 "Off Duty", "10", "Degraded", "11", "Not Installed", "12", "Install Error", "13",
                 "Power Save - Unknown", "14", "Power Save - Low Power Mode", "15",
                 "Power Save - Standby", "16", "Power Cycle", "17", "Power Save - Warning", "18",
                 "Paused", "19", "Not Ready", "20", "Not Configured", "21", "Quiesced");

static const CimProperty logical_device[] = {
  KEY ("SystemCreationClassName", STRING, .max_len = 256,
       .description = "Class of the system that has the device"),
  KEY ("SystemName", STRING, .max_len = 256, .description = "Name of that system"),
  KEY ("CreationClassName", STRING, .max_len = 256, .description = "The class of the device"),
  KEY ("DeviceID", STRING, .max_len = 64, .description = "Identifies the device in its system"),
  PROPERTY ("PowerManagementSupported", BOOLEAN),
  ARRAY ("PowerManagementCapabilities", UINT16,
         VALUES ("0", "Unknown", "1", "Not Supported", "2", "Disabled", "3", "Enabled", "4",
                 "Power Saving Modes Entered Automatically", "5", "Power State Settable", "6",
                 "Power Cycling Supported", "7", "Timed Power On Supported")),
  PROPERTY ("Availability", UINT16, .values = availability),
  PROPERTY ("StatusInfo", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Enabled", "4", "Disabled", "5",
                    "Not Applicable")),
  PROPERTY ("LastErrorCode", UINT32),
  PROPERTY ("ErrorDescription", STRING),
  PROPERTY ("ErrorCleared", BOOLEAN),
  ARRAY ("OtherIdentifyingInfo", STRING),
  PROPERTY ("PowerOnHours", UINT64),
  PROPERTY ("TotalPowerOnHours", UINT64),
  ARRAY ("IdentifyingDescriptions", STRING),
  ARRAY ("AdditionalAvailability", UINT16, .values = availability),
  PROPERTY ("MaxQuiesceTime", UINT64),
};

static const CimProperty media_access_device[] = {
  ARRAY ("Capabilities", UINT16,
         VALUES ("0", "Unknown", "1", "Other", "2", "Sequential Access", "3", "Random Access", "4",
                 "Supports Writing", "5", "Encryption", "6", "Compression", "7",
                 "Supports Removeable Media", "8", "Manual Cleaning", "9", "Automatic Cleaning",
                 "10", "SMART Notification", "11", "Supports Dual Sided Media", "12",
                 "Predismount Eject Not Required")),
  ARRAY ("CapabilityDescriptions", STRING),
  PROPERTY ("ErrorMethodology", STRING),
  PROPERTY ("CompressionMethod", STRING),
  PROPERTY ("NumberOfMediaSupported", UINT32),
  PROPERTY ("MaxMediaSize", UINT64, .description = "Kilobytes"),
  PROPERTY ("DefaultBlockSize", UINT64, .description = "Bytes"),
  PROPERTY ("MaxBlockSize", UINT64, .description = "Bytes"),
  PROPERTY ("MinBlockSize", UINT64, .description = "Bytes"),
  PROPERTY ("NeedsCleaning", BOOLEAN),
  PROPERTY ("MediaIsLocked", BOOLEAN),
  PROPERTY ("Security", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "None", "4", "Read Only", "5", "Locked Out",
                    "6", "Boot Bypass", "7", "Boot Bypass and Read Only")),
  PROPERTY ("LastCleaned", DATETIME),
  PROPERTY ("MaxAccessTime", UINT64),
  PROPERTY ("UncompressedDataRate", UINT32),
  PROPERTY ("LoadTime", UINT64),
  PROPERTY ("UnloadTime", UINT64),
  PROPERTY ("MountCount", UINT64),
  PROPERTY ("TimeOfLastMount", DATETIME),
  PROPERTY ("TotalMountTime", UINT64),
  PROPERTY ("UnitsDescription", STRING),
  PROPERTY ("MaxUnitsBeforeCleaning", UINT64),
  PROPERTY ("UnitsUsed", UINT64),
};

static const CimProperty disk_drive[] = {
  PROPERTY ("DriveNumber", UINT32, .description = "The host's number of the disk"),
};

const CimDeclaration cim_family_device[] = {
  CLASS ("CIM_LogicalDevice", "CIM_EnabledLogicalElement", BASE, "A device of a system",
         CIM_PROPERTIES (logical_device)),
  CLASS ("CIM_MediaAccessDevice", "CIM_LogicalDevice", BASE, "A device that reads a medium",
         CIM_PROPERTIES (media_access_device)),
  CLASS ("CIM_DiskDrive", "CIM_MediaAccessDevice", BASE, "A disk drive"),
  CLASS ("Msvm_DiskDrive", "CIM_DiskDrive", DYNAMIC,
         "A physical disk that is passed through to a virtual machine",
         CIM_PROPERTIES (disk_drive)),
  { .name = NULL },
};
