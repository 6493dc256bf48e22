/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* describe.h: an image's bitmaps by `qemu-img info`. */
#ifndef CAIRN_NBD_DESCRIBE_H
#define CAIRN_NBD_DESCRIBE_H

#include "tracker/nbd/nbd.h"

/* CairnNbdModule.describe. */
CairnNbdImage *cairn_nbd_describe (const char *path, int64_t deadline, GError **error);

#endif
