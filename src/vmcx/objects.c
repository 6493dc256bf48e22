/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* objects.c: the chain of object tables, which lists everything else in the file. */
#include "file.h"

#include "checksum.h"
#include "error.h"

#include <stdlib.h>

typedef struct
{
  VmcxFile *file;
  GHashTable *seen; /* offsets of object tables, so that a chain can't turn back */
  uint8_t *bytes;   /* of the table at hand */
  uint64_t offset;
  uint32_t size;
  uint64_t next_offset; /* the linked table; 0 = none */
  uint32_t next_size;
} Chain;

static void
chain_clear (Chain *chain)
{
  g_hash_table_destroy (chain->seen);
  g_free (chain->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Chain, chain_clear)

static gboolean
add_object (VmcxFile *file, const VmcxObject *object, GError **error)
{
  if (file->n_objects == file->n_objects_allocated)
    {
      size_t n = MAX (64, file->n_objects_allocated * 2);
      VmcxObject *grown = g_try_renew (VmcxObject, file->objects, n);

      if (!grown)
        return vmcx_refuse (error, VMCX_ERROR_NO_MEMORY, file->source.name, object->entry_offset,
                            "object entry", "free some memory and try again",
                            "there is no memory for %" G_GSIZE_FORMAT " objects", n);
      file->objects = grown;
      file->n_objects_allocated = n;
    }
  file->objects[file->n_objects++] = *object;
  return TRUE;
}

static gboolean
check_empty (const VmcxSource *source, const VmcxObjectEntry *entry, uint64_t at, GError **error)
{
  if (entry->offset != 0 || entry->size != 0 || entry->flags != 0)
    return vmcx_refuse_damaged (error, source, at, "object entry",
                                "it is empty but has an offset, a size or flags");
  return TRUE;
}

static gboolean
check_extent (const VmcxFile *file, const VmcxObjectEntry *entry, uint64_t at, GError **error)
{
  uint32_t alignment = file->header.alignment;

  if (entry->size == 0 || entry->size % alignment != 0 || entry->offset % alignment != 0)
    return vmcx_refuse_damaged (error, &file->source, at, "object entry",
                                "its object of 0x%x bytes at 0x%" G_GINT64_MODIFIER
                                "x isn't whole units of 0x%x",
                                entry->size, entry->offset, alignment);
  if (entry->offset > (uint64_t)INT64_MAX - entry->size)
    return vmcx_refuse_damaged (error, &file->source, at, "object entry",
                                "its object ends beyond any file");
  return TRUE;
}

static gboolean
take_entry (Chain *chain, const VmcxObjectEntry *entry, uint64_t at, gboolean is_last,
            GError **error)
{
  VmcxFile *file = chain->file;
  VmcxObject object
      = { .offset = entry->offset, .entry_offset = at, .size = entry->size, .type = entry->type };

  if (entry->type == VMCX_OBJECT_EMPTY)
    return check_empty (&file->source, entry, at, error);
  if (entry->type > VMCX_OBJECT_TRACKING)
    return vmcx_refuse_damaged (error, &file->source, at, "object entry", "its type %u is unknown",
                                entry->type);
  if ((entry->type == VMCX_OBJECT_TABLE || entry->type == VMCX_OBJECT_KEY_TABLE)
      && !vmcx_source_charge_tables (&file->source, entry->size, at, "object entry", error))
    return FALSE;
  if ((entry->type == VMCX_OBJECT_TABLE) != is_last)
    return vmcx_refuse_damaged (error, &file->source, at, "object entry",
                                is_last ? "the last slot may only link to another table"
                                        : "it links to another table but isn't the last slot");
  if (!check_extent (file, entry, at, error))
    return FALSE;
  if (is_last)
    {
      chain->next_offset = entry->offset;
      chain->next_size = entry->size;
    }
  /* These two would describe the headers and the log, which are checked by themselves. */
  if (entry->type == VMCX_OBJECT_HEADER || entry->type == VMCX_OBJECT_LOG)
    return TRUE;
  return add_object (file, &object, error);
}

/* The count has no checksum. Everything behind the last entry is zero, and a table's unused entries
 * aren't, so a smaller count is noticed; a larger one doesn't fit or runs into those zeros. */
static gboolean
check_count (const Chain *chain, uint32_t count, GError **error)
{
  const VmcxSource *source = &chain->file->source;
  uint32_t room = (chain->size - VMCX_OBJECT_TABLE_HEADER_BYTES) / VMCX_OBJECT_ENTRY_BYTES;

  if (count == 0 || count > room)
    return vmcx_refuse_damaged (error, source, chain->offset, "object table",
                                "it has %u entries and room for %u", count, room);
  for (size_t i = VMCX_OBJECT_TABLE_HEADER_BYTES + (size_t)count * VMCX_OBJECT_ENTRY_BYTES;
       i < chain->size; i++)
    if (chain->bytes[i] != 0)
      return vmcx_refuse_damaged (error, source, chain->offset, "object table",
                                  "bytes follow the last of its %u entries", count);
  return TRUE;
}

/* Most entries of a genuine table are this one, checksum included. */
static const uint8_t empty_entry[VMCX_OBJECT_ENTRY_BYTES] = { 0, 0x4d, 0xcf, 0x1b, 0x67 };

static gboolean
read_entries (Chain *chain, GError **error)
{
  const VmcxSource *source = &chain->file->source;
  VmcxCursor cursor = { chain->bytes, chain->bytes + chain->size };
  VmcxObjectTableHeader header;

  vmcx_object_table_header_decode (&cursor, &header);
  if (header.signature != VMCX_OBJECT_TABLE_SIGNATURE)
    return vmcx_refuse_damaged (error, source, chain->offset, "object table",
                                "its signature is 0x%08x", header.signature);
  if (!check_count (chain, header.count, error))
    return FALSE;
  for (uint32_t i = 0; i < header.count; i++)
    {
      const uint8_t *raw = cursor.p;
      uint64_t at = chain->offset + (uint64_t)(raw - chain->bytes);
      VmcxObjectEntry entry;

      vmcx_object_entry_decode (&cursor, &entry);
      if (memcmp (raw, empty_entry, sizeof empty_entry) == 0)
        continue;
      if (entry.checksum != vmcx_checksum (raw, VMCX_OBJECT_ENTRY_BYTES, VMCX_OBJECT_CHECKSUM_AT))
        return vmcx_refuse_damaged (error, source, at, "object entry",
                                    "its checksum doesn't match its bytes");
      if (!take_entry (chain, &entry, at, i == header.count - 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_table (Chain *chain, GError **error)
{
  const VmcxSource *source = &chain->file->source;

  if (!g_hash_table_add (chain->seen, g_memdup2 (&chain->offset, sizeof chain->offset)))
    return vmcx_refuse_damaged (error, source, chain->offset, "object table",
                                "the chain of object tables turns back to it");
  if (!vmcx_source_has (source, chain->offset, chain->size))
    return vmcx_refuse_damaged (error, source, chain->offset, "object table",
                                "the file is truncated: it ends before the table's 0x%x bytes",
                                chain->size);
  g_free (chain->bytes);
  chain->bytes = g_try_malloc (chain->size);
  if (!chain->bytes)
    return vmcx_refuse (error, VMCX_ERROR_NO_MEMORY, source->name, chain->offset, "object table",
                        "free some memory and try again", "there is no memory for 0x%x bytes",
                        chain->size);
  return vmcx_source_read (source, chain->offset, chain->bytes, chain->size, "object table", error)
         && read_entries (chain, error);
}

static int
compare_objects (const void *a, const void *b)
{
  const VmcxObject *x = a, *y = b;

  if (x->offset != y->offset)
    return x->offset < y->offset ? -1 : 1;
  return x->entry_offset < y->entry_offset ? -1 : x->entry_offset > y->entry_offset;
}

/* The headers and root table lie below every object; the log lies anywhere between. */
static gboolean
check_overlaps (VmcxFile *file, GError **error)
{
  uint64_t end = VMCX_ROOT_TABLE_OFFSET + (uint64_t)file->header.alignment;
  uint64_t log_end = file->header.log_offset + file->header.log_size;

  for (size_t i = 0; i < file->n_objects; i++)
    {
      const VmcxObject *object = &file->objects[i];
      uint64_t object_end = object->offset + object->size;

      if (object->offset < end)
        return vmcx_refuse_damaged (error, &file->source, object->entry_offset, "object entry",
                                    "its object at 0x%" G_GINT64_MODIFIER
                                    "x lies over another one or the root object table",
                                    object->offset);
      if (object->offset < log_end && object_end > file->header.log_offset)
        return vmcx_refuse_damaged (error, &file->source, object->entry_offset, "object entry",
                                    "its object at 0x%" G_GINT64_MODIFIER "x lies over the log",
                                    object->offset);
      end = object_end;
    }
  return TRUE;
}

gboolean
vmcx_file_read_objects (VmcxFile *file, GError **error)
{
  g_auto (Chain) chain
      = { .file = file,
          .seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
          .next_offset = VMCX_ROOT_TABLE_OFFSET,
          .next_size = file->header.alignment };

  if (!vmcx_source_charge_tables (&file->source, file->header.alignment, file->header_offset,
                                  "root object table", error))
    return FALSE;
  while (chain.next_offset != 0)
    {
      chain.offset = chain.next_offset;
      chain.size = chain.next_size;
      chain.next_offset = 0;
      if (!read_table (&chain, error))
        return FALSE;
    }
  if (file->n_objects > 0)
    qsort (file->objects, file->n_objects, sizeof *file->objects, compare_objects);
  return check_overlaps (file, error);
}

VmcxObject *
vmcx_file_find_object (const VmcxFile *file, uint64_t offset)
{
  size_t low = 0, high = file->n_objects;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (file->objects[middle].offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low < file->n_objects && file->objects[low].offset == offset ? &file->objects[low] : NULL;
}
