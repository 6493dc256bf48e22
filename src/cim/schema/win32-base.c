/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the classes of root/cimv2 derive from. These are WMI's own CIM classes: they share names,
 * and little else, with the younger ones of root/virtualization/v2. */
#include "cim/schema/tables.h"

#define BASE        (CIM_ABSTRACT | CIM_IN_CIMV2)
#define ASSOCIATION (CIM_ABSTRACT | CIM_ASSOCIATION | CIM_IN_CIMV2)

static const CimProperty managed_system_element[] = {
  PROPERTY ("Caption", STRING, .max_len = 64, .description = "A short text on the object"),
  PROPERTY ("Description", STRING, .description = "A text on the object"),
  PROPERTY ("InstallDate", DATETIME, .description = "When the object was installed"),
  PROPERTY ("Name", STRING, .description = "The label the object is known by"),
  PROPERTY ("Status", STRING, .max_len = 10, .description = "The state, as one word"),
};

static const CimProperty logical_device[] = {
  PROPERTY ("Availability", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Running/Full Power", "4", "Warning", "5",
                    "In Test", "6", "Not Applicable", "7", "Power Off", "8", "Off Line", "9",
                    "Off Duty", "10", "Degraded", "11", "Not Installed", "12", "Install Error",
                    "13", "Power Save - Unknown", "14", "Power Save - Low Power Mode", "15",
                    "Power Save - Standby", "16", "Power Cycle", "17", "Power Save - Warning", "18",
                    "Paused", "19", "Not Ready", "20", "Not Configured", "21", "Quiesced")),
  PROPERTY ("ConfigManagerErrorCode", UINT32),
  PROPERTY ("ConfigManagerUserConfig", BOOLEAN),
  PROPERTY ("CreationClassName", STRING, .description = "The class of the device"),
  PROPERTY ("DeviceID", STRING, .description = "Identifies the device in its system"),
  PROPERTY ("ErrorCleared", BOOLEAN),
  PROPERTY ("ErrorDescription", STRING),
  PROPERTY ("LastErrorCode", UINT32),
  PROPERTY ("PNPDeviceID", STRING),
  ARRAY ("PowerManagementCapabilities", UINT16),
  PROPERTY ("PowerManagementSupported", BOOLEAN),
  PROPERTY ("StatusInfo", UINT16,
            VALUES ("1", "Other", "2", "Unknown", "3", "Enabled", "4", "Disabled", "5",
                    "Not Applicable")),
  PROPERTY ("SystemCreationClassName", STRING),
  PROPERTY ("SystemName", STRING),
};

static const CimProperty product[] = {
  PROPERTY ("Caption", STRING, .max_len = 64, .description = "A short text on the product"),
  PROPERTY ("Description", STRING, .description = "A text on the product"),
  KEY ("IdentifyingNumber", STRING, .description = "Serial number"),
  KEY ("Name", STRING),
  PROPERTY ("SKUNumber", STRING),
  PROPERTY ("Vendor", STRING),
  KEY ("Version", STRING),
};

static const CimProperty component[] = {
  END ("GroupComponent", "CIM_ManagedSystemElement", .description = "The whole"),
  END ("PartComponent", "CIM_ManagedSystemElement", .description = "The part"),
};

static const CimProperty system_component[] = {
  END ("GroupComponent", "CIM_System", .description = "The system"),
  END ("PartComponent", "CIM_ManagedSystemElement", .description = "Its part"),
};

static const CimProperty system_device[] = {
  END ("GroupComponent", "CIM_System", .description = "The system"),
  END ("PartComponent", "CIM_LogicalDevice", .description = "Its device"),
};

static const CimProperty system_devices[] = {
  END ("GroupComponent", "Win32_ComputerSystem", .description = "The computer"),
  END ("PartComponent", "CIM_LogicalDevice", .description = "Its device"),
};

const CimDeclaration cim_family_win32_base[] = {
  CLASS ("CIM_ManagedSystemElement", NULL, BASE, "A part of a system",
         CIM_PROPERTIES (managed_system_element)),
  CLASS ("CIM_LogicalElement", "CIM_ManagedSystemElement", BASE,
         "A part of a system that one can't touch"),
  CLASS ("CIM_LogicalDevice", "CIM_LogicalElement", BASE, "A device of a system",
         CIM_PROPERTIES (logical_device)),
  CLASS ("CIM_Product", NULL, BASE, "Something that was bought", CIM_PROPERTIES (product)),
  CLASS ("CIM_Component", NULL, ASSOCIATION, "A whole and one of its parts",
         CIM_PROPERTIES (component)),
  CLASS ("CIM_SystemComponent", "CIM_Component", ASSOCIATION, "A system and one of its parts",
         CIM_PROPERTIES (system_component)),
  CLASS ("CIM_SystemDevice", "CIM_SystemComponent", ASSOCIATION, "A system and one of its devices",
         CIM_PROPERTIES (system_device)),
  CLASS ("Win32_SystemDevices", "CIM_SystemDevice", ASSOCIATION,
         "A computer and one of its devices", CIM_PROPERTIES (system_devices)),
  { .name = NULL },
};
