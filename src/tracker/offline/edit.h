/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit.h: the writing side of the offline tracker: adds and removes bitmaps of shut-off images.
 *
 *   claim every image -> read its bitmaps -> qemu-storage-daemon -> mend -> read again -> undo
 *
 * Unless told otherwise, the functions are the tracker's methods of the same names
 * (refpoint/tracker.h), which says what they promise; what reached the files is read back, never
 * believed. Any thread, as long as it outlives the call (offline.h).
 */
#ifndef CAIRN_OFFLINE_EDIT_H
#define CAIRN_OFFLINE_EDIT_H

#include <cairn/vm.h>

#include "refpoint/granules.h"

/* How long taking a half-made change back may take, whatever the caller's deadline. */
#define CAIRN_UNDO_MS 10000

/* Beyond tracker.h's errors: FILE_NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER (one image given
 * twice, a name or granularity that QEMU doesn't take), SYSTEM_NOT_AVAILABLE (no
 * qemu-storage-daemon). */
gboolean cairn_offline_add (const GPtrArray *disks, const char *name, uint64_t granularity_bytes,
                            int64_t deadline, GError **error);
gboolean cairn_offline_remove (const GPtrArray *disks, const char *name, int64_t deadline,
                               GError **error);

/* The same on one disk, where the bitmap may be already, in whatever state. */
gboolean cairn_offline_ensure (const CairnDisk *disk, const char *name, uint64_t granularity_bytes,
                               int64_t deadline, GError **error);
gboolean cairn_offline_graft (const CairnDisk *disk, const char *name,
                              const CairnGranules *granules, const char *catcher, int64_t deadline,
                              GError **error);

#endif
