/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* format.h: tells what an image file is by its first bytes. */
#ifndef CAIRN_OFFLINE_FORMAT_H
#define CAIRN_OFFLINE_FORMAT_H

#include <glib.h>
#include <stdint.h>

/* QEMU's name of the format of FD, which holds FILE_BYTES: "raw" when nothing is recognised.
 * *VIRTUAL_SIZE_BYTES as the header states it, unchecked; 0 where that takes more than one field.
 * The name is static. Any thread. */
const char *cairn_format_detect (int fd, uint64_t file_bytes, uint64_t *virtual_size_bytes);

#endif
