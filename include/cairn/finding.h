/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/finding.h: something about a VM that isn't as it should be, as cairn_service_doctor finds
 * it.
 *
 * Plain values, owned by the list they come in.
 */
#ifndef CAIRN_FINDING_H
#define CAIRN_FINDING_H

#include <glib.h>

#include <cairn/error.h>

G_BEGIN_DECLS

/* In the order in which they are repaired: what an earlier one's repair mends needs no other. */
typedef enum
{
  CAIRN_FINDING_UNFINISHED_INTENT, /* an operation that was cut off */
  CAIRN_FINDING_LEFTOVER_JOB,      /* a job of ours whose process died */
  CAIRN_FINDING_STALE_SNAPSHOT,   /* a recovery checkpoint that nobody holds, or whose lease is over
                                   */
  CAIRN_FINDING_IN_USE_BITMAP,    /* a point's bitmap that a crash left in use */
  CAIRN_FINDING_DESTROYED_BITMAP, /* the bitmap of a destroyed point, back again */
  CAIRN_FINDING_ORPHAN_BITMAP,    /* a bitmap of our form that the store doesn't know */
  CAIRN_FINDING_GHOST_CHECKPOINT, /* a hypervisor's record without a point, or without bitmaps */
  CAIRN_FINDING_STALE_PARENT,     /* a record that follows the wrong one */
  CAIRN_FINDING_MISSING_CHECKPOINT, /* a whole point that the hypervisor has no record of */
  CAIRN_FINDING_LEFTOVER_LOG,       /* the data of a point that is gone, or needs it no more */
  CAIRN_FINDING_MISSING_LOG,        /* a point's data isn't where it was kept */
  CAIRN_FINDING_FOREIGN_BITMAP,     /* another product's; only listed */
  CAIRN_FINDING_FOREIGN_CHECKPOINT, /* another product's; only listed */
  CAIRN_FINDING_UNREAD_DISK,        /* a disk that couldn't be looked at */
  CAIRN_FINDING_UNREAD_VM,          /* a VM that couldn't be looked at: it migrates, is in use */
} CairnFindingKind;

/* "orphan-bitmap", ...: the spelling of the command line and the JSON; borrowed, static. */
CAIRN_API const char *cairn_finding_kind_name (CairnFindingKind kind);

typedef struct
{
  char *vm; /* the VM's name; its GUID when nothing else is known of it */
  CairnFindingKind kind;
  char *object;   /* a bitmap's or checkpoint's name, an InstanceID, a disk's target, ... */
  char *sentence; /* what is wrong, why, and the remedy or what was done */
  gboolean repaired;
} CairnFinding;

CAIRN_API void cairn_finding_free (CairnFinding *finding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnFinding, cairn_finding_free)

/* Whether it asks for something to be done: not repaired, and not merely another product's. */
CAIRN_API gboolean cairn_finding_is_open (const CairnFinding *finding);

G_END_DECLS

#endif
