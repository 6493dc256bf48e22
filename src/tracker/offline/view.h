/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view.h: views of image files, native where that is known, through qemu-nbd otherwise.
 *
 * Errors: FILE_NOT_FOUND, ACCESS_DENIED, SYSTEM_IN_USE, INCORRECT_DATA_TYPE (damaged),
 * SYSTEM_NOT_AVAILABLE (no qemu-nbd), TIMEOUT, FAILED; the message names the image.
 */
#ifndef CAIRN_OFFLINE_VIEW_H
#define CAIRN_OFFLINE_VIEW_H

#include <cairn/vm.h>

#include "refpoint/view.h"

/* The disk as it is. A VM may start meanwhile: what it writes may then be seen, or not. */
CairnView *cairn_offline_view_disk (const CairnDisk *disk, int64_t deadline, GError **error);

/* The copy of a disk at PATH, of any format that QEMU knows, told by its magic. Nobody may have it
 * open for writing. KEY (NULL = none) opens it if it is encrypted. */
CairnView *cairn_offline_view_copy (const char *path, GBytes *key, int64_t deadline,
                                    GError **error);

#endif
