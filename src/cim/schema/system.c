/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Systems: virtual machines and their host, and the settings of a virtual machine as a whole. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty system_[] = {
  KEY ("CreationClassName", STRING, .max_len = 256, .description = "The class of the system"),
  KEY ("Name", STRING, .max_len = 256,
       .description = "A virtual machine's GUID, or the host's computer name"),
  PROPERTY ("PrimaryOwnerName", STRING, .max_len = 64),
  PROPERTY ("PrimaryOwnerContact", STRING, .max_len = 256),
  ARRAY ("Roles", STRING),
  PROPERTY ("NameFormat", STRING, .max_len = 64),
  ARRAY ("OtherIdentifyingInfo", STRING),
  ARRAY ("IdentifyingDescriptions", STRING),
};

static const CimProperty computer_system[] = {
  ARRAY ("Dedicated", UINT16, .description = "What it is dedicated to; 0: nothing special"),
  ARRAY ("OtherDedicatedDescriptions", STRING),
  PROPERTY ("ResetCapability", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Disabled", "4", "Enabled", "5",
                    "Not Implemented")),
  ARRAY ("PowerManagementCapabilities", UINT16,
         VALUES ("0", "Unknown", "1", "Not Supported", "2", "Disabled", "3", "Enabled", "4",
                 "Power Saving Modes Entered Automatically", "5", "Power State Settable", "6",
                 "Power Cycling Supported", "7", "Timed Power On Supported")),
};

static const CimProperty set_power_state[] = {
  IN ("PowerState", UINT32),
  IN ("Time", DATETIME),
};

static const CimMethod computer_system_methods[] = {
  METHOD ("SetPowerState", set_power_state, NULL, "Not supported; RequestStateChange is"),
};

static const CimProperty msvm_computer_system[] = {
  PROPERTY ("OnTimeInMilliseconds", UINT64, .description = "How long it has been running"),
  PROPERTY ("ProcessID", UINT32, .description = "The host's process that runs it; 0: none"),
  PROPERTY ("TimeOfLastConfigurationChange", DATETIME),
  PROPERTY ("NumberOfNumaNodes", UINT16),
  PROPERTY ("ReplicationState", UINT16,
            VALUES ("0", "Disabled", "1", "Ready for replication", "2",
                    "Waiting to complete initial replication", "3", "Replicating", "4",
                    "Synced replication complete", "5", "Recovered", "6", "Committed", "7",
                    "Suspended", "8", "Critical", "9", "Waiting to start resynchronization", "10",
                    "Resynchronizing", "11", "Resynchronization suspended")),
  PROPERTY ("ReplicationHealth", UINT16,
            VALUES ("0", "Not applicable", "1", "Ok", "2", "Warning", "3", "Critical")),
  PROPERTY ("ReplicationMode", UINT16,
            VALUES ("0", "None", "1", "Primary", "2", "Replica", "3", "Test Replica", "4",
                    "Extended Replica")),
  PROPERTY ("FailedOverReplicationType", UINT16,
            VALUES ("0", "None", "1", "Regular", "2", "Application consistent", "3", "Planned")),
  PROPERTY ("LastReplicationType", UINT16,
            VALUES ("0", "None", "1", "Regular", "2", "Application consistent", "3", "Planned")),
  PROPERTY ("LastApplicationConsistentReplicationTime", DATETIME),
  PROPERTY ("LastReplicationTime", DATETIME),
  PROPERTY ("LastSuccessfulBackupTime", DATETIME),
  PROPERTY ("EnhancedSessionModeState", UINT16,
            VALUES ("2", "Available", "3", "Not Available", "6", "Available but not enabled")),
  PROPERTY ("HwThreadsPerCoreRealized", UINT32),
};

static const CimProperty system_settings[] = {
  PROPERTY ("VirtualSystemIdentifier", STRING, .description = "Name of the virtual machine"),
  PROPERTY ("VirtualSystemType", STRING,
            .description = "Microsoft:Hyper-V:System:Realized, or of which kind of snapshot"),
  ARRAY ("Notes", STRING, .description = "What people wrote about it"),
  PROPERTY ("CreationTime", DATETIME),
  PROPERTY ("ConfigurationID", STRING),
  PROPERTY ("ConfigurationDataRoot", STRING, .description = "Where its configuration is kept"),
  PROPERTY ("ConfigurationFile", STRING),
  PROPERTY ("SnapshotDataRoot", STRING),
  PROPERTY ("SuspendDataRoot", STRING),
  PROPERTY ("SwapFileDataRoot", STRING),
  PROPERTY ("LogDataRoot", STRING),
  PROPERTY ("AutomaticStartupAction", UINT16,
            VALUES ("2", "None", "3", "Restart if previously active", "4", "Always startup",
                    "5..32767", "DMTF Reserved"),
            .description = "What happens when the host starts"),
  PROPERTY ("AutomaticStartupActionDelay", DATETIME, .description = "An interval"),
  PROPERTY ("AutomaticStartupActionSequenceNumber", UINT16),
  PROPERTY (
      "AutomaticShutdownAction", UINT16,
      VALUES ("2", "Turn Off", "3", "Save state", "4", "Shutdown", "5..32767", "DMTF Reserved"),
      .description = "What happens when the host shuts down"),
  PROPERTY (
      "AutomaticRecoveryAction", UINT16,
      VALUES ("2", "None", "3", "Restart", "4", "Revert to snapshot", "5..32767", "DMTF Reserved"),
      .description = "What happens when the virtual machine fails"),
  PROPERTY ("RecoveryFile", STRING),
};

