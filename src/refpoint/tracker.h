/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tracker.h: what the domain asks of change tracking, whatever keeps the bitmaps.
 *
 * Implementations: src/tracker/offline (shut-off images), src/tracker/libvirt (libvirt's domains, a
 * module). RBD images are to come, with the same table. One contract suite
 * (tests/test-tracker-contract.c) runs against all.
 *
 * Threads: one call at a time per tracker; a call runs on the caller's thread, which must not end
 * while it runs. Deadlines are g_get_monotonic_time() values in microseconds; a call that passes
 * its deadline fails with CAIRN_ERROR_TIMEOUT and has changed nothing.
 */
#ifndef CAIRN_TRACKER_H
#define CAIRN_TRACKER_H

#include <cairn/extent.h>
#include <cairn/point.h>
#include <cairn/verdict.h>
#include <cairn/vm.h>

#include "refpoint/granules.h"
#include "refpoint/inventory.h"

#define CAIRN_DEFAULT_GRANULARITY 65536u

/* The remedies of an anchor that can't be trusted, and of an image that can't be read. */
#define CAIRN_START_OVER "take a full backup and create a new reference point"
#define CAIRN_ANCHOR_AGAIN                                                                         \
  "anchor the point again with a copy of the disk as of then (`cairn adopt`), "                    \
  "or " CAIRN_START_OVER

/* The most extents one answer holds: 64 MiB of memory. A disk with more is asked about in parts. */
#define CAIRN_EXTENTS_LIMIT (1u << 22)

/* FALSE with OUT_OF_MEMORY once EXTENTS has reached the limit. */
static inline gboolean
cairn_extents_check_limit (const GArray *extents, GError **error)
{
  if (extents->len < CAIRN_EXTENTS_LIMIT)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "the changes lie in more than %u extents, which is the limit of one answer; ask for "
               "a part of the disk with --offset and --length",
               CAIRN_EXTENTS_LIMIT);
  return FALSE;
}

/* The answer about one anchor. */
typedef struct
{
  CairnVerdict verdict;
  char *reason;         /* one sentence; "" when tracked; owned */
  uint64_t dirty_bytes; /* granules marked in the bitmap times granularity; valid when tracked */
  char *moved_to; /* when tracked: the image where the bitmap begins, whole, while at the anchor's
                     path there is none of the disk's; NULL = it hasn't moved; owned */
  uint64_t allocated_bytes; /* when moved: as `measure` would set it for the new place */
} CairnJudgement;

void cairn_judgement_clear (CairnJudgement *judgement);

/* What one disk's image is, without any point in mind. */
typedef struct
{
  CairnVerdict
      verdict;  /* TRACKED = can be tracked; else NO_FILE, UNREADABLE, UNSUPPORTED_FORMAT, BUSY */
  char *reason; /* "" when it can be tracked; owned */
  char *format; /* "qcow2", "raw", ...; "" when unreadable; owned */
  uint64_t virtual_size_bytes;
  uint64_t allocated_bytes; /* guest clusters allocated in the active layer and one for the header,
                               so never 0 once counted; 0 = not counted */
} CairnDiskProbe;

void cairn_disk_probe_clear (CairnDiskProbe *probe);

/* A question about the changes since one anchor within [offset, offset + length) of its disk,
 * clipped to the disk's size, and its answer. */
typedef struct
{
  const CairnDisk *disk;     /* borrowed */
  const CairnAnchor *anchor; /* borrowed */
  uint64_t offset_bytes;
  uint64_t length_bytes;
  CairnJudgement judgement; /* as judge gives it for this anchor alone */
  GArray *extents;          /* set only when TRACKED */
  gboolean is_settled;      /* the asker's: answered already, not to be asked */
} CairnQuestion;

void cairn_question_clear (CairnQuestion *question);

/* An enabled persistent bitmap to be added. All members are borrowed. */
typedef struct
{
  const CairnVm *vm;
  const GPtrArray *disks; /* of CairnDisk */
  const char *name;
  uint64_t granularity_bytes; /* wanted; a running VM's may be finer */
  gboolean freezes;           /* with the guest's file systems frozen meanwhile */
  int64_t deadline;
} CairnBitmapOrder;

/* What a VM is besides its disks. */
typedef struct
{
  char *definition;    /* the hypervisor's description (libvirt: the inactive domain XML, without
                          secrets) */
  char *nvram_path;    /* of the UEFI variables */
  char *tpm_directory; /* of the emulated TPM's state */
} CairnVmState;

void cairn_vm_state_clear (CairnVmState *state);

typedef struct CairnTracker CairnTracker;
typedef struct CairnView CairnView;     /* view.h */
typedef struct CairnFrozen CairnFrozen; /* frozen.h */

/* WHAT (a few words, static) happened to the VM of that GUID. NULL: it may have to any VM, since
 * the watch begins or events were missed. Called on a thread of the tracker's own: it returns soon,
 * and calls no method of the tracker. */
