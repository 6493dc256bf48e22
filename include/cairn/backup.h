/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/backup.h: the data of a VM's disks, copied at a reference point and restored.
 *
 * A backup is a directory: for each disk an image, whole (full) or of what changed since an earlier
 * point (differential), the point's exported pair of files, and a manifest with checksums. Errors
 * and threads: cairn/service.h.
 */
#ifndef CAIRN_BACKUP_H
#define CAIRN_BACKUP_H

#include <cairn/service.h>

G_BEGIN_DECLS

typedef struct
{
  const char *since; /* a point whose backup this one is to follow; NULL = everything is copied */
  const char *owner; /* of the new point; NULL = $CAIRN_OWNER, else nobody's */
  const char *label; /* NULL = none */
  CairnConsistency consistency; /* 0 = crash; APPLICATION freezes the guest's file systems */
  const char *const *disks;   /* a NULL-ended list of VirtualDiskIdentifiers or targets to limit it
                                 to;   NULL = all */
  CairnProgressFunc progress; /* NULL: not told */
  gpointer user;
} CairnBackupOptions;

typedef struct
{
  char *target;
  char *path;
  gboolean is_differential;
  char *reason;          /* why it is full although `since` was given; "" otherwise */
  uint64_t copied_bytes; /* of the disk's data */
  char *identifier;      /* the VirtualDiskIdentifier */
} CairnBackupFile;

typedef struct
{
  char *instance_id;      /* of the point */
  GPtrArray *files;       /* of CairnBackupFile, owned, one for each disk */
  char *config_file_path; /* the point's exported pair */
  char *runtime_file_path;
} CairnBackup;

CAIRN_API void cairn_backup_free (CairnBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnBackup, cairn_backup_free)

/* Makes a new point of VM and copies its disks as of then into DIRECTORY, which is made when it
 * isn't there and may hold no backup yet. A VM that runs goes on running; no VM can start on the
 * disks of one that is shut off meanwhile. A disk that can't tell its changes since the point of
 * OPTIONS (may be NULL) is copied whole, that disk alone. After a failure there is neither point
 * nor file. The time limit is for all but the copying. *BACKUP (may be NULL) is the caller's.
 * Errors: those of create; NOT_SUPPORTED (a disk is encrypted), INVALID_PARAMETER (directory,
 * unknown point, another VM's), ACCESS_DENIED, SYSTEM_IN_USE, FAILED (stopped, disk full). */
CAIRN_API gboolean cairn_service_backup (CairnService *service, const char *vm,
                                         const char *directory, const CairnBackupOptions *options,
                                         CairnBackup **backup, GError **error);

/* ExportReferencePoint of a log-based point: what changed from the point SINCE of OPTIONS (NULL =
 * the log-based point before it) to POINT, from the logs kept, as files like a backup's. Owner,
 * label and consistency of OPTIONS don't count. Errors: INVALID_PARAMETER (unknown, not log-based,
 * a point that isn't older), INVALID_STATE (a log that is needed was removed, or never kept),
 * ACCESS_DENIED, INCORRECT_DATA_TYPE (a log isn't as it was written), FAILED. */
CAIRN_API gboolean cairn_service_export_log (CairnService *service, const char *point,
                                             const char *directory,
                                             const CairnBackupOptions *options,
                                             CairnBackup **backup, GError **error);

/* Destroys the points of VM that OWNER ("" = nobody; NULL = $CAIRN_OWNER, else nobody) has, oldest
 * first, but for the newest KEEP and those that a copy which stays known (of one of these, or of a
 * point of somebody else's) was made relative to. *DESTROYED (may be NULL), of char *
 * (InstanceIDs), is set also when one can't be destroyed, which ends the call; *KEPT (may be NULL),
 * the points of OWNER that stay, on success only. Errors: INVALID_PARAMETER, those of
 * destroy_reference_point. */
CAIRN_API gboolean cairn_service_prune (CairnService *service, const char *vm, guint keep,
                                        const char *owner, GPtrArray **destroyed, GPtrArray **kept,
                                        GError **error);

/* Verifies the backups in DIRECTORIES (NULL-ended absolute paths, oldest first): every checksum,
 * and that each differential image has its base before it. With TO (NULL = nothing is written)
 * makes the disks as of the last one: TO/TARGET.qcow2, which may not be there, and what else the
 * last one has of its VM (domain.xml with the restored disks in it, NVRAM, TPM state); TO is made
 * when it isn't there. *PATHS (may be NULL), of char *, is the caller's.
 * Errors: INCORRECT_DATA_TYPE (a file isn't as it was written, or they don't fit together),
 * FILE_NOT_FOUND, INVALID_PARAMETER, ACCESS_DENIED, SYSTEM_NOT_AVAILABLE, FAILED; the message names
 * the file or the directory. */
CAIRN_API gboolean cairn_backup_restore (const char *const *directories, const char *to,
                                         CairnProgressFunc progress, gpointer user,
                                         GPtrArray **paths, GError **error);

G_END_DECLS

#endif
