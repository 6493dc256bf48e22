/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* directory.h: the bitmaps that an image's bitmap directory lists. Errors: qcow2.h. */
#ifndef CAIRN_OFFLINE_DIRECTORY_H
#define CAIRN_OFFLINE_DIRECTORY_H

#include "tracker/offline/qcow2.h"

typedef struct
{
  const char *name; /* not NUL-terminated; borrowed from the directory */
  uint32_t name_bytes;
  uint64_t entry_offset; /* in the file, for messages */
  uint64_t table_offset;
  uint32_t n_table_entries;
  uint32_t flags;
  uint8_t type;
  uint8_t granularity_bits;
  gboolean has_extra;
} CairnBitmapEntry;

typedef struct
{
  uint8_t *bytes;  /* the directory as read; owned */
  GArray *entries; /* of CairnBitmapEntry, sorted by name */
} CairnDirectory;

/* Reads the directory; an empty one when IMAGE has no valid bitmaps. Refuses entries out of bounds
 * and names that appear twice. */
CairnDirectory *cairn_directory_read (const CairnQcow2 *image, GError **error);
void cairn_directory_free (CairnDirectory *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDirectory, cairn_directory_free)

/* The bitmap of that name, or NULL; borrowed. */
const CairnBitmapEntry *cairn_directory_find (const CairnDirectory *directory, const char *name);

#endif
