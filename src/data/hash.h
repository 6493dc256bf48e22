/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hash.h: SHA-256 of files. */
#ifndef CAIRN_DATA_HASH_H
#define CAIRN_DATA_HASH_H

#include "refpoint/data.h"

typedef struct CairnHash CairnHash;

CairnHash *cairn_hash_new (void);
void cairn_hash_add (CairnHash *hash, const void *bytes, size_t n_bytes);

/* Frees HASH; its 64 hexadecimal digits, the caller's. */
char *cairn_hash_end (CairnHash *hash);

/* Reads the file that FD has open from its start. TICK (NULL = none) is told BEFORE and what was
 * read. */
gboolean cairn_hash_file (int fd, const char *path, const CairnDataTick *tick, uint64_t before,
                          CairnDataFile *file, GError **error);

/* FAILED, or ACCESS_DENIED, of errno: PATH can't be WHAT ("written"). Always FALSE. */
gboolean cairn_data_fail (const char *path, const char *what, GError **error);

void cairn_data_file_clear (CairnDataFile *file);

#endif
