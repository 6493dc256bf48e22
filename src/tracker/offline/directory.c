/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a qcow2 image's bitmap directory. */
#include "tracker/offline/directory.h"

#include <stdlib.h>

#include "tracker/offline/cursor.h"
#include "tracker/offline/layout.h"

/* A sorted array and not a hash table: a file can't make it slow by names that collide. */
static int
compare_names (const void *a, const void *b)
{
  const CairnBitmapEntry *one = a, *other = b;
  int order = memcmp (one->name, other->name, MIN (one->name_bytes, other->name_bytes));

  if (order != 0)
    return order;
  return one->name_bytes < other->name_bytes ? -1 : one->name_bytes > other->name_bytes;
}

static gboolean
read_entry (CairnCursor *cursor, CairnBitmapEntry *entry, GError **error)
{
  const uint8_t *start = cursor->at, *name;
  uint32_t extra_bytes;
  size_t padding;

  entry->table_offset = cairn_cursor_u64 (cursor);
  entry->n_table_entries = cairn_cursor_u32 (cursor);
  entry->flags = cairn_cursor_u32 (cursor);
  entry->type = cairn_cursor_u8 (cursor);
  entry->granularity_bits = cairn_cursor_u8 (cursor);
  entry->name_bytes = cairn_cursor_u16 (cursor);
  extra_bytes = cairn_cursor_u32 (cursor);
  entry->has_extra = extra_bytes != 0;
  cairn_cursor_take (cursor, extra_bytes);
  name = cairn_cursor_take (cursor, entry->name_bytes);
  padding = (size_t)(-(cursor->at - start) & 7);
  /* The last entry's padding counts as part of the directory too. */
  cairn_cursor_take (cursor, padding);
  if (cursor->ran_out || entry->name_bytes == 0 || entry->name_bytes > MAX_BITMAP_NAME_BYTES)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "the bitmap directory entry at 0x%" PRIx64 " is damaged", entry->entry_offset);
      return FALSE;
    }
  entry->name = (const char *)name;
  return TRUE;
}

static gboolean
read_entries (CairnDirectory *directory, const CairnQcow2 *image, GError **error)
{
  CairnCursor cursor = cairn_cursor (directory->bytes, (size_t)image->directory_bytes);

  for (uint32_t i = 0; i < image->n_bitmaps; i++)
    {
      CairnBitmapEntry entry = {
        .entry_offset = image->directory_offset + (uint64_t)(cursor.at - directory->bytes),
      };

      if (!read_entry (&cursor, &entry, error))
        return FALSE;
      g_array_append_val (directory->entries, entry);
    }
  if (cursor.at != cursor.end)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "the bitmap directory at 0x%" PRIx64 " is longer than its entries",
                   image->directory_offset);
      return FALSE;
    }
  return TRUE;
}

static gboolean
sort_names (CairnDirectory *directory, GError **error)
{
  g_array_sort (directory->entries, compare_names);
  for (guint i = 1; i < directory->entries->len; i++)
    {
      const CairnBitmapEntry *entry = &g_array_index (directory->entries, CairnBitmapEntry, i);

      if (compare_names (entry - 1, entry) == 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                       "the bitmap directory entry at 0x%" PRIx64 " repeats a name",
                       entry->entry_offset);
          return FALSE;
        }
    }
  return TRUE;
}

CairnDirectory *
cairn_directory_read (const CairnQcow2 *image, GError **error)
{
  g_autoptr (CairnDirectory) directory = g_new0 (CairnDirectory, 1);
  size_t size = (size_t)image->directory_bytes;

  directory->entries = g_array_new (FALSE, FALSE, sizeof (CairnBitmapEntry));
  if (!cairn_qcow2_has_valid_bitmaps (image))
    return g_steal_pointer (&directory);
  /* Before allocating: a small file can't hold a large directory. */
  if (image->directory_offset > image->file_bytes
      || size > image->file_bytes - image->directory_offset)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "the bitmap directory at 0x%" PRIx64 " lies past the end of the file",
                   image->directory_offset);
      return NULL;
    }
  directory->bytes = g_try_malloc (size);
  if (!directory->bytes)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "no memory for a bitmap directory of %zu bytes; free some and try again", size);
      return NULL;
    }
  if (!cairn_qcow2_read (image, image->directory_offset, directory->bytes, size, "bitmap directory",
                         error)
      || !read_entries (directory, image, error) || !sort_names (directory, error))
    return NULL;
  return g_steal_pointer (&directory);
}

void
cairn_directory_free (CairnDirectory *directory)
{
  if (!directory)
    return;
  g_array_unref (directory->entries);
  g_free (directory->bytes);
  g_free (directory);
}

const CairnBitmapEntry *
cairn_directory_find (const CairnDirectory *directory, const char *name)
{
  CairnBitmapEntry wanted = { .name = name };
  size_t length = strlen (name);

  if (length > MAX_BITMAP_NAME_BYTES)
    return NULL;
  wanted.name_bytes = (uint32_t)length;
  if (directory->entries->len == 0)
    return NULL;
  return bsearch (&wanted, directory->entries->data, directory->entries->len, sizeof wanted,
                  compare_names);
}
