/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hardware.h: what a VM is made of and how it is, for those who describe it: nothing that change
 * tracking needs.
 *
 * Values, made by a tracker's list_hardware and freed by the caller.
 */
#ifndef CAIRN_HARDWARE_H
#define CAIRN_HARDWARE_H

#include <cairn/vm.h>

/* Msvm_ComputerSystem.EnabledState. */
typedef enum
{
  CAIRN_POWER_UNKNOWN = 0,
  CAIRN_POWER_RUNNING = 2,
  CAIRN_POWER_OFF = 3,
  CAIRN_POWER_STOPPING = 4,
  CAIRN_POWER_SAVED = 6,
  CAIRN_POWER_PAUSED = 9,
} CairnPower;

typedef enum
{
  CAIRN_DRIVE_CDROM,
  CAIRN_DRIVE_FLOPPY,
} CairnDriveKind;

/* A drive for removable media. It is one of vm->disks too, by its target, with an empty path when
 * there is no medium. */
typedef struct
{
  CairnDriveKind kind;
  char *target;
} CairnDrive;

void cairn_drive_free (CairnDrive *drive);

typedef struct
{
  char *mac;    /* 12 hex digits, upper case */
  char *bridge; /* of the bridge, or libvirt's network; NULL = none */
  char *target; /* the host's device; NULL */
  gboolean is_up;
} CairnNic;

void cairn_nic_free (CairnNic *nic);

typedef struct
{
  CairnVm *vm; /* owned; as the service gives it, but no disk is looked into: format is what the
                  hypervisor's description or the store says, size and key may be missing */
  CairnPower power;
  uint64_t memory_bytes;         /* now */
  uint64_t memory_maximum_bytes; /* configured */
  guint n_processors;            /* now */
  guint n_processors_maximum;
  gboolean starts_with_host;
  gint64 process_id;  /* QEMU's; 0 = none or unknown */
  uint64_t uptime_ms; /* since the start of that process; 0 = off or unknown */
  gboolean is_uefi, has_secure_boot;
  char *description;  /* NULL */
  GPtrArray *drives;  /* of CairnDrive */
  GPtrArray *nics;    /* of CairnNic */
  GPtrArray *serials; /* of char *: what each serial port is connected to; "" = nothing known */
} CairnHardware;

CairnHardware *
cairn_hardware_new (CairnVm *vm); /* takes over VM: off, one processor, nothing else known */
void cairn_hardware_free (CairnHardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnHardware, cairn_hardware_free)

typedef struct CairnService CairnService;

/* The drive for removable media of that target, or NULL: it is an ordinary disk. Borrowed. */
const CairnDrive *cairn_hardware_find_drive (const CairnHardware *hardware, const char *target);

/* All VMs (of CairnHardware), by GUID, or one by name or GUID; for trackers that know no more than
 * images, shut-off ones. Errors: those of cairn_service_list_vms and get_vm. */
GPtrArray *cairn_service_list_hardware (CairnService *service, GError **error);
CairnHardware *cairn_service_get_hardware (CairnService *service, const char *vm, GError **error);

#endif
