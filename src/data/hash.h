/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hash.h: SHA-256 of files. */
#ifndef CAIRN_DATA_HASH_H
#define CAIRN_DATA_HASH_H

#include "refpoint/data.h"

#define CAIRN_HASH_DIGITS 64u

typedef struct CairnHash CairnHash;

/* NULL with OUT_OF_MEMORY. */
CairnHash *cairn_hash_new (GError **error);
void cairn_hash_add (CairnHash *hash, const void *bytes, size_t n_bytes);

/* Frees HASH (may be NULL); its 64 hexadecimal digits, the caller's. */
char *cairn_hash_end (CairnHash *hash);

/* Reads the file that FD has open from its start. */
gboolean cairn_hash_file (int fd, const char *path, CairnDataFile *file, GError **error);

#endif
