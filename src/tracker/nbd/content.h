/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* content.h: what an image holds, through qemu-nbd. */
#ifndef CAIRN_NBD_CONTENT_H
#define CAIRN_NBD_CONTENT_H

#include "tracker/nbd/nbd.h"

/* CairnNbdModule.open_content. */
CairnView *cairn_nbd_open_content (const CairnNbdContent *content, int64_t deadline,
                                   GError **error);

#endif
