/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.h: how QEMU is told to open an image. */
#ifndef CAIRN_NBD_SOURCE_H
#define CAIRN_NBD_SOURCE_H

#include <glib.h>

/* "json:{...}": the qcow2 image at PATH, without its backing image. NULL with NOT_SUPPORTED when
 * the path isn't UTF-8, which QEMU's JSON needs. */
char *cairn_source_new (const char *path, GError **error);

#endif
