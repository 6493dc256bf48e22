/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tracker-subjects.h: who takes part in the trackers' contract: for each tracker a way to make it,
 * a VM with two disks that it tracks, and what may happen to these. */
#ifndef TRACKER_SUBJECTS_H
#define TRACKER_SUBJECTS_H

#include "refpoint/tracker.h"

#define DISK_BYTES (UINT64_C (64) << 20)

typedef struct Subject Subject;

/* One case's VM. Both disks have a foreign bitmap "OLD" with changes, and a disabled one "FOREIGN".
 */
typedef struct
{
  const Subject *subject;
  CairnTracker *tracker;
  char *dir, *one, *two;
  char *guid;       /* the VM's, when the tracker knows VMs by itself; else NULL */
  CairnVm *vm;      /* as the newest call sees it */
  GPtrArray *disks; /* of CairnDisk: both, as they were at the beginning */
} Stage;

struct Subject
{
  const char *name;
  CairnTracker *(*open) (void);
  void (*set_up) (Stage *stage); /* makes the VM; DIR, ONE and TWO are there */
  void (*tear_down) (Stage *stage);
  void (*write) (const Stage *stage, guint disk, uint64_t offset_bytes, uint64_t length_bytes);
  void (*take_away) (const Stage *stage, guint disk); /* the disk is gone */
  gboolean is_exclusive; /* its disks can't be open for writing elsewhere: they are its own */
  gboolean writes_on;    /* its VM runs on while its disks are frozen */
};

/* How many take part: plain images, or those of libvirt where $CAIRN_CONTRACT_LIBVIRT is its URI.
 */
guint subjects_count (void);
const Subject *subjects_at (guint index);

#endif
