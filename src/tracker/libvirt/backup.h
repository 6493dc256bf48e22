/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.h: a pull-mode backup job of libvirt: the disks of a running domain as they are at one
 * moment, and their bitmaps, served over NBD on a Unix socket.
 *
 * A domain has one job at a time. Ours lives in a directory of its own below the runtime directory
 * ($CAIRN_RUNTIME_DIR, else /run/cairn for root and $XDG_RUNTIME_DIR/cairn for others), which is
 * locked meanwhile: a job whose directory nobody has locked was left by a process that died. A
 * keeper (keeper.h) ends it at once; where that died too, the next job of ours or doctor does.
 */
#ifndef CAIRN_LIBVIRT_BACKUP_H
#define CAIRN_LIBVIRT_BACKUP_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/look.h"

/* How long one of our own jobs on the VM is waited for: one lasts some 100 ms. */
#define CAIRN_LIBVIRT_JOB_WAIT_MS 10000

typedef struct CairnLibvirtBackup CairnLibvirtBackup;

typedef struct
{
  GPtrArray *targets;         /* of char *: the disks to serve, as exports of these names */
  const char *const *bitmaps; /* parallel: served with each, also when libvirt has no checkpoint of
                                 that name; NULL, or one that is = none */
  const char *checkpoint_xml; /* a checkpoint made at the same moment; NULL = none */
  gboolean is_long;           /* scratch files go beside the images, for they may grow large */
  int64_t deadline;
} CairnLibvirtBackupOrder;

/* Begins a job. Errors: SYSTEM_IN_USE (another job is running), ACCESS_DENIED (the runtime
 * directory), INVALID_STATE (libvirt finds the bitmaps amiss), FAILED, TIMEOUT. */
CairnLibvirtBackup *cairn_libvirt_backup_begin (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                                                const CairnLibvirtBackupOrder *order,
                                                GError **error);

/* The same in two steps. The first waits for others and makes all ready, and needs ORDER's targets
 * and is_long only; not in the gate. The second may be tried again with another order of the same
 * targets. */
CairnLibvirtBackup *cairn_libvirt_backup_prepare (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                                                  const CairnLibvirtBackupOrder *order,
                                                  GError **error);
gboolean cairn_libvirt_backup_start (CairnLibvirtBackup *backup, CairnLibvirtLook *look,
                                     const CairnLibvirtBackupOrder *order, GError **error);

/* Tells others that the job goes on for long, under NAME (place.h). */
gboolean cairn_libvirt_backup_mark (const CairnLibvirtBackup *backup, const char *name,
                                    GError **error);

/* The directories (of char *) of the scratch files; borrowed. */
const GPtrArray *cairn_libvirt_backup_scratch_places (const CairnLibvirtBackup *backup);

/* The NBD server's socket; borrowed. */
const char *cairn_libvirt_backup_socket (const CairnLibvirtBackup *backup);

/* Ends the job, if it was begun and is there still, waits until it is gone, and frees BACKUP. */
void cairn_libvirt_backup_end (CairnLibvirtBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtBackup, cairn_libvirt_backup_end)

/* A job of ours that a process left, in words; NULL = none. The caller frees. */
char *cairn_libvirt_backup_find_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look);

/* Ends it. Nothing to end is fine. */
gboolean cairn_libvirt_backup_end_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                                            GError **error);

#endif
