/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recovery.h: finishes or undoes what a process that died left unfinished.
 *
 * | intent        | what may be there            | what is done               |
 * | create        | bitmaps of an unborn point   | they are removed           |
 * | create_frozen | the same, and a frozen guest | thawed, then as above      |
 * | destroy       | what a destroyed point had   | bitmaps and log are removed |
 * | export        | temporary files              | they are removed           |
 * | publish       | complete temporary files     | they are renamed to stay   |
 * | forget        | logs that are nobody's       | they are removed           |
 * | adopted       | a catcher of no more use     | it is removed              |
 * | adopt         | a catcher, what was found    | nothing: it can be resumed |
 *
 * A recovery checkpoint that nobody holds any more is destroyed (snapshots.h).
 *
 * Each step may be repeated, so dying in the middle of recovery is harmless.
 */
#ifndef CAIRN_RECOVERY_H
#define CAIRN_RECOVERY_H

#include "refpoint/engine.h"

/* In a process's first call: every intent whose VM nobody has locked. What can't be finished now
 * stays. */
void cairn_recovery_run (CairnService *service);

/* With the VM's lock held, before an operation on it: FALSE with STATUS_UNKNOWN when something is
 * left that can't be finished, with the cause. */
gboolean cairn_recovery_require (CairnService *service, const char *vm_guid, GError **error);

/* Finishes or undoes one intent that was left, with its VM's lock held. Errors: STATUS_UNKNOWN and
 * whatever keeps it from being finished. */
gboolean cairn_recovery_finish (CairnService *service, const CairnIntent *intent, GError **error);

/* Removes INTENT's bitmap from its images. */
gboolean cairn_recovery_remove_bitmaps (CairnService *service, const CairnIntent *intent,
                                        GError **error);

#endif
