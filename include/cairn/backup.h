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

/* Told on the calling thread, about ten times a second, how many of all bytes are done; FALSE stops
 * the call, of which nothing is left then. */
typedef gboolean (*CairnProgressFunc) (uint64_t done_bytes, uint64_t total_bytes, gpointer user);

typedef struct
{
  const char *since; /* a point whose backup this one is to follow; NULL = everything is copied */
  const char *owner; /* of the new point; NULL = $CAIRN_OWNER, else nobody's */
  const char *label; /* NULL = none */
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
} CairnBackupFile;

typedef struct
{
  char *instance_id; /* of the new point */
  GPtrArray *files;  /* of CairnBackupFile, owned, one for each disk */
} CairnBackup;

CAIRN_API void cairn_backup_free (CairnBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnBackup, cairn_backup_free)

/* Makes a new point of VM, which must be shut off, and copies its disks as of then into DIRECTORY,
 * which is made when it isn't there and may hold no backup yet. No VM can start on the disks
 * meanwhile. A disk that can't tell its changes since the point of OPTIONS (may be NULL) is copied
 * whole, that disk alone. After a failure there is neither point nor file. The time limit is for
 * all but the copying. *BACKUP (may be NULL) is the caller's.
 * Errors: those of create; NOT_SUPPORTED (the VM runs, a disk is encrypted), INVALID_PARAMETER
 * (directory, unknown point, another VM's), ACCESS_DENIED, FAILED (stopped, disk full). */
CAIRN_API gboolean cairn_service_backup (CairnService *service, const char *vm,
                                         const char *directory, const CairnBackupOptions *options,
                                         CairnBackup **backup, GError **error);

/* Verifies the backups in DIRECTORIES (NULL-ended absolute paths, oldest first): every checksum,
 * and that each differential image has its base before it. With TO (NULL = nothing is written)
 * makes the disks as of the last one: TO/TARGET.qcow2, which may not be there; TO is made when it
 * isn't there. *PATHS (may be NULL), of char *, is the caller's.
 * Errors: INCORRECT_DATA_TYPE (a file isn't as it was written, or they don't fit together),
 * FILE_NOT_FOUND, INVALID_PARAMETER, ACCESS_DENIED, SYSTEM_NOT_AVAILABLE, FAILED; the message names
 * the file or the directory. */
CAIRN_API gboolean cairn_backup_restore (const char *const *directories, const char *to,
                                         CairnProgressFunc progress, gpointer user,
                                         GPtrArray **paths, GError **error);

G_END_DECLS

#endif
