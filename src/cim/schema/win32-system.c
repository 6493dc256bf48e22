/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as a computer. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_CIMV2)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_CIMV2)

static const CimProperty system_[] = {
  PROPERTY ("CreationClassName", STRING, .description = "The class of the system"),
  PROPERTY ("NameFormat", STRING),
  PROPERTY ("PrimaryOwnerContact", STRING),
  PROPERTY ("PrimaryOwnerName", STRING),
  ARRAY ("Roles", STRING),
};

static const CimProperty unitary[] = {
  ARRAY ("InitialLoadInfo", STRING),
  PROPERTY ("LastLoadInfo", STRING),
  ARRAY ("PowerManagementCapabilities", UINT16),
  PROPERTY ("PowerManagementSupported", BOOLEAN),
  PROPERTY ("PowerState", UINT16,
            VALUES ("0", "Unknown", "1", "Full Power", "2", "Power Save - Low Power Mode", "3",
                    "Power Save - Standby", "4", "Power Save - Unknown", "5", "Power Cycle", "6",
                    "Power Off", "7", "Power Save - Warning", "8", "Power Save - Hibernate", "9",
                    "Power Save - Soft Off")),
  PROPERTY ("ResetCapability", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Disabled", "4", "Enabled", "5",
                    "Not Implemented")),
};

static const char *const security_state[]
    = VALUE_MAP ("0", "Disabled", "1", "Enabled", "2", "Not Implemented", "3", "Unknown");
static const char *const chassis_state[]
    = VALUE_MAP ("1", "Other", "2", "Unknown", "3", "Safe", "4", "Warning", "5", "Critical", "6",
                 "Non-recoverable");
static const char *const boot_option[] = VALUE_MAP ("0", "Reserved", "1", "Operating system", "2",
                                                    "System utilities", "3", "Do not reboot");

static const CimProperty computer_system[] = {
  KEY ("Name", STRING, .description = "The computer's name"),
  PROPERTY ("AdminPasswordStatus", UINT16, .values = security_state),
  PROPERTY ("AutomaticManagedPagefile", BOOLEAN),
  PROPERTY ("AutomaticResetBootOption", BOOLEAN),
  PROPERTY ("AutomaticResetCapability", BOOLEAN),
  PROPERTY ("BootOptionOnLimit", UINT16, .values = boot_option),
  PROPERTY ("BootOptionOnWatchDog", UINT16, .values = boot_option),
  PROPERTY ("BootROMSupported", BOOLEAN),
  PROPERTY ("BootupState", STRING),
  PROPERTY ("ChassisBootupState", UINT16, .values = chassis_state),
  PROPERTY ("CurrentTimeZone", SINT16, .description = "Minutes east of UTC"),
  PROPERTY ("DaylightInEffect", BOOLEAN),
  PROPERTY ("DNSHostName", STRING, .description = "The host's name in DNS"),
  PROPERTY ("Domain", STRING),
  PROPERTY ("DomainRole", UINT16,
            VALUES ("0", "Standalone Workstation", "1", "Member Workstation", "2",
                    "Standalone Server", "3", "Member Server", "4", "Backup Domain Controller", "5",
                    "Primary Domain Controller")),
  PROPERTY ("EnableDaylightSavingsTime", BOOLEAN),
  PROPERTY ("FrontPanelResetStatus", UINT16, .values = security_state),
  PROPERTY ("HypervisorPresent", BOOLEAN),
  PROPERTY ("InfraredSupported", BOOLEAN),
  PROPERTY ("KeyboardPasswordStatus", UINT16, .values = security_state),
  PROPERTY ("Manufacturer", STRING),
  PROPERTY ("Model", STRING),
  PROPERTY ("NetworkServerModeEnabled", BOOLEAN),
  PROPERTY ("NumberOfLogicalProcessors", UINT32),
  PROPERTY ("NumberOfProcessors", UINT32, .description = "Sockets in use"),
  ARRAY ("OEMLogoBitmap", UINT8),
  ARRAY ("OEMStringArray", STRING),
  PROPERTY ("PartOfDomain", BOOLEAN),
  PROPERTY ("PauseAfterReset", SINT64, .description = "Milliseconds; -1: unknown"),
  PROPERTY ("PCSystemType", UINT16,
            VALUES ("0", "Unspecified", "1", "Desktop", "2", "Mobile", "3", "Workstation", "4",
                    "Enterprise Server", "5", "SOHO Server", "6", "Appliance PC", "7",
                    "Performance Server", "8", "Maximum")),
  PROPERTY ("PowerOnPasswordStatus", UINT16, .values = security_state),
  PROPERTY ("PowerSupplyState", UINT16, .values = chassis_state),
  PROPERTY ("ResetCount", SINT16, .description = "-1: unknown"),
  PROPERTY ("ResetLimit", SINT16, .description = "-1: unknown"),
  ARRAY ("SupportContactDescription", STRING),
  PROPERTY ("SystemStartupDelay", UINT16),
  ARRAY ("SystemStartupOptions", STRING),
  PROPERTY ("SystemStartupSetting", UINT8),
  PROPERTY ("SystemType", STRING, .description = "x64-based PC, and the like"),
  PROPERTY ("ThermalState", UINT16, .values = chassis_state),
  PROPERTY ("TotalPhysicalMemory", UINT64, .description = "Bytes"),
  PROPERTY ("UserName", STRING),
  PROPERTY ("WakeUpType", UINT16,
            VALUES ("0", "Reserved", "1", "Other", "2", "Unknown", "3", "APM Timer", "4",
                    "Modem Ring", "5", "LAN Remote", "6", "Power Switch", "7", "PCI PME#", "8",
                    "AC Power Restored")),
  PROPERTY ("Workgroup", STRING),
};

static const CimProperty computer_system_product[] = {
  PROPERTY ("UUID", STRING, .description = "The host's UUID, as its firmware says it"),
};

const CimDeclaration cim_family_win32_system[] = {
  CLASS ("CIM_System", "CIM_LogicalElement", BASE, "Parts that work as one",
         CIM_PROPERTIES (system_)),
  CLASS ("CIM_ComputerSystem", "CIM_System", BASE, "A system that computes"),
  CLASS ("CIM_UnitaryComputerSystem", "CIM_ComputerSystem", BASE, "A single computer",
         CIM_PROPERTIES (unitary)),
  CLASS ("Win32_ComputerSystem", "CIM_UnitaryComputerSystem", DYNAMIC | CIM_SINGLETON,
         "The host as a computer", CIM_PROPERTIES (computer_system)),
  CLASS ("Win32_ComputerSystemProduct", "CIM_Product", DYNAMIC | CIM_SINGLETON,
         "The host as a product", CIM_PROPERTIES (computer_system_product)),
  { .name = NULL },
};
