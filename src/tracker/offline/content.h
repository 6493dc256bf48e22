/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* content.h: what a disk holds, read natively from its image and all backing images, by several
 * threads at once. Raw images, qcow2 with clusters that are plain or compressed with
 * zlib, and VHDX without a parent. */
#ifndef CAIRN_OFFLINE_CONTENT_H
#define CAIRN_OFFLINE_CONTENT_H

#include "refpoint/view.h"

/* A view of the image at PATH for N_READERS threads. FORMAT: "raw", "qcow2", "vhdx"; NULL or "" by
 * its magic. IS_IDLE: nobody may have one of its files open for writing, else SYSTEM_IN_USE. Errors
 * beyond that: NOT_SUPPORTED (QEMU may know what this doesn't), FILE_NOT_FOUND, ACCESS_DENIED,
 * INCORRECT_DATA_TYPE (damaged), FAILED; messages name the image. */
CairnView *cairn_content_open (const char *path, const char *format, unsigned n_readers,
                               gboolean is_idle, GError **error);

#endif
