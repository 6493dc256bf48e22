/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backing.h: where a backing image lies. */
#ifndef CAIRN_OFFLINE_BACKING_H
#define CAIRN_OFFLINE_BACKING_H

#include <glib.h>

/* The path that BACKING, as written in the image at PATH, means; the caller's. NULL when it isn't a
 * file: "json:{...}", "nbd://...". Source: QEMU block.c, bdrv_get_full_backing_filename. */
char *cairn_backing_path (const char *path, const char *backing);

#endif
