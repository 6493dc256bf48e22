/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/snapshot.h: recovery checkpoints: all disks of a VM held readable as they were at one
 * moment, together with the change tracking that begins there.
 *
 * A VM that runs goes on running: what it overwrites is kept aside. One that is shut off can't
 * start meanwhile. A recovery checkpoint is either converted into a reference point or destroyed.
 * It is held by a process that stands by in the background until then; when its lease is over, or
 * the process it is for ends, it is destroyed, and when nobody holds it any more (a crash) the next
 * call of whatever kind does so.
 *
 * Structs are made and freed by the library and may grow at their end. Errors and threads:
 * cairn/service.h.
 * Source: Msvm_VirtualSystemSnapshotService, VirtualSystemType
 * "Microsoft:Hyper-V:Snapshot:Recovery".
 */
#ifndef CAIRN_SNAPSHOT_H
#define CAIRN_SNAPSHOT_H

#include <cairn/backup.h>
#include <cairn/service.h>

G_BEGIN_DECLS

#define CAIRN_LEASE_DEFAULT_MS (24 * 60 * 60 * INT64_C (1000))

/* A disk as it is held. */
typedef struct
{
  char *identifier; /* of the VM's disk */
  char *target;
  char *address; /* where it is read: an image's path, or "nbd+unix:///TARGET?socket=PATH" */
  uint64_t virtual_size_bytes;
} CairnFrozenDisk;

CAIRN_API void cairn_frozen_disk_free (CairnFrozenDisk *disk);

typedef struct
{
  char *instance_id;  /* "Microsoft:<GUID>"; the GUID is that of the point it becomes */
  CairnPoint *point;  /* owned; VM, owner, label, creation time. No reference point before
                         conversion: nothing lists it */
  int64_t expires_ms; /* end of the lease, milliseconds since 1970-01-01 UTC; 0 = it belongs to an
                         operation under way, and ends with it */
  int64_t holder_pid; /* the process that holds it */
  GPtrArray *disks;   /* of CairnFrozenDisk, owned: every disk of the VM */
} CairnSnapshot;

CAIRN_API CairnSnapshot *cairn_snapshot_new (void); /* with a new point */
CAIRN_API void cairn_snapshot_free (CairnSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnSnapshot, cairn_snapshot_free)

typedef struct
{
  CairnConsistency consistency; /* 0 = crash; APPLICATION freezes the guest's file systems */
  const char *owner;            /* NULL = $CAIRN_OWNER, else nobody's */
  const char *label;            /* NULL = none */
  int64_t lease_ms;             /* 0 = CAIRN_LEASE_DEFAULT_MS */
  int64_t while_pid; /* it lasts no longer than this process; 0 = only as the lease says */
} CairnFreezeOptions;

/* CreateSnapshot with SnapshotType 32768. A VM has one recovery checkpoint at a time. OPTIONS may
 * be NULL; *SNAPSHOT is the caller's. Errors: those of create_reference_point; SYSTEM_IN_USE (the
 * VM has one already), INVALID_PARAMETER (options), SYSTEM_NOT_AVAILABLE (nobody can hold it). */
CAIRN_API gboolean cairn_service_create_snapshot (CairnService *service, const char *vm,
                                                  const CairnFreezeOptions *options,
                                                  CairnSnapshot **snapshot, GError **error);

/* ConvertToReferencePoint: the held view ends, the point remains. SNAPSHOT is an InstanceID or a
 * GUID here and below. *POINT (may be NULL) is the caller's. Errors: INVALID_PARAMETER (unknown),
 * SYSTEM_IN_USE. */
CAIRN_API gboolean cairn_service_convert_to_reference_point (CairnService *service,
                                                             const char *snapshot,
                                                             CairnPoint **point, GError **error);

/* DestroySnapshot: view and point go. OWNER and FORCE as for destroy_reference_point. */
CAIRN_API gboolean cairn_service_destroy_snapshot (CairnService *service, const char *snapshot,
                                                   const char *owner, gboolean force,
                                                   GError **error);

/* Recovery checkpoints (of CairnSnapshot) of VM, or of all VMs (NULL), oldest first. */
CAIRN_API GPtrArray *cairn_service_list_snapshots (CairnService *service, const char *vm,
                                                   GError **error);
CAIRN_API CairnSnapshot *cairn_service_get_snapshot (CairnService *service, const char *snapshot,
                                                     GError **error);

/* ExportSystemDefinition of a recovery checkpoint: DIRECTORY gets what cairn_service_backup makes,
 * of SINCE (of OPTIONS) too; owner, label and consistency of OPTIONS don't count. The checkpoint
 * stays. Errors: those of cairn_service_backup; STATUS_UNKNOWN (nobody holds it any more). */
CAIRN_API gboolean cairn_service_export_snapshot (CairnService *service, const char *snapshot,
                                                  const char *directory,
                                                  const CairnBackupOptions *options,
                                                  CairnBackup **backup, GError **error);

G_END_DECLS

#endif
