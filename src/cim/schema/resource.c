/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the resources of a virtual machine: processor, memory, disks, drives, controllers,
 * serial ports. */
#include "cim/schema/tables.h"

#define BASE    (CIM_ABSTRACT | CIM_IN_VIRTUALIZATION)
#define DYNAMIC (CIM_DYNAMIC | CIM_IN_VIRTUALIZATION)

static const CimProperty resource[] = {
  PROPERTY ("ResourceType", UINT16,
            VALUES ("1", "Other", "2", "Computer System", "3", "Processor", "4", "Memory", "5",
                    "IDE Controller", "6", "Parallel SCSI HBA", "7", "FC HBA", "8", "iSCSI HBA",
                    "9", "IB HCA", "10", "Ethernet Adapter", "11", "Other Network Adapter", "12",
                    "I/O Slot", "13", "I/O Device", "14", "Floppy Drive", "15", "CD Drive", "16",
                    "DVD drive", "17", "Disk Drive", "18", "Tape Drive", "19", "Storage Extent",
                    "20", "Other storage device", "21", "Serial port", "22", "Parallel port", "23",
                    "USB Controller", "24", "Graphics controller", "25", "IEEE 1394 Controller",
                    "26", "Partitionable Unit", "27", "Base Partitionable Unit", "28", "Power",
                    "29", "Cooling Capacity", "30", "Ethernet Switch Port", "31", "Logical Disk",
                    "32", "Storage Volume", "33", "Ethernet Connection", "..", "DMTF reserved",
                    "32768..65535", "Vendor Reserved")),
  PROPERTY ("OtherResourceType", STRING, .description = "What it is, when ResourceType is 1"),
  PROPERTY ("ResourceSubType", STRING, .description = "Microsoft:Hyper-V:..., the kind of device"),
  PROPERTY ("PoolID", STRING),
  PROPERTY ("ConsumerVisibility", UINT16,
            VALUES ("0", "Unknown", "2", "Passed-Through", "3", "Virtualized", "4",
                    "Not represented", "..", "DMTF reserved", "32767..65535", "Vendor Reserved")),
  ARRAY ("HostResource", STRING, .description = "What of the host is given: a disk's image file"),
  PROPERTY ("AllocationUnits", STRING, .description = "The unit of Reservation and Limit"),
  PROPERTY ("VirtualQuantity", UINT64, .description = "How much of it the virtual machine sees"),
  PROPERTY ("Reservation", UINT64, .description = "How much of it is there for sure"),
  PROPERTY ("Limit", UINT64, .description = "How much of it there is at most"),
  PROPERTY ("Weight", UINT32),
  PROPERTY ("AutomaticAllocation", BOOLEAN),
  PROPERTY ("AutomaticDeallocation", BOOLEAN),
  PROPERTY ("Parent", STRING, .description = "Object path of what it is plugged into"),
  ARRAY ("Connection", STRING, .description = "What it is connected to"),
  PROPERTY ("Address", STRING, .description = "Of a port: its MAC address"),
  PROPERTY ("MappingBehavior", UINT16,
            VALUES ("0", "Unknown", "2", "Not Supported", "3", "Dedicated", "4", "Soft Affinity",
                    "5", "Hard Affinity", "..", "DMTF Reserved", "32767..65535",
                    "Vendor Reserved")),
  PROPERTY ("AddressOnParent", STRING, .description = "The slot of the parent it is plugged into"),
  PROPERTY ("VirtualQuantityUnits", STRING, .description = "The unit of VirtualQuantity"),
};

static const CimProperty msvm_resource[] = {
  ARRAY ("VirtualSystemIdentifiers", STRING),
};