typedef void (*CairnHappenedFunc) (const char *vm_guid, const char *what, gpointer user);

/* A VM argument is what find_vm (or the store) gave in the same call of the service. A recovery
 * may have no more than its GUID. */
typedef struct
{
  const char *name;

  void (*close) (CairnTracker *tracker);

  /* The VMs this tracker knows by itself. NULL: they are those of the store (`cairn vm add`).
   * find_vm gives NULL with CAIRN_ERROR_INVALID_PARAMETER for an unknown name or GUID, and with
   * SYSTEM_NOT_AVAILABLE when the hypervisor can't be reached. */
  GPtrArray *(*list_vms) (CairnTracker *tracker, GError **error);
  CairnVm *(*find_vm) (CairnTracker *tracker, const char *name_or_guid, GError **error);

  /* What the VMs are made of and how they are (of CairnHardware): of all, in any order, or of the
   * one of that name or GUID. Only looks; forgets what the tracker knows of earlier looks. Errors:
   * as above. NULL: it knows no more than the store. */
  GPtrArray *(*list_hardware) (CairnTracker *tracker, const char *name_or_guid, GError **error);

  /* Before an operation that changes something, with the VM's lock held: SYSTEM_IN_USE while the
   * VM can't be worked on (it migrates). NULL: always TRUE. */
  gboolean (*begin_change) (CairnTracker *tracker, const CairnVm *vm, GError **error);

  /* Whether bitmaps that are added to the VM now live in memory only until it ends, so that a power
   * failure takes them. NULL: never. */
  gboolean (*is_volatile) (CairnTracker *tracker, const CairnVm *vm);

  /* Looks at a disk's image. Never fails because of what the image is: that is the verdict.
   * An image that is open elsewhere for writing is BUSY (format and size are then still told when
   * they can be read). */
  void (*probe_disk) (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                      CairnDiskProbe *probe);

  /* Adds the bitmap to every disk of ORDER, all or none.
   * Errors: SYSTEM_IN_USE (an image is open elsewhere), INVALID_STATE (a bitmap of that name is
   * there; the guest can't be frozen), FILE_NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER (one image
   * given twice, a name or granularity that can't be), NOT_SUPPORTED, SYSTEM_NOT_AVAILABLE, FAILED,
   * TIMEOUT; after any of them no disk has the bitmap, and the guest is thawed. But after
   * SYSTEM_NOT_AVAILABLE and STATUS_UNKNOWN that isn't known: remove_bitmap and thaw must be called
   * later. */
  gboolean (*add_bitmap) (CairnTracker *tracker, const CairnBitmapOrder *order, GError **error);

  /* What an anchor whose bitmap was just added or imported should know of it: allocated_bytes
   * (0 = not counted), the path of the image where the bitmap begins when that isn't the active
   * one, and, when it differs from what was wanted, granularity_bytes. */
  void (*measure) (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                   CairnAnchor *anchor);

  /* Removes bitmap NAME, in whatever state, from every one of DISKS that has it; a disk without the
   * file or the bitmap counts as done. All or none; afterwards from the backing images too, as far
   * as nobody else needs them. The hypervisor's record of that name goes too
   * unless other disks need it. Errors: SYSTEM_IN_USE, ACCESS_DENIED, NOT_SUPPORTED (encrypted),
   * SYSTEM_NOT_AVAILABLE, FAILED, TIMEOUT. */
  gboolean (*remove_bitmap) (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks,
                             const char *name, int64_t deadline, GError **error);

  /* Judges N anchors against one disk, in one look at its image. JUDGEMENTS is an array of N that
   * the caller clears. Never fails because of the image: that is the verdicts. Anchors of one disk
   * should be given together, oldest point first: an older bitmap holds all that a newer one does,
   * so one that doesn't was cleared. Fails on TIMEOUT, OUT_OF_MEMORY and SYSTEM_NOT_AVAILABLE only.
   */
  gboolean (*judge) (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                     const CairnAnchor *const *anchors, size_t n_anchors,
                     CairnJudgement *judgements, int64_t deadline, GError **error);

  /* For a tracker of running VMs, whose disks it can't read itself: whether all that the file at
   * ANCHOR's path has of its bitmap is in EXTENTS, all changes of DISK, which is elsewhere now.
   * JUDGEMENT, which says TRACKED, changes when it isn't, or that can't be told. Fails on TIMEOUT
   * and OUT_OF_MEMORY only. NULL: this tracker compares by itself. */
  gboolean (*compare_origin) (CairnTracker *tracker, const CairnDisk *disk,
                              const CairnAnchor *anchor, const GArray *extents,
                              CairnJudgement *judgement, int64_t deadline, GError **error);

  /* Answers N questions about the same VM, which the caller clears; their anchors may be of several
   * points. Fails as judge does, and with SYSTEM_IN_USE when another job keeps the VM from
   * answering. */
  gboolean (*changes) (CairnTracker *tracker, const CairnVm *vm, CairnQuestion *questions,
                       size_t n_questions, int64_t deadline, GError **error);

  /* Makes the hypervisor's own records of the VM's points agree with POINTS (of CairnPoint, all
   * that the store has of it, oldest first): what it lacks and can have is added, checked against
   * the disks when the VM runs, and its name put into ADDED (of char *, owned). It removes nothing.
   * A failure leaves the store's truth as it is. NULL: there are no such records. */
  gboolean (*settle) (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *points,
                      GPtrArray *added, int64_t deadline, GError **error);

  /* Whether settle would be needed for the point NAME: there should be a record and there is none.
   * One quick question. NULL: never. */
  gboolean (*lacks_record) (CairnTracker *tracker, const CairnVm *vm, const char *name);

  /* All bitmaps and records of the VM, whoever made them. A disk that can't be read is no failure.
   */
  CairnInventory *(*take_inventory) (CairnTracker *tracker, const CairnVm *vm, int64_t deadline,
                                     GError **error);

  /* Forgets the hypervisor's record NAME; bitmaps stay. Absent is fine. NULL: there are none. */
  gboolean (*drop_record) (CairnTracker *tracker, const CairnVm *vm, const char *name,
                           GError **error);

  /* Thaws a guest that a process which died may have left frozen; one that isn't is fine. NULL:
   * there are no guests. */
  gboolean (*thaw) (CairnTracker *tracker, const CairnVm *vm, GError **error);

  /* Ends a job of ours that a process which died has left (inventory's leftover_job). NULL: there
   * are none. */
  gboolean (*end_leftover_job) (CairnTracker *tracker, const CairnVm *vm, GError **error);

  /* A readable view of the disk as it is at one moment, for adopt. BITMAP (NULL = none) is added to
   * the disk at that very moment or before, of granularity CAIRN_DEFAULT_GRANULARITY, so that it
   * holds every write that the view doesn't show; when the disk has it already it stays as it is.
   * Errors: those of add_bitmap. The caller closes it (view.h). */
  CairnView *(*open_view) (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                           const char *bitmap, int64_t deadline, GError **error);

  /* Adds ORDER's bitmap as add_bitmap does, and holds DISKS (of CairnDisk, all of the VM's or some)
   * as they are at that moment: the bitmap has every write that the views don't show. BASES (NULL =
   * none) names for each of DISKS a bitmap whose content at that moment is wanted, or NULL. A VM
   * that is shut off can't start meanwhile. It ends with this process, whatever it dies of. Errors:
   * those of add_bitmap and open_view. The caller ends it before it removes the bitmap. */
  CairnFrozen *(*freeze) (CairnTracker *tracker, const CairnBitmapOrder *order,
                          const GPtrArray *disks, const char *const *bases, GError **error);

  /* What another process (or this one) holds by `freeze`: its views of DISKS once more. ORDER_NAME
   * is the bitmap of that freeze. INVALID_STATE when it isn't held any more. */
  CairnFrozen *(*open_frozen) (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *disks,
                               const char *order_name, int64_t deadline, GError **error);

  /* What else a backup should have of the VM: STATE's members are the caller's. What there is none
   * of stays NULL. NULL: there is nothing. */
  gboolean (*describe_state) (CairnTracker *tracker, const CairnVm *vm, CairnVmState *state,
                              GError **error);

  /* Makes bitmap NAME on the disk, persistent and enabled: all of GRANULES, and all that bitmap
   * CATCHER has at the moment from which NAME records. In one step, or not at all: a NAME that is
   * there was made whole. Needn't remove CATCHER, which the caller does. The disk has no bitmap
   * NAME before. Errors: those of add_bitmap; INVALID_STATE when CATCHER isn't there or is broken.
   */
  gboolean (*graft_bitmap) (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                            const char *name, const CairnGranules *granules, const char *catcher,
                            int64_t deadline, GError **error);

  /* From now on, until end_watch, HAPPENED is told of each VM to which something happened that may
   * change what holds for its points (started, stopped, migrated in, undefined, a block job ended),
   * and once at the beginning of every VM. The tracker reconnects to its hypervisor by itself.
   * One watch at a time. Other methods may be called meanwhile, by the same thread. Errors:
   * SYSTEM_NOT_AVAILABLE. NULL: there are no events. */
  gboolean (*begin_watch) (CairnTracker *tracker, CairnHappenedFunc happened, gpointer user,
                           GError **error);

  /* HAPPENED isn't called any more once this returns. */
  void (*end_watch) (CairnTracker *tracker);
} CairnTrackerOps;

struct CairnTracker
{
  const CairnTrackerOps *ops;
};

#endif
