/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backing.h: disks, as of a point, on their way into a directory.
 *
 * Order: intent, files under temporary names; then one transaction records the copies, says that
 * the files are to be renamed, and whatever else COMPLETE adds to it (a backup: its point becomes
 * true). Until then a crash leaves what the intent has removed, afterwards what it completes. The
 * intent has a lock of its own: the VM is others' meanwhile.
 */
#ifndef CAIRN_BACKING_H
#define CAIRN_BACKING_H

#include <cairn/backup.h>

#include "refpoint/base.h"
#include "refpoint/data.h"
#include "refpoint/frozen.h"
#include "refpoint/store.h"

/* One disk of it. */
typedef struct
{
  CairnDataDisk image; /* what it points to is owned */
  CairnView *view;     /* borrowed */
  GArray *extents;     /* what is copied; NULL = all */
  CairnDataPlan *plan;
} CairnBackingDisk;

/* A small file beside the images. */
typedef struct
{
  CairnDataExtra extra; /* what it points to is owned */
  GBytes *content;
} CairnBackingExtra;

typedef struct
{
  CairnService *service; /* borrowed, as all without a word */
  const CairnBackupOptions *options;
  const CairnDataModule *module;
  const CairnVm *vm;
  const CairnPoint *point;
  const char *base; /* InstanceID of what differential images follow; NULL = none are */
  gboolean is_log;
  gboolean is_bare;         /* the point's pair and the VM's state aren't taken: who wants
                               them adds them */
  char *directory;          /* owned */
  gboolean makes_directory; /* it isn't there yet */
  GPtrArray *disks;         /* of CairnBackingDisk, owned */
  GPtrArray *extras;        /* of CairnBackingExtra, owned */

  /* What else is true once the files are complete, and what takes it back. NULL = nothing. */
  void (*complete) (CairnStoreChange *change, gpointer user);
  void (*revert) (CairnStoreChange *change, gpointer user);
  gpointer user;

  /* its own: */
  CairnFrozen *frozen; /* what the disks are views of; NULL = nothing that could harm anybody */
  CairnIntent *intent;
  CairnStoreLock *lock;
  gboolean is_half_published; /* recovery is to finish it */
  uint64_t total_bytes, done_bytes;
} CairnBackingUp;

/* Sets what the caller hasn't, and loads the module. DIRECTORY (an absolute path that is allowed,
 * or one of Cairn's own) may hold no backup; it is made later when it isn't there. */
gboolean cairn_backing_begin (CairnBackingUp *backing, CairnService *service, const char *directory,
                              const CairnBackupOptions *options, GError **error);

/* Adds what FROZEN holds of VM (all its disks, or those of the options), relative to BASE (NULL =
 * nothing); point, vm and base are set. */
gboolean cairn_backing_add_frozen (CairnBackingUp *backing, CairnFrozen *frozen,
                                   const CairnBase *base, int64_t deadline, GError **error);

/* Adds one disk; what DISK points to is taken over. */
void cairn_backing_add (CairnBackingUp *backing, const CairnBackingDisk *disk);

/* Whether a disk is among those of the options. */
gboolean cairn_backing_wants (const CairnBackingUp *backing, const char *identifier,
                              const char *target);

/* INVALID_PARAMETER when the options name a disk that VM hasn't. */
gboolean cairn_backing_check_wanted (const CairnBackingUp *backing, GError **error);

/* The checksums (of char *) of the files that are known to hold the disk as of the base. */
GPtrArray *cairn_backing_list_checksums (const CairnBackingUp *backing, const char *disk_identifier,
                                         GError **error);

/* Adds a small file; NAME and CONTENT are taken over. */
void cairn_backing_add_extra (CairnBackingUp *backing, CairnDataRole role, char *name,
                              const char *original, GBytes *content);

/* Does it. After a failure nothing is left. */
gboolean cairn_backing_run (CairnBackingUp *backing, GError **error);

/* What was made; the caller's. */
CairnBackup *cairn_backing_tell (const CairnBackingUp *backing);

void cairn_backing_clear (CairnBackingUp *backing);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CairnBackingUp, cairn_backing_clear)

/* ---- backing-disks.c ---- */

/* Whether a disk's target may stand at the beginning of a file's name. */
gboolean cairn_backing_is_file_name (const char *target);

void cairn_backing_disk_free (CairnBackingDisk *disk);

/* Plans every disk's image, and names its file. */
gboolean cairn_backing_plan (CairnBackingUp *backing, GError **error);

/* Writes all files under the temporary names of the intent, which knows them. */
gboolean cairn_backing_write (CairnBackingUp *backing, GError **error);

/* FALSE with FAILED when it is to stop. */
gboolean cairn_backing_tick (CairnBackingUp *backing, uint64_t done_bytes, GError **error);

/* ---- backing-extras.c ---- */

void cairn_backing_extra_free (CairnBackingExtra *extra);

/* Takes what else belongs to the VM: its definition, NVRAM, TPM. */
gboolean cairn_backing_take_state (CairnBackingUp *backing, GError **error);

#endif
