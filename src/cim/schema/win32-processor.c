/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processors of the host, one for each socket. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_CIMV2)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_CIMV2)

static const CimProperty processor[] = {
  PROPERTY ("AddressWidth", UINT16, .description = "Bits"),
  PROPERTY ("CurrentClockSpeed", UINT32, .description = "MHz"),
  PROPERTY ("DataWidth", UINT16, .description = "Bits"),
  PROPERTY ("Family", UINT16),
  PROPERTY ("LoadPercentage", UINT16),
  PROPERTY ("MaxClockSpeed", UINT32, .description = "MHz"),
  PROPERTY ("OtherFamilyDescription", STRING, .max_len = 64),
  PROPERTY ("Role", STRING),
  PROPERTY ("Stepping", STRING),
  PROPERTY ("UniqueId", STRING),
  PROPERTY ("UpgradeMethod", UINT16),
};

static const CimProperty win32_processor[] = {
  KEY ("DeviceID", STRING, .description = "CPU0, CPU1, ..."),
  PROPERTY ("Architecture", UINT16,
            VALUES ("0", "x86", "1", "MIPS", "2", "Alpha", "3", "PowerPC", "5", "ARM", "6", "ia64",
                    "9", "x64", "12", "ARM64")),
  PROPERTY ("CpuStatus", UINT16,
            VALUES ("0", "Unknown", "1", "CPU Enabled", "2", "CPU Disabled by User via BIOS Setup",
                    "3", "CPU Disabled By BIOS (POST Error)", "4", "CPU is Idle", "5", "Reserved",
                    "6", "Reserved", "7", "Other")),
  PROPERTY ("CurrentVoltage", UINT16, .description = "Tenths of a volt"),
  PROPERTY ("ExtClock", UINT32, .description = "MHz"),
  PROPERTY ("L2CacheSize", UINT32, .description = "Kilobytes"),
  PROPERTY ("L2CacheSpeed", UINT32, .description = "MHz"),
  PROPERTY ("L3CacheSize", UINT32, .description = "Kilobytes"),
  PROPERTY ("L3CacheSpeed", UINT32, .description = "MHz"),
  PROPERTY ("Level", UINT16),
  PROPERTY ("Manufacturer", STRING),
  PROPERTY ("NumberOfCores", UINT32, .description = "Of this socket"),
  PROPERTY ("NumberOfLogicalProcessors", UINT32, .description = "Of this socket"),
  PROPERTY ("ProcessorId", STRING),
  PROPERTY ("ProcessorType", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Central Processor", "4", "Math Processor",
                    "5", "DSP Processor", "6", "Video Processor")),
  PROPERTY ("Revision", UINT16),
  PROPERTY ("SocketDesignation", STRING),
  PROPERTY ("Version", STRING),
  PROPERTY ("VoltageCaps", UINT32),
};

static const CimProperty computer_system_processor[] = {
  END ("GroupComponent", "Win32_ComputerSystem", .description = "The computer"),
  END ("PartComponent", "Win32_Processor", .description = "Its processor"),
};

const CimDeclaration cim_family_win32_processor[] = {
  CLASS ("CIM_Processor", "CIM_LogicalDevice", BASE, "A processor", CIM_PROPERTIES (processor)),
  CLASS ("Win32_Processor", "CIM_Processor", DYNAMIC, "A processor of the host: a socket",
         CIM_PROPERTIES (win32_processor)),
  CLASS ("Win32_ComputerSystemProcessor", "Win32_SystemDevices", DYNAMIC,
         "The host and one of its processors", CIM_PROPERTIES (computer_system_processor)),
  { .name = NULL },
};