static const CimProperty storage[] = {
  PROPERTY ("VirtualResourceBlockSize", UINT64,
            .description = "Bytes in a unit of VirtualQuantity"),
  PROPERTY ("Access", UINT16,
            VALUES ("0", "Unknown", "1", "Readable", "2", "Writeable", "3", "Read/Write Supported",
                    "..", "DMTF Reserved")),
  PROPERTY ("HostResourceBlockSize", UINT64),
  PROPERTY ("HostExtentStartingAddress", UINT64),
  PROPERTY ("HostExtentName", STRING),
  PROPERTY ("HostExtentNameFormat", UINT16),
  PROPERTY ("OtherHostExtentNameFormat", STRING),
  PROPERTY ("HostExtentNameNamespace", UINT16),
  PROPERTY ("OtherHostExtentNameNamespace", STRING),
};

static const CimProperty msvm_storage[] = {
  PROPERTY ("IOPSLimit", UINT64, .description = "Operations a second at most; 0: no limit"),
  PROPERTY ("IOPSReservation", UINT64),
  PROPERTY ("IOPSAllocationUnits", STRING),
  PROPERTY ("PersistentReservationsSupported", BOOLEAN),
  PROPERTY ("CachingMode", UINT16,
            VALUES ("0", "Unknown", "2", "Caching Enabled", "3", "Caching Disabled on Writes", "4",
                    "Caching Fully Disabled")),
  PROPERTY ("SnapshotId", STRING),
  PROPERTY ("IgnoreFlushes", BOOLEAN),
  PROPERTY ("StorageQoSPolicyID", STRING),
  PROPERTY ("WriteHardeningMethod", UINT16,
            VALUES ("0", "Unknown", "2", "Host Flush", "3", "Host Write Through")),
};

static const CimProperty processor[] = {
  PROPERTY ("LimitCPUID", BOOLEAN),
  PROPERTY ("LimitProcessorFeatures", BOOLEAN),
  PROPERTY ("MaxProcessorsPerNumaNode", UINT64),
  PROPERTY ("MaxNumaNodesPerSocket", UINT64),
};

static const CimProperty memory[] = {
  PROPERTY ("MaxMemoryBlocksPerNumaNode", UINT64),
  PROPERTY ("TargetMemoryBuffer", UINT32),
  PROPERTY ("DynamicMemoryEnabled", BOOLEAN),
  PROPERTY ("IsVirtualized", BOOLEAN),
  PROPERTY ("SwapFilesInUse", BOOLEAN),
};

static const CimProperty serial_port[] = {
  ARRAY ("VirtualSystemIdentifiers", STRING),
  PROPERTY ("DebuggerMode", BOOLEAN),
};

const CimDeclaration cim_family_resource[] = {
  CLASS ("CIM_ResourceAllocationSettingData", "CIM_SettingData", BASE,
         "Settings of a resource of a virtual machine", CIM_PROPERTIES (resource)),
  CLASS ("Msvm_ResourceAllocationSettingData", "CIM_ResourceAllocationSettingData", DYNAMIC,
         "Settings of a drive or controller", CIM_PROPERTIES (msvm_resource)),
  CLASS ("CIM_StorageAllocationSettingData", "CIM_ResourceAllocationSettingData", BASE,
         "Settings of storage of a virtual machine", CIM_PROPERTIES (storage)),
  CLASS ("Msvm_StorageAllocationSettingData", "CIM_StorageAllocationSettingData", DYNAMIC,
         "Settings of a virtual disk: the medium in a drive", CIM_PROPERTIES (msvm_storage)),
  CLASS ("Msvm_ProcessorSettingData", "CIM_ResourceAllocationSettingData", DYNAMIC,
         "Settings of the processors", CIM_PROPERTIES (processor)),
  CLASS ("Msvm_MemorySettingData", "CIM_ResourceAllocationSettingData", DYNAMIC,
         "Settings of the memory", CIM_PROPERTIES (memory)),
  CLASS ("Msvm_SerialPortSettingData", "CIM_ResourceAllocationSettingData", DYNAMIC,
         "Settings of a serial port", CIM_PROPERTIES (serial_port)),
  { .name = NULL },
};
