/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logs.h: the data that log-based points keep, each in a directory of Cairn's own:
 *
 *   <data directory>/logs/<GUID of the point>/   a backup as `cairn backup` makes it (data.h), of
 *                                                what changed since the log-based point before
 *
 * The manifest names that point, so that a chain shows its gaps: a point whose log was removed, or
 * that was destroyed together with it. The first log-based point of a VM has a directory, too, with
 * what the VM is and no disk.
 *
 * A log goes in two steps: its directory gets another name, which can be taken back; then it is
 * removed. Its intent (DESTROY, FORGET) has both names: final_files, temporary_files.
 */
#ifndef CAIRN_LOGS_H
#define CAIRN_LOGS_H

#include "refpoint/engine.h"

/* Where the log of the point GUID is (NULL: where all are); the caller frees. */
char *cairn_logs_place (const CairnService *service, const char *guid);

/* Makes the directory of all logs, which nobody else may look into. */
gboolean cairn_logs_make_room (const CairnService *service, GError **error);

/* Names the log of POINT in INTENT, if it can have one. */
void cairn_logs_name (const CairnService *service, const CairnPoint *point, CairnIntent *intent);

/* Gives INTENT's logs their other names, all or none. */
gboolean cairn_logs_put_aside (const CairnIntent *intent, GError **error);
void cairn_logs_put_back (const CairnIntent *intent);

/* Removes them, under whatever name; may be repeated. */
gboolean cairn_logs_remove (const CairnIntent *intent, GError **error);

/* Applies CHANGE, by which POINTS (of CairnPoint) are no more, and then removes their logs. What
 * can't be done of that, recovery does. */
gboolean cairn_logs_forget (CairnService *service, const GPtrArray *points,
                            CairnStoreChange *change, GError **error);

/* Makes a log-based point; the arguments are create's. */
gboolean cairn_logs_create (CairnService *service, const char *vm,
                            const CairnCreateOptions *options, int64_t deadline, CairnPoint **point,
                            GPtrArray **disks, GError **error);

#endif
