/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file.h: whole reads and writes; errors name the file. */
#ifndef CAIRN_DATA_FILE_H
#define CAIRN_DATA_FILE_H

#include "refpoint/data.h"

/* FAILED, ACCESS_DENIED or FILE_NOT_FOUND, of errno: PATH can't be WHAT ("written"). Always FALSE.
 */
gboolean cairn_data_fail (const char *path, const char *what, GError **error);

/* INCORRECT_DATA_TYPE with that sentence. Always FALSE. */
gboolean cairn_data_refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Opens a regular file for reading, and no symbolic link; -1 on failure. */
int cairn_file_open (const char *path, uint64_t *size_bytes, GError **error);

/* All N bytes at PLACE; INCORRECT_DATA_TYPE when the file ends before. */
gboolean cairn_file_read (int fd, const char *path, uint64_t place, void *buffer, size_t n_bytes,
                          GError **error);

/* Reserves SIZE bytes for the file where its file system can, so that what doesn't fit is told
 * before it is copied, and what is written needs no room to be found. */
gboolean cairn_file_reserve (int fd, const char *path, uint64_t size_bytes, GError **error);

/* From now on what is written to FD goes past the page cache, where the file system can: nothing is
 * copied there, pushed out of it, or waited for at the end. Places, bytes and buffers of
 * cairn_file_write() are to be multiples of a page then. */
void cairn_file_bypass_cache (int fd);

gboolean cairn_file_write (int fd, const char *path, uint64_t place, const void *bytes,
                           size_t n_bytes, GError **error);

/* The whole file, NUL-terminated, the caller's; a larger one than LIMIT is refused. */
char *cairn_file_read_small (int fd, const char *path, size_t limit_bytes, size_t *n_bytes,
                             GError **error);

void cairn_data_file_clear (CairnDataFile *file);

#endif
