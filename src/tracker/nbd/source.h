/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.h: how QEMU is told to open an image. */
#ifndef CAIRN_NBD_SOURCE_H
#define CAIRN_NBD_SOURCE_H

#include <glib.h>

/* "json:{...}": the qcow2 image at PATH, without its backing image. NULL with NOT_SUPPORTED when
 * the path isn't UTF-8, which QEMU's JSON needs. */
char *cairn_source_new (const char *path, GError **error);

/* How an image is opened for its content, with all images below it. */
typedef struct
{
  const char *path;
  const char *format;  /* QEMU's name of it; NULL or "" = by its magic */
  gboolean has_key;    /* encrypted, with the secret CAIRN_SOURCE_SECRET */
  gboolean is_written; /* it may be open for writing elsewhere; otherwise that is refused */
} CairnSource;

#define CAIRN_SOURCE_SECRET "key"

/* As above. */
char *cairn_source_describe (const CairnSource *source, GError **error);

#endif
