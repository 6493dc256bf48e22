/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers, drives and media of VMs. */
#include <string.h>

#include "provider/part.h"
#include "refpoint/guid.h"

#define RESOURCE_CLASS "Msvm_ResourceAllocationSettingData"

/* The GUIDs of Hyper-V's own device kinds. */
#define IDE_ID             "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
#define FLOPPY_ID          "8F0D2762-0B00-4E04-AF4F-19010527CB93"

#define READABLE           1
#define READABLE_WRITEABLE 3

/* ---- kinds ---- */

static void
fill_system (CimInstance *instance, const CairnPart *part)
{
  const char *guids[] = { part->hardware->vm->guid };

  cim_instance_set_texts (instance, "VirtualSystemIdentifiers", guids, 1);
}

static void
fill_scsi (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  fill_system (instance, part);
}

/* Clients tell channels apart by it. */
static void
fill_ide (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  g_autofree char *number = g_strdup_printf ("%u", part->number);

  fill_system (instance, part);
  cim_instance_set_text (instance, "Address", number);
}

static void
fill_floppy_controller (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  fill_system (instance, part);
  cim_instance_set_text (instance, "OtherResourceType", "Diskette Controller");
}

static void
fill_drive (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  g_autofree char *number = g_strdup_printf ("%u", part->number);

  fill_system (instance, part);
  cim_instance_set_text (instance, "AddressOnParent", number);
}

static void
fill_medium (CimCall *call, CimInstance *instance, const CairnPart *part)
{
  const CairnDisk *disk = part->device;
  const CairnDrive *drive = cairn_hardware_find_drive (part->hardware, disk->target);
  const char *path[] = { disk->path };
  gboolean is_cdrom = drive && drive->kind == CAIRN_DRIVE_CDROM;

  cim_instance_set_texts (instance, "HostResource", path, 1);
  cim_instance_set_number (instance, "Access", is_cdrom ? READABLE : READABLE_WRITEABLE);
  cim_instance_set_number (instance, "IOPSLimit", 0);
  cim_instance_set_number (instance, "IOPSReservation", 0);
  cim_instance_set_boolean (instance, "PersistentReservationsSupported", FALSE);
  cim_instance_set_boolean (instance, "IgnoreFlushes", FALSE);
}

static const CairnPartKind scsi_controller = {
  RESOURCE_CLASS, "Microsoft:Hyper-V:Synthetic SCSI Controller", 6, "SCSI Controller", fill_scsi,
};
static const CairnPartKind ide_channel = {
  RESOURCE_CLASS, "Microsoft:Hyper-V:Emulated IDE Controller", 5, "IDE Controller", fill_ide,
};
static const CairnPartKind floppy_controller = {
  RESOURCE_CLASS,
  "Microsoft:Hyper-V:Emulated Diskette Controller",
  1,
  "Diskette Controller",
  fill_floppy_controller,
};

/* Drives and what is in them. */
typedef struct
{
  CairnPartKind drive;
  CairnPartKind medium;
} Storage;

#define MEDIUM(sub_type, caption)                                                                  \
  {                                                                                                \
    "Msvm_StorageAllocationSettingData", sub_type, 31, caption, fill_medium                        \
  }

static const Storage hard_disk = {
  { RESOURCE_CLASS, "Microsoft:Hyper-V:Synthetic Disk Drive", 17, "Hard Drive", fill_drive },
  MEDIUM ("Microsoft:Hyper-V:Virtual Hard Disk", "Hard Disk Image"),
};
static const Storage cdrom = {
  { RESOURCE_CLASS, "Microsoft:Hyper-V:Synthetic DVD Drive", 16, "DVD Drive", fill_drive },
  MEDIUM ("Microsoft:Hyper-V:Virtual CD/DVD Disk", "ISO Disk Image"),
};
static const Storage floppy = {
  { RESOURCE_CLASS, "Microsoft:Hyper-V:Synthetic Diskette Drive", 14, "Diskette Drive",
    fill_drive },
  MEDIUM ("Microsoft:Hyper-V:Virtual Floppy Disk", "Floppy Disk Image"),
};

/* ---- controllers ---- */

/* One controller, or channel. */
static char *
controller_id (const CairnHardware *hardware, const CairnPartKind *kind, guint number)
{
  g_autofree char *guid = NULL;
  g_autofree char *name = NULL;

  if (kind == &scsi_controller)
    {
      g_autofree char *controller = g_strdup_printf ("controller\\scsi\\%u", number);

      guid = cairn_guid_derive (hardware->vm->guid, controller);
      name = g_strdup_printf ("%s\\0", guid);
    }
  else
    name = g_strdup_printf ("%s\\%u", kind == &ide_channel ? IDE_ID : FLOPPY_ID, number);
  return cairn_part_id (hardware, name);
}

