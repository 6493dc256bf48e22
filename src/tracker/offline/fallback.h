/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fallback.h: asks QEMU's own programs about images that the native reader doesn't know, through
 * the module cairn-nbd, which is opened on first use. */
#ifndef CAIRN_OFFLINE_FALLBACK_H
#define CAIRN_OFFLINE_FALLBACK_H

#include "tracker/nbd/nbd.h"

/* The bitmaps of the qcow2 image at PATH, without its backing images; freed by
 * cairn_fallback_free_image. Errors: SYSTEM_NOT_AVAILABLE, TIMEOUT, FAILED. */
CairnNbdImage *cairn_fallback_describe (const char *path, int64_t deadline, GError **error);

void cairn_fallback_free_image (CairnNbdImage *image);

/* The dirty ranges of BITMAP in [OFFSET, OFFSET + LENGTH), which lies within the disk. */
GArray *cairn_fallback_extents (const char *path, const char *bitmap, uint64_t offset_bytes,
                                uint64_t length_bytes, int64_t deadline, GError **error);

/* CairnNbdModule's open_content. */
CairnView *cairn_fallback_open_content (const CairnNbdContent *content, int64_t deadline,
                                        GError **error);

/* How often this process has asked so far. Any thread. */
unsigned cairn_fallback_count (void);

#endif
