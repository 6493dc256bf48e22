/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adopt.h: one call of adopt, for the files that make it up. */
#ifndef CAIRN_ADOPT_H
#define CAIRN_ADOPT_H

#include "refpoint/adoption.h"
#include "refpoint/operation.h"

typedef struct
{
  CairnService *service;            /* borrowed */
  const CairnAdoptOptions *options; /* borrowed */
  int64_t deadline;
  CairnOperation *operation;   /* owned; NULL while the VM isn't locked */
  CairnPoint *point;           /* owned, as of when the VM was locked last, and so is the rest */
  CairnAnchor *anchor;         /* of the point; borrowed */
  CairnDisk *disk;             /* borrowed from the operation */
  CairnDiskProbe probe;        /* of the disk */
  CairnJudgement judgement;    /* of the anchor on it; the verdict alone when it was looked at */
  CairnView *base;             /* owned: the copy */
  char *base_files;            /* owned: which files that is, and that they are unchanged */
  CairnAdoptionRecord *record; /* owned; NULL: nothing was begun */
} CairnAdopting;

/* ---- adopt-look.c ---- */

/* Locks the point's VM and looks at point, disk and image afresh; leave lets go. */
gboolean cairn_adopt_enter (CairnAdopting *adopting, const char *id, GError **error);
void cairn_adopt_leave (CairnAdopting *adopting);

/* What holds for the anchor as it is. */
gboolean cairn_adopt_judge_anchor (CairnAdopting *adopting, GError **error);

/* Whether the bitmap of ANCHOR on the disk is whole and records, with as much dirty as was seen;
 * FALSE without ERROR when it isn't, and *REASON (may be NULL) why. */
gboolean cairn_adopt_is_tracked (const CairnAdopting *adopting, const CairnAnchor *anchor,
                                 char **reason, GError **error);

/* The anchor as the adoption makes it, but for its id and what is allocated. The caller frees. */
CairnAnchor *cairn_adopt_make_anchor (const CairnAdopting *adopting);

/* Whether the bitmap was made already, by a process that died before it could say so. */
gboolean cairn_adopt_is_grafted (const CairnAdopting *adopting, GError **error);

gboolean cairn_adopt_remove_bitmap (const CairnAdopting *adopting, const char *name,
                                    GError **error);

/* Sets ERROR to CAUSE, which is consumed, with the assurance that what was done isn't lost. */
void cairn_adopt_tell_stopped (const CairnAdopting *adopting, GError *cause, GError **error);

/* ---- adopt-begin.c ---- */

/* Goes on with an interrupted adoption, or begins one: sets the record. *VIEW of the disk is the
 * caller's; NULL when all is compared. */
gboolean cairn_adopt_start_or_go_on (CairnAdopting *adopting, CairnView **view, GError **error);

/* ---- adopt-compare.c ---- */

/* Compares DISK with the copy from where the record is. */
gboolean cairn_adopt_compare (CairnAdopting *adopting, CairnView *disk, GError **error);

/* ---- adopt-finish.c ---- */

/* As enter, with more patience than an ordinary call has, for the same point and anchor. */
gboolean cairn_adopt_enter_again (CairnAdopting *adopting, GError **error);

/* When all is compared and the VM is locked: the bitmap, then the anchor. What shows that it was in
 * vain gives the adoption up. */
gboolean cairn_adopt_finish (CairnAdopting *adopting, GError **error);

/* ---- adopt-anchor.c ---- */

/* The anchor of POINT that is to be tied to DISK: the one that means it, else the one that was
 * never anchored and had a file of the copy's name, else the only one never anchored. Borrowed;
 * INVALID_PARAMETER with the choices. */
CairnAnchor *cairn_adopt_choose_anchor (const CairnPoint *point, const CairnVm *vm,
                                        const CairnDisk *disk, const char *base, GError **error);

/* ---- adopt-base.c ---- */

/* Opens the copy: ACCESS_DENIED, INVALID_PARAMETER and what open_copy gives. */
gboolean cairn_adopt_open_base (CairnAdopting *adopting, GError **error);

/* FALSE with INVALID_STATE when the copy was written to since it was opened. */
gboolean cairn_adopt_check_base (const CairnAdopting *adopting, GError **error);

/* FALSE with INVALID_PARAMETER when an older point of the VM shows that the copy isn't one of the
 * disk as of the point: it differs where nothing was written since. */
gboolean cairn_adopt_check_evidence (const CairnAdopting *adopting, GError **error);

#endif
