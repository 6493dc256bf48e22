/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* part.h: the resources of a VM: processors, memory, controllers, drives, media, ports.
 *
 * A VM's parts are listed in an order of their own, in which disks stand as in the VM (and as in a
 * reference point's VirtualDiskIdentifiers); positions are looked for, not compared.
 *
 * How the disks of a VM sit, as clients of Hyper-V expect it and whatever QEMU's buses are:
 *
 *   SCSI controller 0..3    64 disks each; the first one is always there
 *   IDE channel 0, 1        2 removable media each, when there are any; more go to SCSI
 *   floppy controller       2 floppies, when there are any
 *
 * Source: cases K8, K9 of what libvirt's Hyper-V driver needs: at most 4 SCSI controllers, an IDE
 * channel's address 0 or 1, drives below 64 and 2, no medium without a drive on a controller.
 */
#ifndef CAIRN_PART_H
#define CAIRN_PART_H

#include <cairn/snapshot.h>

#include "cim/provider.h"
#include "refpoint/hardware.h"

#define CAIRN_SCSI_CONTROLLERS_MAX 4u
#define CAIRN_SCSI_DRIVES_MAX      64u
#define CAIRN_IDE_CHANNELS_MAX     2u
#define CAIRN_IDE_DRIVES_MAX       2u
#define CAIRN_FLOPPIES_MAX         2u

typedef struct CairnPart CairnPart;

/* What the parts of one kind are. */
typedef struct
{
  const char *class_name;
  const char *sub_type; /* ResourceSubType */
  guint resource_type;
  const char *caption;

  /* Sets what isn't common to all; NULL: nothing. */
  void (*fill) (CimCall *call, CimInstance *instance, const CairnPart *part);
} CairnPartKind;

struct CairnPart
{
  const CairnPartKind *kind;
  char *id;                      /* InstanceID */
  char *parent;                  /* the parent part's; NULL = none */
  const char *parent_class;      /* its class; static */
  char *name;                    /* ElementName */
  const CairnHardware *hardware; /* borrowed; NULL: it is no VM's but a definition, or of a recovery
                                    checkpoint */
  gconstpointer device;          /* the kind's own, borrowed from hardware */
  guint number;                  /* its address, on its parent or among its like */
};

void cairn_part_free (CairnPart *part);

/* Appends one; ID, PARENT and NAME are taken over. */
CairnPart *cairn_part_add (GPtrArray *parts, const CairnPartKind *kind, char *id, char *name,
                           const CairnHardware *hardware);

/* All parts (of CairnPart) of a VM; NULL: those that define what VMs may have. */
GPtrArray *cairn_parts_of (const CairnHardware *hardware);

/* The disks of a recovery checkpoint, which has no other parts. */
GPtrArray *cairn_parts_of_snapshot (const CairnSnapshot *snapshot);

/* The InstanceID of its disk that the VM has as IDENTIFIER: with its own GUID in the VM's place. */
char *cairn_part_snapshot_disk_id (const CairnSnapshot *snapshot, const char *identifier);

/* The InstanceID of the drive that the disk IDENTIFIER sits in. */
char *cairn_part_drive_id (const char *identifier);

/* "Microsoft:<VM>\<NAME>". */
char *cairn_part_id (const CairnHardware *hardware, const char *name);

/* The parts of each file, appended. */
void cairn_parts_add_basic (GPtrArray *parts, const CairnHardware *hardware);
void cairn_parts_add_storage (GPtrArray *parts, const CairnHardware *hardware);
void cairn_parts_add_network (GPtrArray *parts, const CairnHardware *hardware);
void cairn_parts_add_definitions (GPtrArray *parts);

CimInstance *cairn_part_make (CimCall *call, const CimClass *class, const CairnPart *part);

#endif
