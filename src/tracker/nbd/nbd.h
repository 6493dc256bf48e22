/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nbd.h: the module cairn-nbd: what QEMU's own programs (qemu-img, qemu-nbd) say of an image's
 * bitmaps and content. It is slower than the native reader by the start of a process, and knows
 * what that QEMU knows. Images are opened read-only; for bitmaps without their backing images: one
 * of the same name further down must not answer for this one.
 *
 * Any thread; calls are independent. A DEADLINE is a g_get_monotonic_time() value: at its end the
 * program is killed and the call fails with CAIRN_ERROR_TIMEOUT.
 */
#ifndef CAIRN_NBD_H
#define CAIRN_NBD_H

#include <glib.h>
#include <stdint.h>

#include "refpoint/view.h"

#define CAIRN_NBD_MODULE_SYMBOL "cairn_nbd_module"

typedef struct
{
  char *name;
  uint64_t granularity_bytes;
  gboolean is_recording; /* flag auto */
  gboolean is_in_use;
} CairnNbdBitmap;

typedef struct
{
  uint64_t virtual_size_bytes;
  char *backing_file;   /* with its path resolved; NULL = none */
  char *backing_format; /* NULL = not said */
  GPtrArray *bitmaps;   /* of CairnNbdBitmap, owned; no free function */
} CairnNbdImage;

/* An image that is to be read. Borrowed. */
typedef struct
{
  const char *path;
  const char *format;  /* QEMU's name of it; NULL or "" = by its magic */
  GBytes *key;         /* its passphrase; NULL = none */
  gboolean is_written; /* it may be open for writing elsewhere; otherwise that is refused */
  unsigned n_readers;
} CairnNbdContent;

typedef struct
{
  /* The image at PATH as `qemu-img info` sees it; all of it g_malloc'ed, the caller's. */
  CairnNbdImage *(*describe) (const char *path, int64_t deadline, GError **error);

  /* Dirty ranges of a bitmap that is not in use, of [OFFSET, OFFSET + LENGTH), which must lie
   * within the disk. The caller unrefs. */
  GArray *(*extents) (const char *path, const char *bitmap, uint64_t offset_bytes,
                      uint64_t length_bytes, int64_t deadline, GError **error);

  /* What the image holds, with all images below it. */
  CairnView *(*open_content) (const CairnNbdContent *content, int64_t deadline, GError **error);
} CairnNbdModule;

#endif
