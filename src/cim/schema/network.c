/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network ports of virtual machines and what they are connected to. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty ethernet[] = {
  PROPERTY ("DesiredVLANEndpointMode", UINT16,
            VALUES ("0", "Unknown", "2", "Access", "5", "Trunk", "8", "Other", "..",
                    "DMTF Reserved", "32768..65535", "Vendor Reserved")),
  PROPERTY ("OtherEndpointMode", STRING),
};

static const CimProperty msvm_ethernet[] = {
  PROPERTY ("EnabledState", UINT16, VALUES ("2", "Enabled", "3", "Disabled"),
            .description = "Whether the port is connected"),
  ARRAY ("RequiredFeatures", STRING),
  ARRAY ("RequiredFeatureHints", STRING),
  PROPERTY ("TestReplicaPoolID", STRING),
  PROPERTY ("TestReplicaSwitchName", STRING),
};

static const CimProperty synthetic[] = {
  ARRAY ("VirtualSystemIdentifiers", STRING),
  PROPERTY ("StaticMacAddress", BOOLEAN, .description = "Whether Address is given, not chosen"),
  PROPERTY ("ClusterMonitored", BOOLEAN),
};

static const CimProperty emulated[] = {
  ARRAY ("VirtualSystemIdentifiers", STRING),
  PROPERTY ("StaticMacAddress", BOOLEAN, .description = "Whether Address is given, not chosen"),
  PROPERTY ("ClusterMonitored", BOOLEAN),
};

static const CimProperty ethernet_switch[] = {
  PROPERTY ("MaxVMQOffloads", UINT32),
  PROPERTY ("MaxIOVOffloads", UINT32),
};

const CimDeclaration cim_family_network[] = {
  CLASS ("CIM_EthernetPortAllocationSettingData", "CIM_ResourceAllocationSettingData", BASE,
         "Settings of a network port or connection", CIM_PROPERTIES (ethernet)),
  CLASS ("Msvm_EthernetPortAllocationSettingData", "CIM_EthernetPortAllocationSettingData", DYNAMIC,
         "Settings of the connection between a network port and a switch",
         CIM_PROPERTIES (msvm_ethernet)),
  CLASS ("Msvm_SyntheticEthernetPortSettingData", "CIM_EthernetPortAllocationSettingData", DYNAMIC,
         "Settings of a paravirtual network port", CIM_PROPERTIES (synthetic)),
  CLASS ("Msvm_EmulatedEthernetPortSettingData", "CIM_EthernetPortAllocationSettingData", DYNAMIC,
         "Settings of a network port that is like a real one", CIM_PROPERTIES (emulated)),
  CLASS ("Msvm_VirtualEthernetSwitch", "CIM_ComputerSystem", DYNAMIC,
         "A bridge or network of the host that ports are connected to",
         CIM_PROPERTIES (ethernet_switch)),
  { .name = NULL },
};
