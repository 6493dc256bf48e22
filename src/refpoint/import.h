/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.h: the two halves of an import: what it takes and makes true (import.c), and whether the
 * disks allow it (import-judge.c). */
#ifndef CAIRN_IMPORT_H
#define CAIRN_IMPORT_H

#include "refpoint/metadata.h"
#include "refpoint/operation.h"

/* An import under way, with the VM's lock held. */
typedef struct
{
  CairnOperation *operation; /* borrowed */
  CairnMetadata *metadata;   /* borrowed; only the points taken */
  GPtrArray *fresh;          /* of CairnPoint, borrowed: not in the store yet */
  GHashTable *known;         /* those that are -> as the store has them; of CairnPoint both */
  GPtrArray *verdicts;       /* of CairnDiskVerdict, one per disk of the pair */
  GHashTable *by_disk;       /* disk identifier -> CairnDiskVerdict, borrowed both */
} CairnImporting;

/* Judges every disk for every point of the pair, into VERDICTS. Fails on TIMEOUT, OUT_OF_MEMORY and
 * when the store can't be read; a disk that can't answer is a verdict. */
gboolean cairn_import_judge (CairnImporting *import, GError **error);

#endif
