/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shelf.h: instances of reference points kept within a bound, each with the ones that follow it.
 *
 *   by id:   InstanceID -> entry
 *   rows:    all points, or one VM's, by InstanceID:  first -> entry -> entry ... -> end
 *
 * A row is known in pieces: an entry knows its successor when both came in one page of the store.
 * What is taken off the shelf tears a hole, and the next page that crosses it is read again.
 *
 * It holds what was true at one moment: who keeps it clears it when the store has changed.
 * Threads: one at a time.
 */
#ifndef CAIRN_SHELF_H
#define CAIRN_SHELF_H

#include "cim/instance.h"

typedef struct CairnShelf CairnShelf;

CairnShelf *cairn_shelf_new (gsize bytes_max);
void cairn_shelf_free (CairnShelf *shelf);
void cairn_shelf_clear (CairnShelf *shelf);

/* The instance of that InstanceID, letter case ignored: borrowed; NULL when it isn't there. */
CimInstance *cairn_shelf_find (CairnShelf *shelf, const char *instance_id);

/* Appends a reference to each of up to LIMIT instances that follow AFTER (NULL: from the start) in
 * the row of VM_GUID (NULL: of all), as far as it's known. TRUE: that is all there are, or LIMIT.
 */
gboolean cairn_shelf_follow (CairnShelf *shelf, const char *vm_guid, const char *after, guint limit,
                             GPtrArray *instances);

/* Puts one instance there. */
void cairn_shelf_put (CairnShelf *shelf, CimInstance *instance);

/* The same for N that follow AFTER in a row, without a gap. HAS_ENDED: nothing follows the last. */
void cairn_shelf_put_row (CairnShelf *shelf, const char *vm_guid, const char *after,
                          CimInstance *const *instances, guint n, gboolean has_ended);

/* What is there now. */
gsize cairn_shelf_bytes (const CairnShelf *shelf);

#endif
