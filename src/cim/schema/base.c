/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all classes of root/virtualization/v2 derive from. */
#include "cim/schema/tables.h"

#define BASE        (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define ASSOCIATION (CIM_ABSTRACT | CIM_ASSOCIATION | CIM_IN_VIRTUALIZATION)

static const CimProperty managed_element[] = {
  PROPERTY ("InstanceID", STRING, .description = "Identifies the instance; opaque to clients"),
  PROPERTY ("Caption", STRING, .max_len = 64, .description = "A short text on the object"),
  PROPERTY ("Description", STRING, .description = "A text on the object"),
  PROPERTY ("ElementName", STRING, .description = "A name for people; not unique"),
};

static const CimProperty managed_system_element[] = {
  PROPERTY ("InstallDate", DATETIME, .description = "When the object was installed"),
  PROPERTY ("Name", STRING, .max_len = 1024, .description = "The label the object is known by"),
  ARRAY ("OperationalStatus", UINT16,
         VALUES ("0", "Unknown", "1", "Other", "2", "OK", "3", "Degraded", "4", "Stressed", "5",
                 "Predictive Failure", "6", "Error", "7", "Non-Recoverable Error", "8", "Starting",
                 "9", "Stopping", "10", "Stopped", "11", "In Service", "12", "No Contact", "13",
                 "Lost Communication", "14", "Aborted", "15", "Dormant", "16",
                 "Supporting Entity in Error", "17", "Completed", "18", "Power Mode", "..",
                 "DMTF Reserved", "32768..", "Vendor Reserved"),
         .description = "States of the element; the first is the primary one"),
  ARRAY ("StatusDescriptions", STRING,
         .description = "A text for each member of OperationalStatus"),
  PROPERTY ("Status", STRING, .max_len = 10, .description = "The primary state, as one word"),
  PROPERTY ("HealthState", UINT16,
            VALUES ("0", "Unknown", "5", "OK", "10", "Degraded/Warning", "15", "Minor failure",
                    "20", "Major failure", "25", "Critical failure", "30", "Non-recoverable error",
                    "..", "DMTF Reserved"),
            .description = "Health of the element, not of its parts"),
  PROPERTY ("CommunicationStatus", UINT16,
            VALUES ("0", "Unknown", "1", "Not Available", "2", "Communication OK", "3",
                    "Lost Communication", "4", "No Contact", "..", "DMTF Reserved", "32768..",
                    "Vendor Reserved")),
  PROPERTY ("DetailedStatus", UINT16,
            VALUES ("0", "Not Available", "1", "No Additional Information", "2", "Stressed", "3",
                    "Predictive Failure", "4", "Non-Recoverable Error", "5",
                    "Supporting Entity in Error", "..", "DMTF Reserved", "32768..",
                    "Vendor Reserved")),
  PROPERTY ("OperatingStatus", UINT16,
            VALUES ("0", "Unknown", "1", "Not Available", "2", "Servicing", "3", "Starting", "4",
                    "Stopping", "5", "Stopped", "6", "Aborted", "7", "Dormant", "8", "Completed",
                    "9", "Migrating", "10", "Emigrating", "11", "Immigrating", "12", "Snapshotting",
                    "13", "Shutting Down", "14", "In Test", "15", "Transitioning", "16",
                    "In Service", "..", "DMTF Reserved", "32768..", "Vendor Reserved")),
  PROPERTY ("PrimaryStatus", UINT16,
            VALUES ("0", "Unknown", "1", "OK", "2", "Degraded", "3", "Error", "..", "DMTF Reserved",
                    "32768..", "Vendor Reserved")),
};

static const char *const requested_states[]
    = VALUE_MAP ("2", "Enabled", "3", "Disabled", "4", "Shut Down", "6", "Offline", "7", "Test",
                 "8", "Defer", "9", "Quiesce", "10", "Reboot", "11", "Reset", "..", "DMTF Reserved",
                 "32768..65535", "Vendor Reserved");

static const CimProperty enabled_logical_element[] = {
  PROPERTY ("EnabledState", UINT16,
            VALUES ("0", "Unknown", "1", "Other", "2", "Enabled", "3", "Disabled", "4",
                    "Shutting Down", "5", "Not Applicable", "6", "Enabled but Offline", "7",
                    "In Test", "8", "Deferred", "9", "Quiesce", "10", "Starting", "11..32767",
                    "DMTF Reserved", "32768..65535", "Vendor Reserved"),
            .description = "Whether the element is enabled, and the ways from and to there"),
  PROPERTY ("OtherEnabledState", STRING, .description = "The state, when EnabledState is 1"),
  PROPERTY ("RequestedState", UINT16,
            VALUES ("0", "Unknown", "2", "Enabled", "3", "Disabled", "4", "Shut Down", "5",
                    "No Change", "6", "Offline", "7", "Test", "8", "Deferred", "9", "Quiesce", "10",
                    "Reboot", "11", "Reset", "12", "Not Applicable", "..", "DMTF Reserved",
                    "32768..65535", "Vendor Reserved"),
            .description = "The state that was asked for last"),
  PROPERTY ("EnabledDefault", UINT16,
            VALUES ("2", "Enabled", "3", "Disabled", "5", "Not Applicable", "6",
                    "Enabled but Offline", "7", "No Default", "9", "Quiesce", "..", "DMTF Reserved",
                    "32768..65535", "Vendor Reserved")),
  PROPERTY ("TimeOfLastStateChange", DATETIME, .description = "When EnabledState changed last"),
  ARRAY ("AvailableRequestedStates", UINT16, .values = requested_states),
  PROPERTY ("TransitioningToState", UINT16,
            VALUES ("0", "Unknown", "2", "Enabled", "3", "Disabled", "4", "Shut Down", "5",
                    "No Change", "6", "Offline", "7", "Test", "8", "Defer", "9", "Quiesce", "10",
                    "Reboot", "11", "Reset", "12", "Not Applicable", "..", "DMTF Reserved")),
};

