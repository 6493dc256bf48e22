/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diagnosis.h: what doctor knows of one VM at one moment, and what is wrong there.
 *
 *   the VM's disks, the hypervisor's records -> inventory --.
 *                                                           +-> faults
 *   the store's points, intents, tombstones ----------------'
 *
 * It is taken with the VM's lock held, so that nothing of it is an operation under way.
 */
#ifndef CAIRN_DIAGNOSIS_H
#define CAIRN_DIAGNOSIS_H

#include "refpoint/engine.h"

/* One thing that is wrong. Its sentence is WHAT; then REMEDY, or what was done about it. */
typedef struct
{
  CairnFindingKind kind;
  char *object;
  char *what;
  char *remedy;
  gboolean is_spared;        /* not repaired although repairs were asked for; the remedy says why */
  GPtrArray *disks;          /* of CairnDisk, borrowed: those that have the bitmap */
  const CairnIntent *intent; /* borrowed from the diagnosis; NULL unless it is about one */
} CairnFault;

typedef struct
{
  CairnService *service;             /* borrowed, like VM and OPTIONS */
  const CairnVm *vm;                 /* one that isn't known here has its GUID for a name */
  const CairnDoctorOptions *options; /* never NULL */
  gboolean is_named;                 /* the caller named this VM */
  int64_t deadline;
  CairnInventory *inventory;
  GPtrArray *points;     /* of CairnPoint: the VM's, oldest first */
  GHashTable *by_guid;   /* GUID -> CairnPoint of POINTS */
  GHashTable *records;   /* name -> CairnFoundRecord of INVENTORY */
  GPtrArray *intents;    /* of CairnIntent: the VM's; all were cut off */
  GPtrArray *snapshots;  /* of CairnSnapshot: the VM's */
  GHashTable *pending;   /* names of bitmaps that some intent or snapshot of the store knows */
  GHashTable *destroyed; /* names: the VM's tombstones; NULL until they are asked for */
  gboolean has_settled;  /* a repair made the hypervisor's records follow */
  GPtrArray *faults;     /* of CairnFault */
} CairnDiagnosis;

/* Looks at VM; one that isn't known (IS_KNOWN) has intents at most. Errors: take_inventory's
 * (tracker.h), the store's. */
CairnDiagnosis *cairn_diagnosis_take (CairnService *service, const CairnVm *vm, gboolean is_known,
                                      gboolean is_named, const CairnDoctorOptions *options,
                                      int64_t deadline, GError **error);
void cairn_diagnosis_free (CairnDiagnosis *diagnosis);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDiagnosis, cairn_diagnosis_free)

/* The fault of KIND and OBJECT, or NULL; borrowed. */
CairnFault *cairn_diagnosis_find (const CairnDiagnosis *diagnosis, CairnFindingKind kind,
                                  const char *object);

/* Adds a fault without words. Borrowed from DIAGNOSIS. */
CairnFault *cairn_diagnosis_add (CairnDiagnosis *diagnosis, CairnFindingKind kind,
                                 const char *object);

/* "mend it with `cairn doctor VM --repair`" for WHAT_TO_DO "mend it"; the caller frees. */
char *cairn_diagnosis_remedy (const CairnDiagnosis *diagnosis, const char *what_to_do);

/* The GUIDs of the VM's destroyed points, as far as they are remembered; borrowed. */
GHashTable *cairn_diagnosis_destroyed (CairnDiagnosis *diagnosis, GError **error);

/* Whether the caller asked to remove another product's NAME. */
gboolean cairn_diagnosis_is_foreign_named (const CairnDiagnosis *diagnosis, const char *name);

/* What was found of ANCHOR's bitmap. */
typedef enum
{
  CAIRN_ANCHOR_ABSENT, /* there is none, or its disk isn't attached */
  CAIRN_ANCHOR_BROKEN, /* it can't tell changes */
  CAIRN_ANCHOR_WHOLE,
  CAIRN_ANCHOR_UNREAD, /* its disk couldn't be looked at */
} CairnAnchorState;

CairnAnchorState cairn_diagnosis_anchor_state (const CairnDiagnosis *diagnosis,
                                               const CairnAnchor *anchor);

/* Makes the hypervisor's records follow the store's, once a diagnosis. */
gboolean cairn_diagnosis_settle (CairnDiagnosis *diagnosis, GError **error);

#endif
