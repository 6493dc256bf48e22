/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* locks.h: QEMU's lock bytes on an image file.
 *
 * OFFSET  SIZE  FIELD                           SOURCE
 * 100     5     permissions in use: byte        QEMU block/file-posix.c, raw_apply_lock_bytes;
 *               100 + n is read-locked by       QEMU docs "Disk image file locking"
 *               who uses permission n
 * 200     5     permissions not shared: byte
 *               200 + n is read-locked by who
 *               denies permission n to others
 *
 * Permissions n: 0 consistent read, 1 write, 2 write unchanged, 3 resize. They are open file
 * description locks, so they vanish with their holder, however it dies.
 *
 * Measured with QEMU 7.2 (qemu-io, qemu-nbd, qemu-storage-daemon, qemu-system running and paused):
 *   opened read-write: 100, 101, 103 and 201, 203
 *   opened read-only:  100           and 201, 203
 * So a writer shows in 101-103 alone. QEMU takes them before it marks the bitmaps in use, and
 * releases them after it has stored them.
 */
#ifndef CAIRN_OFFLINE_LOCKS_H
#define CAIRN_OFFLINE_LOCKS_H

#include <glib.h>

/* Whether another open file description than FD's holds a writer's lock bytes on its file: whether
 * a QEMU program has the image open read-write. FD may be open read-only. Fails with
 * CAIRN_ERROR_FAILED where the file system can't say. Any thread. */
gboolean cairn_image_lock_is_held (int fd, gboolean *held, GError **error);

#endif
