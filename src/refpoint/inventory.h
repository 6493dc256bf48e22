/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inventory.h: all that is found on a VM's disks and in its hypervisor's records, for doctor. Plain
 * values, owned by the inventory.
 */
#ifndef CAIRN_INVENTORY_H
#define CAIRN_INVENTORY_H

#include <cairn/verdict.h>
#include <cairn/vm.h>

/* A bitmap on the active layer of a disk. */
typedef struct
{
  const CairnDisk *disk; /* borrowed from the VM */
  char *name;
  gboolean is_in_use;    /* left so by a crash */
  gboolean is_recording; /* enabled */
} CairnFoundBitmap;

/* A record of a point that the hypervisor keeps (libvirt: a checkpoint). */
typedef struct
{
  char *name;
  char *parent; /* the record it says it follows; NULL = none */
} CairnFoundRecord;

typedef struct
{
  GPtrArray *bitmaps;   /* of CairnFoundBitmap */
  GPtrArray *records;   /* of CairnFoundRecord, parents first; empty where there are none */
  GPtrArray *unread;    /* of CairnDiskVerdict: disks that couldn't be looked at, and why */
  gboolean has_records; /* FALSE: this tracker's VMs have no such records */
  char *leftover_job;   /* a job of ours whose process died, in words; NULL = none */
} CairnInventory;

CairnInventory *cairn_inventory_new (void);
void cairn_inventory_free (CairnInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnInventory, cairn_inventory_free)

#endif
