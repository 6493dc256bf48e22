/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/vm.h: virtual machines and their disks.
 *
 * Structs are made and freed by the library and may grow at their end; read them, never allocate
 * them yourself. Values; two threads may read one at the same time.
 */
#ifndef CAIRN_VM_H
#define CAIRN_VM_H

#include <glib.h>
#include <stdint.h>

#include <cairn/error.h>

G_BEGIN_DECLS

typedef struct
{
  char *identifier; /* InstanceID of the disk's Msvm_StorageAllocationSettingData; stable */
  char *target;     /* the guest's name of the disk ("vda"), unique in its VM */
  char *path;       /* absolute path of the active image */
  char *format;     /* by the image's magic: "qcow2", "raw", ...; "" when it couldn't be read */
  uint64_t virtual_size_bytes;
  GBytes *key; /* the passphrase of an encrypted image, when the hypervisor gives it; NULL = none.
                  It is never stored, printed or exported */
  gboolean is_medium; /* of a drive for removable media: no backup has it */
} CairnDisk;

CAIRN_API CairnDisk *cairn_disk_copy (const CairnDisk *disk);
CAIRN_API void cairn_disk_free (CairnDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDisk, cairn_disk_free)

typedef struct
{
  char *guid;         /* upper case; Msvm_ComputerSystem.Name, VirtualSystemIdentifier */
  char *name;         /* ElementName; unique among the VMs of a store */
  GPtrArray *disks;   /* of CairnDisk, owned, in the order given */
  GPtrArray *aliases; /* of char *, owned: GUIDs declared as this VM's former identities */
  gboolean is_domain; /* a hypervisor's: the store has its disks' identifiers and aliases only */
} CairnVm;

CAIRN_API CairnVm *cairn_vm_new (const char *guid, const char *name);
CAIRN_API CairnVm *cairn_vm_copy (const CairnVm *vm);
CAIRN_API void cairn_vm_free (CairnVm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnVm, cairn_vm_free)

/* The disk of that identifier or target, or NULL; borrowed. */
CAIRN_API CairnDisk *cairn_vm_find_disk (const CairnVm *vm, const char *identifier);
CAIRN_API CairnDisk *cairn_vm_find_target (const CairnVm *vm, const char *target);

G_END_DECLS

#endif
