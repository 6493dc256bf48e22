/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors, memory and serial ports of VMs. */
#include "provider/part.h"

/* The GUIDs of Hyper-V's own device kinds. */
#define PROCESSOR_ID  "B637F346-6A0E-4DEC-AF52-BD70CB80A21D"
#define MEMORY_ID     "4764334D-E001-4176-82EE-5594EC9B530E"
#define SERIAL_ID     "8E3A359F-559A-4B6A-98A9-1690A6100ED7"

#define BYTES_PER_MIB (1u << 20)

/* What any VM may have: QEMU's machine type "pc" takes no more. */
#define PROCESSORS_MAX 255u

/* ---- processors ---- */

static void
fill_processor (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  guint n = part->hardware ? part->hardware->n_processors : PROCESSORS_MAX;

  cim_instance_set_text (instance, "AllocationUnits", "percent / 1000");
  cim_instance_set_number (instance, "VirtualQuantity", n);
  cim_instance_set_number (instance, "Reservation", 0);
  cim_instance_set_number (instance, "Limit", 100000); /* all of each */
  cim_instance_set_number (instance, "Weight", 100);
  cim_instance_set_boolean (instance, "LimitCPUID", FALSE);
  cim_instance_set_boolean (instance, "LimitProcessorFeatures", FALSE);
  cim_instance_set_number (instance, "MaxProcessorsPerNumaNode", n);
  cim_instance_set_number (instance, "MaxNumaNodesPerSocket", 1);
}

static const CairnPartKind processor = {
  .class_name = "Msvm_ProcessorSettingData",
  .sub_type = "Microsoft:Hyper-V:Processor",
  .resource_type = 3,
  .caption = "Processor",
  .fill = fill_processor,
};

void
cairn_parts_add_definitions (GPtrArray *parts)
{
  cairn_part_add (parts, &processor, g_strdup ("Microsoft:Definition\\" PROCESSOR_ID "\\Maximum"),
                  g_strdup ("Processor"), NULL);
}

/* ---- memory ---- */

static void
fill_memory (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  uint64_t now_mib = part->hardware->memory_bytes / BYTES_PER_MIB;
  uint64_t most_mib = part->hardware->memory_maximum_bytes / BYTES_PER_MIB;

  cim_instance_set_text (instance, "AllocationUnits", "byte * 2^20");
  cim_instance_set_text (instance, "VirtualQuantityUnits", "byte * 2^20");
  cim_instance_set_number (instance, "VirtualQuantity", now_mib);
  cim_instance_set_number (instance, "Reservation", now_mib);
  cim_instance_set_number (instance, "Limit", most_mib);
  cim_instance_set_number (instance, "Weight", 5000);
  cim_instance_set_boolean (instance, "DynamicMemoryEnabled", now_mib != most_mib);
  cim_instance_set_boolean (instance, "IsVirtualized", TRUE);
  cim_instance_set_boolean (instance, "SwapFilesInUse", FALSE);
}

static const CairnPartKind memory = {
  .class_name = "Msvm_MemorySettingData",
  .sub_type = "Microsoft:Hyper-V:Memory",
  .resource_type = 4,
  .caption = "Memory",
  .fill = fill_memory,
};

/* ---- serial ports ---- */

static void
fill_serial (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  const char *connection[] = { part->device };

  cim_instance_set_boolean (instance, "DebuggerMode", FALSE);
  if (*connection[0])
    cim_instance_set_texts (instance, "Connection", connection, 1);
}

static const CairnPartKind serial = {
  .class_name = "Msvm_SerialPortSettingData",
  .sub_type = "Microsoft:Hyper-V:Serial Port",
  .resource_type = 21,
  .caption = "Serial Port",
  .fill = fill_serial,
};

static void
add_serials (GPtrArray *parts, const CairnHardware *hardware)
{
  for (guint i = 0; i < hardware->serials->len; i++)
    {
      g_autofree char *name = g_strdup_printf (SERIAL_ID "\\%u", i);
      CairnPart *part = cairn_part_add (parts, &serial, cairn_part_id (hardware, name),
                                        g_strdup_printf ("COM %u", i + 1), hardware);

      part->device = hardware->serials->pdata[i];
      part->number = i;
    }
}

void
cairn_parts_add_basic (GPtrArray *parts, const CairnHardware *hardware)
{
  cairn_part_add (parts, &processor, cairn_part_id (hardware, PROCESSOR_ID "\\0"),
                  g_strdup ("Processor"), hardware);
  cairn_part_add (parts, &memory, cairn_part_id (hardware, MEMORY_ID), g_strdup ("Memory"),
                  hardware);
  add_serials (parts, hardware);
}