static const CimProperty request_state_change[] = {
  IN ("RequestedState", UINT16, .values = requested_states),
  JOB,
  IN ("TimeoutPeriod", DATETIME, .description = "An interval; null: however long it takes"),
};

static const CimMethod enabled_logical_element_methods[] = {
  METHOD ("RequestStateChange", request_state_change, cim_values_return_state_change,
          "Asks for another EnabledState"),
};

static const CimProperty service[] = {
  KEY ("SystemCreationClassName", STRING, .max_len = 256,
       .description = "Class of the system that hosts the service"),
  KEY ("SystemName", STRING, .max_len = 256, .description = "Name of that system"),
  KEY ("CreationClassName", STRING, .max_len = 256, .description = "The class of the service"),
  KEY ("Name", STRING, .max_len = 256, .description = "The name of the service; it never changes"),
  PROPERTY ("PrimaryOwnerName", STRING, .max_len = 64),
  PROPERTY ("PrimaryOwnerContact", STRING, .max_len = 256),
  PROPERTY ("StartMode", STRING, .max_len = 10),
  PROPERTY ("Started", BOOLEAN, .description = "Whether the service runs"),
};

static const CimMethod service_methods[] = {
  METHOD_WITHOUT_PARAMETERS ("StartService", cim_values_return_service, "Starts the service"),
  METHOD_WITHOUT_PARAMETERS ("StopService", cim_values_return_service, "Stops the service"),
};

static const CimProperty setting_data[] = {
  KEY ("InstanceID", STRING, .description = "Identifies the settings; opaque to clients"),
};

static const CimProperty dependency[] = {
  END ("Antecedent", "CIM_ManagedElement", .description = "What the dependent one relies on"),
  END ("Dependent", "CIM_ManagedElement", .description = "What relies on the antecedent"),
};

static const CimProperty hosted_service[] = {
  END ("Antecedent", "CIM_ManagedElement", .description = "The hosting system"),
  END ("Dependent", "CIM_Service", .description = "The service"),
};

static const CimProperty component[] = {
  END ("GroupComponent", "CIM_ManagedElement", .description = "The whole"),
  END ("PartComponent", "CIM_ManagedElement", .description = "The part"),
};

static const CimProperty settings_define_state[] = {
  END ("ManagedElement", "CIM_ManagedElement", .description = "What the settings are for"),
  END ("SettingData", "CIM_SettingData", .description = "The settings in force"),
};

static const CimProperty element_setting_data[] = {
  END ("ManagedElement", "CIM_ManagedElement", .description = "What the settings are for"),
  END ("SettingData", "CIM_SettingData", .description = "The settings"),
  PROPERTY ("IsDefault", UINT16, VALUES ("0", "Unknown", "1", "Is Default", "2", "Is Not Default")),
  PROPERTY ("IsCurrent", UINT16, VALUES ("0", "Unknown", "1", "Is Current", "2", "Is Not Current")),
  PROPERTY (
      "IsNext", UINT16,
      VALUES ("0", "Unknown", "1", "Is Next", "2", "Is Not Next", "3", "Is Next For Single Use")),
};

const CimDeclaration cim_family_base[] = {
  CLASS ("CIM_ManagedElement", NULL, BASE, "Whatever is managed", CIM_PROPERTIES (managed_element)),
  CLASS ("CIM_ManagedSystemElement", "CIM_ManagedElement", BASE, "A part of a system",
         CIM_PROPERTIES (managed_system_element)),
  CLASS ("CIM_LogicalElement", "CIM_ManagedSystemElement", BASE,
         "A part of a system that one can't touch"),
  CLASS ("CIM_EnabledLogicalElement", "CIM_LogicalElement", BASE,
         "A part of a system that can be enabled and disabled",
         CIM_PROPERTIES (enabled_logical_element), CIM_METHODS (enabled_logical_element_methods)),
  CLASS ("CIM_Service", "CIM_EnabledLogicalElement", BASE,
         "Something a system does for its clients", CIM_PROPERTIES (service),
         CIM_METHODS (service_methods)),
  CLASS ("CIM_SettingData", "CIM_ManagedElement", BASE, "Settings of an element",
         CIM_PROPERTIES (setting_data)),
  CLASS ("CIM_Dependency", NULL, ASSOCIATION, "One element relies on another",
         CIM_PROPERTIES (dependency)),
  CLASS ("CIM_HostedDependency", "CIM_Dependency", ASSOCIATION, "One element lives on another"),
  CLASS ("CIM_HostedService", "CIM_HostedDependency", ASSOCIATION, "A service and its host",
         CIM_PROPERTIES (hosted_service)),
  CLASS ("Msvm_HostedService", "CIM_HostedService", CIM_DYNAMIC | CIM_IN_VIRTUALIZATION,
         "A service of this namespace and the hosting computer system"),
  CLASS ("CIM_Component", NULL, ASSOCIATION, "A whole and one of its parts",
         CIM_PROPERTIES (component)),
  CLASS ("CIM_SettingsDefineState", NULL, ASSOCIATION, "An element and the settings in force",
         CIM_PROPERTIES (settings_define_state)),
  CLASS ("CIM_ElementSettingData", NULL, ASSOCIATION, "An element and settings that it may have",
         CIM_PROPERTIES (element_setting_data)),
  { .name = NULL },
};
