/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.h: one backup on its way.
 *
 * Order: intent, bitmaps and views in one step (the tracker's freeze), what changed, files under
 * temporary names; then one transaction makes the point true and says that the files are to be
 * renamed. Until then a crash leaves what the intent has removed, afterwards what it completes.
 */
#ifndef CAIRN_REFPOINT_BACKUP_H
#define CAIRN_REFPOINT_BACKUP_H

#include <cairn/backup.h>

#include "refpoint/data.h"
#include "refpoint/frozen.h"
#include "refpoint/operation.h"

/* One disk of it. */
typedef struct
{
  const CairnDisk *disk; /* borrowed */
  CairnDataDisk image;   /* its strings are owned */
  GArray *extents;       /* what changed; NULL = all is copied */
  CairnDataPlan *plan;
} CairnBackupDisk;

typedef struct
{
  CairnService *service;             /* borrowed */
  const CairnBackupOptions *options; /* borrowed */
  const CairnDataModule *module;     /* borrowed */
  char *directory;
  gboolean made_directory;
  gboolean is_half_published; /* recovery is to finish it */
  CairnOperation *operation;
  CairnPoint *base;   /* NULL = none */
  CairnPoint *point;  /* the new one */
  GPtrArray *tracked; /* of CairnDisk, borrowed */
  CairnIntent *intent;
  CairnFrozen *frozen;
  GPtrArray *disks; /* of CairnBackupDisk, all of the VM's */
  uint64_t total_bytes, done_bytes;
} CairnBackingUp;

void cairn_backup_disk_free (CairnBackupDisk *disk);

/* Finds for every disk what changed since the base, or why it must be copied whole, and plans its
 * image. Under the freeze. */
gboolean cairn_backup_plan (CairnBackingUp *backing, GError **error);

/* Writes all files under the temporary names of the intent, which knows them. */
gboolean cairn_backup_write (CairnBackingUp *backing, GError **error);

#endif