static void
add_controllers (GPtrArray *parts, const CairnHardware *hardware, const CairnPartKind *kind,
                 guint n)
{
  for (guint i = 0; i < n; i++)
    cairn_part_add (parts, kind, controller_id (hardware, kind, i),
                    g_strdup_printf ("%s %u", kind->caption, i), hardware)
        ->number
        = i;
}

/* ---- where each disk sits ---- */

/* How many drives of each controller kind were given away. */
typedef struct
{
  guint n_scsi, n_ide, n_floppy;
} Slots;

typedef struct
{
  const Storage *storage;
  const CairnPartKind *controller; /* NULL: there is no place left */
  guint controller_number;
  guint address;
} Slot;

static Slot
slot_at (const Storage *storage, const CairnPartKind *controller, guint number,
         guint per_controller, guint controllers_max)
{
  if (number >= per_controller * controllers_max)
    return (Slot){ .storage = storage };
  return (Slot){ storage, controller, number / per_controller, number % per_controller };
}

static Slot
take_slot (Slots *slots, const CairnHardware *hardware, const CairnDisk *disk)
{
  const CairnDrive *drive = cairn_hardware_find_drive (hardware, disk->target);
  const Storage *storage = !drive                              ? &hard_disk
                           : drive->kind == CAIRN_DRIVE_FLOPPY ? &floppy
                                                               : &cdrom;

  if (storage == &floppy)
    return slot_at (storage, &floppy_controller, slots->n_floppy++, CAIRN_FLOPPIES_MAX, 1);
  if (storage == &cdrom && slots->n_ide < CAIRN_IDE_CHANNELS_MAX * CAIRN_IDE_DRIVES_MAX)
    return slot_at (storage, &ide_channel, slots->n_ide++, CAIRN_IDE_DRIVES_MAX,
                    CAIRN_IDE_CHANNELS_MAX);
  return slot_at (storage, &scsi_controller, slots->n_scsi++, CAIRN_SCSI_DRIVES_MAX,
                  CAIRN_SCSI_CONTROLLERS_MAX);
}

/* ---- drives and media ---- */

/* A medium's InstanceID ends in \L, its drive's in \D. */
char *
cairn_part_drive_id (const char *identifier)
{
  size_t length = strlen (identifier);
  gboolean has_ending = length > 2 && g_ascii_strcasecmp (identifier + length - 2, "\\L") == 0;
  g_autofree char *stem = g_strndup (identifier, has_ending ? length - 2 : length);

  return g_strconcat (stem, "\\D", NULL);
}

static void
add_drive (GPtrArray *parts, const CairnHardware *hardware, const CairnDisk *disk, const Slot *slot)
{
  CairnPart *part;

  if (!slot->controller)
    return;
  part = cairn_part_add (parts, &slot->storage->drive, cairn_part_drive_id (disk->identifier),
                         g_strdup (disk->target), hardware);
  part->parent = controller_id (hardware, slot->controller, slot->controller_number);
  part->parent_class = RESOURCE_CLASS;
  part->device = disk;
  part->number = slot->address;
}

/* An empty drive has no medium. */
static void
add_medium (GPtrArray *parts, const CairnHardware *hardware, const CairnDisk *disk,
            const Slot *slot)
{
  CairnPart *part;

  if (!*disk->path)
    return;
  part = cairn_part_add (parts, &slot->storage->medium, g_strdup (disk->identifier),
                         g_strdup (disk->target), hardware);
  part->device = disk;
  if (!slot->controller)
    return;
  part->parent = cairn_part_drive_id (disk->identifier);
  part->parent_class = RESOURCE_CLASS;
}

static guint
count_scsi_controllers (const Slots *slots)
{
  guint needed = (slots->n_scsi + CAIRN_SCSI_DRIVES_MAX - 1) / CAIRN_SCSI_DRIVES_MAX;

  return CLAMP (needed, 1, CAIRN_SCSI_CONTROLLERS_MAX);
}

void
cairn_parts_add_storage (GPtrArray *parts, const CairnHardware *hardware)
{
  const GPtrArray *disks = hardware->vm->disks;
  g_autofree Slot *places = g_new0 (Slot, disks->len + 1);
  Slots slots = { 0 };

  for (guint i = 0; i < disks->len; i++)
    places[i] = take_slot (&slots, hardware, disks->pdata[i]);
  add_controllers (parts, hardware, &scsi_controller, count_scsi_controllers (&slots));
  add_controllers (parts, hardware, &ide_channel, slots.n_ide ? CAIRN_IDE_CHANNELS_MAX : 0);
  add_controllers (parts, hardware, &floppy_controller, slots.n_floppy ? 1 : 0);
  for (guint i = 0; i < disks->len; i++)
    add_drive (parts, hardware, disks->pdata[i], &places[i]);
  for (guint i = 0; i < disks->len; i++)
    add_medium (parts, hardware, disks->pdata[i], &places[i]);
}
