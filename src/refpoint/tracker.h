/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tracker.h: what the domain asks of change tracking, whatever keeps the bitmaps.
 *
 * Implementations: src/tracker/offline (shut-off images). libvirt domains and RBD images come as
 * modules with the same table. One contract suite (tests/test-tracker-contract.c) runs against all.
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

#define CAIRN_DEFAULT_GRANULARITY 65536u

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

typedef struct CairnTracker CairnTracker;

typedef struct
{
  const char *name;

  void (*close) (CairnTracker *tracker);

  /* The VMs this tracker knows by itself. NULL: they are those of the store (`cairn vm add`).
   * find_vm gives NULL with CAIRN_ERROR_INVALID_PARAMETER for an unknown name or GUID. */
  GPtrArray *(*list_vms) (CairnTracker *tracker, GError **error);
  CairnVm *(*find_vm) (CairnTracker *tracker, const char *name_or_guid, GError **error);

  /* Looks at a disk's image. Never fails because of what the image is: that is the verdict.
   * An image that is open elsewhere for writing is BUSY (format and size are then still told when
   * they can be read). */
  void (*probe_disk) (CairnTracker *tracker, const CairnDisk *disk, CairnDiskProbe *probe);

  /* Adds an enabled persistent bitmap NAME to every one of DISKS (CairnDisk), all or none.
   * Errors: SYSTEM_IN_USE (an image is open elsewhere), INVALID_STATE (a bitmap of that name is
   * there), FILE_NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER (one image given twice, a name or
   * granularity that can't be), NOT_SUPPORTED, SYSTEM_NOT_AVAILABLE, FAILED, TIMEOUT; after any of
   * them no disk has the bitmap. */
  gboolean (*add_bitmap) (CairnTracker *tracker, GPtrArray *disks, const char *name,
                          uint64_t granularity_bytes, int64_t deadline, GError **error);

  /* Removes bitmap NAME, in whatever state, from every one of DISKS that has it; a disk without the
   * file or the bitmap counts as done. All or none. Errors: SYSTEM_IN_USE, ACCESS_DENIED,
   * NOT_SUPPORTED (encrypted), SYSTEM_NOT_AVAILABLE, FAILED, TIMEOUT. */
  gboolean (*remove_bitmap) (CairnTracker *tracker, GPtrArray *disks, const char *name,
                             int64_t deadline, GError **error);

  /* Judges N anchors against one disk, in one look at its image. JUDGEMENTS is an array of N that
   * the caller clears. Never fails because of the image: that is the verdicts. Anchors of one disk
   * should be given together, oldest point first: an older bitmap holds all that a newer one does,
   * so one that doesn't was cleared. Fails on TIMEOUT and OUT_OF_MEMORY only. */
  gboolean (*judge) (CairnTracker *tracker, const CairnDisk *disk,
                     const CairnAnchor *const *anchors, size_t n_anchors,
                     CairnJudgement *judgements, int64_t deadline, GError **error);

  /* The changes since one anchor within [offset, offset + length) of the disk, clipped to its size;
   * verdict as judge gives it for this anchor alone. *EXTENTS is set, to a list the caller unrefs,
   * only when the verdict is TRACKED. */
  gboolean (*changes) (CairnTracker *tracker, const CairnDisk *disk, const CairnAnchor *anchor,
                       uint64_t offset_bytes, uint64_t length_bytes, GArray **extents,
                       CairnJudgement *judgement, int64_t deadline, GError **error);
} CairnTrackerOps;

struct CairnTracker
{
  const CairnTrackerOps *ops;
};

#endif