static const CimProperty msvm_system_settings[] = {
  PROPERTY ("BIOSGUID", STRING, .description = "The UUID that the firmware shows to the guest"),
  PROPERTY ("BIOSSerialNumber", STRING),
  PROPERTY ("BaseBoardSerialNumber", STRING),
  PROPERTY ("ChassisSerialNumber", STRING),
  PROPERTY ("Architecture", STRING),
  PROPERTY ("ChassisAssetTag", STRING),
  PROPERTY ("BIOSNumLock", BOOLEAN),
  ARRAY ("BootOrder", UINT16,
         VALUES ("0", "Floppy", "1", "CD-ROM", "2", "IDE Hard Drive", "3", "PXE Boot", "4",
                 "SCSI Hard Drive")),
  PROPERTY ("Parent", STRING, .description = "Object path of the snapshot it descends from"),
  PROPERTY ("UserSnapshotType", UINT16,
            VALUES ("2", "Disabled", "3", "Production", "4", "Production without fallback", "5",
                    "Standard")),
  PROPERTY ("IsSaved", BOOLEAN, .description = "Whether the memory is saved on disk"),
  PROPERTY ("AdditionalRecoveryInformation", STRING),
  PROPERTY ("AllowFullSCSICommandSet", BOOLEAN),
  PROPERTY ("DebugChannelId", UINT32),
  PROPERTY ("DebugPortEnabled", UINT16, VALUES ("0", "Off", "1", "On", "2", "OnAutoAssigned")),
  PROPERTY ("DebugPort", UINT32),
  PROPERTY ("Version", STRING, .description = "Of the configuration: \"9.0\""),
  PROPERTY ("IncrementalBackupEnabled", BOOLEAN),
  PROPERTY ("VirtualNumaEnabled", BOOLEAN),
  PROPERTY ("AllowReducedFcRedundancy", BOOLEAN),
  PROPERTY ("VirtualSystemSubType", STRING,
            .description = "Microsoft:Hyper-V:SubType:1 (BIOS) or :2 (UEFI)"),
  ARRAY ("BootSourceOrder", STRING),
  PROPERTY ("PauseAfterBootFailure", BOOLEAN),
  PROPERTY ("NetworkBootPreferredProtocol", UINT16, VALUES ("4096", "IPv4", "4097", "IPv6")),
  PROPERTY ("GuestControlledCacheTypes", BOOLEAN),
  PROPERTY ("AutomaticSnapshotsEnabled", BOOLEAN),
  PROPERTY ("IsAutomaticSnapshot", BOOLEAN),
  PROPERTY ("GuestStateFile", STRING),
  PROPERTY ("GuestStateDataRoot", STRING),
  PROPERTY ("LockOnDisconnect", BOOLEAN),
  PROPERTY ("ParentPackage", STRING),
  PROPERTY ("AutomaticCriticalErrorActionTimeout", DATETIME, .description = "An interval"),
  PROPERTY ("AutomaticCriticalErrorAction", UINT16, VALUES ("0", "None", "1", "Pause Resume")),
  PROPERTY ("ConsoleMode", UINT16, VALUES ("0", "Default", "1", "COM1", "2", "COM2", "3", "None")),
  PROPERTY ("SecureBootEnabled", BOOLEAN),
  PROPERTY ("SecureBootTemplateId", STRING),
  PROPERTY ("LowMmioGapSize", UINT64),
  PROPERTY ("HighMmioGapSize", UINT64),
  PROPERTY ("EnhancedSessionTransportType", UINT16,
            VALUES ("0", "VMBus Pipe", "1", "Hyper-V Sockets")),
};

static const CimProperty settings_define_state[] = {
  END ("ManagedElement", "CIM_ManagedElement", .description = "The virtual machine"),
  END ("SettingData", "CIM_SettingData", .description = "Its settings in force"),
};

static const CimProperty system_settings_component[] = {
  END ("GroupComponent", "CIM_VirtualSystemSettingData", .description = "Settings of the whole"),
  END ("PartComponent", "CIM_ResourceAllocationSettingData",
       .description = "Settings of one of its resources"),
};

const CimDeclaration cim_family_system[] = {
  CLASS ("CIM_System", "CIM_EnabledLogicalElement", BASE, "Parts that work as one",
         CIM_PROPERTIES (system_)),
  CLASS ("CIM_ComputerSystem", "CIM_System", BASE, "A system that computes",
         CIM_PROPERTIES (computer_system), CIM_METHODS (computer_system_methods)),
  CLASS ("Msvm_ComputerSystem", "CIM_ComputerSystem", DYNAMIC,
         "A virtual machine, or the computer that hosts them",
         CIM_PROPERTIES (msvm_computer_system)),
  CLASS ("CIM_VirtualSystemSettingData", "CIM_SettingData", BASE,
         "Settings of a virtual machine as a whole", CIM_PROPERTIES (system_settings)),
  CLASS ("Msvm_VirtualSystemSettingData", "CIM_VirtualSystemSettingData", DYNAMIC,
         "Settings of a virtual machine, or of one of its snapshots, as a whole",
         CIM_PROPERTIES (msvm_system_settings)),
  CLASS ("Msvm_SettingsDefineState", "CIM_SettingsDefineState", DYNAMIC,
         "A virtual machine and its settings in force", CIM_PROPERTIES (settings_define_state)),
  CLASS ("CIM_VirtualSystemSettingDataComponent", "CIM_Component", BASE | CIM_ASSOCIATION,
         "The settings of a virtual machine and those of one of its resources",
         CIM_PROPERTIES (system_settings_component)),
  CLASS ("Msvm_VirtualSystemSettingDataComponent", "CIM_VirtualSystemSettingDataComponent", DYNAMIC,
         "The settings of a virtual machine and those of one of its resources"),
  { .name = NULL },
};
