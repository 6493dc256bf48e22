/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adoption.h: what is remembered of an adoption under way, so that it can go on after whatever
 * interrupts it.
 *
 * It lives in an intent of kind ADOPT: the point, the catcher (a bitmap of a name of its own that
 * has recorded every write to the disk since before its comparison began), the disk's image, and in
 * `detail` the copy that the disk is compared with, how far that is done and what was found.
 *
 * The VM isn't locked while disk and copy are compared, which may take hours: other operations go
 * on. Each adoption has a lock of its own instead, by its intent's id: one whose lock is free was
 * interrupted. Who has an adoption's lock may wait for the VM's; the other way round nobody waits
 * for longer than a moment.
 */
#ifndef CAIRN_ADOPTION_H
#define CAIRN_ADOPTION_H

#include "refpoint/operation.h"

typedef struct
{
  CairnService *service;   /* borrowed */
  CairnIntent *intent;     /* owned; what can be stored of it is, as of the last save */
  CairnStoreLock *lock;    /* owned; NULL: not ours */
  char *disk_identifier;   /* the disk... */
  char *disk_file;         /* ...and which file its image is */
  char *base_files;        /* which files the copy is, and that they are unchanged */
  CairnAnchor *catcher;    /* of the catcher, to be judged by */
  uint64_t position_bytes; /* all below is compared */
  CairnGranules *granules; /* what of that differs; NULL: the comparison hasn't begun */
} CairnAdoptionRecord;

/* A new one of POINT on DISK of SIZE_BYTES, with a catcher of a new name, locked. Nothing is stored
 * yet. */
CairnAdoptionRecord *cairn_adoption_new (CairnService *service, const CairnPoint *point,
                                         const CairnDisk *disk, uint64_t size_bytes,
                                         GError **error);

/* The one of POINT on DISK that was interrupted, locked; *ADOPTION is NULL when there is none. One
 * whose detail can't be read any more is an adoption without granules.
 * SYSTEM_IN_USE when another process is at it. */
gboolean cairn_adoption_find (CairnService *service, const CairnPoint *point, const CairnDisk *disk,
                              CairnAdoptionRecord **adoption, GError **error);

/* Lets go of it; what is stored stays. */
void cairn_adoption_free (CairnAdoptionRecord *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnAdoptionRecord, cairn_adoption_free)

/* Puts how far it is into its intent, for a change of the store. */
void cairn_adoption_write (CairnAdoptionRecord *adoption);

/* Stores how far it is. */
gboolean cairn_adoption_save (CairnAdoptionRecord *adoption, GError **error);

/* Gives it up: its catcher is removed, then its intent. The VM is locked. */
gboolean cairn_adoption_drop (CairnAdoptionRecord *adoption, GError **error);

/* The same for an intent (of kind ADOPT) that was left by another process; SYSTEM_IN_USE when that
 * is alive. The VM is locked. */
gboolean cairn_adoption_discard (CairnService *service, const CairnIntent *intent, GError **error);

/* Whether a process is at the adoption of INTENT, or at whatever else has a lock of its own. */
gboolean cairn_adoption_is_running (CairnService *service, const CairnIntent *intent);

/* Gives up all adoptions of a point. As discard. */
gboolean cairn_adoptions_discard (CairnService *service, const CairnPoint *point, GError **error);

/* Whether DISK's image is the file that it was when the adoption began. */
gboolean cairn_adoption_is_at (const CairnAdoptionRecord *adoption, const CairnDisk *disk);

/* What the files at PATHS (of char *) are, and when they were written to last: the same string as
 * long as nobody writes to them. The caller frees. */
char *cairn_files_describe (const GPtrArray *paths);

#endif
