/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables.c: the key tables' bytes and headers, and which table counts when an index is repeated. */
#include "file.h"

#include "checksum.h"
#include "error.h"

#include <stdlib.h>

static gboolean
read_bytes (VmcxFile *file, const VmcxObject *object, VmcxTable *table, GError **error)
{
  const VmcxSource *source = &file->source;

  *table = (VmcxTable){ .file = file, .offset = object->offset, .size = object->size };
  if (!vmcx_source_has (source, table->offset, table->size))
    return vmcx_refuse_damaged (error, source, table->offset, "key table",
                                "the file is truncated: it ends before the table's 0x%x bytes",
                                table->size);
  table->bytes = vmcx_slab_take (&file->memory, table->size);
  if (!table->bytes)
    return vmcx_refuse (error, VMCX_ERROR_NO_MEMORY, source->name, table->offset, "key table",
                        "free some memory and try again", "there is no memory for 0x%x bytes",
                        table->size);
  return vmcx_source_read (source, table->offset, table->bytes, table->size, "key table", error);
}

static gboolean
check_table_header (VmcxFile *file, VmcxTable *table, GError **error)
{
  const VmcxSource *source = &file->source;
  VmcxCursor cursor = { table->bytes, table->bytes + table->size };
  VmcxKeyTableHeader header;

  vmcx_key_table_header_decode (&cursor, &header);
  if (header.signature != VMCX_KEY_TABLE_SIGNATURE)
    return vmcx_refuse_damaged (error, source, table->offset, "key table", "its signature is 0x%x",
                                header.signature);
  if (header.checksum
      != vmcx_checksum (table->bytes, VMCX_KEY_TABLE_HEADER_BYTES, VMCX_KEY_TABLE_CHECKSUM_AT))
    return vmcx_refuse_damaged (error, source, table->offset, "key table",
                                "its checksum doesn't match its header");
  if (header.index == 0)
    return vmcx_refuse_damaged (error, source, table->offset, "key table",
                                "its index is 0, which stands for the root");
  table->index = header.index;
  table->sequence = header.sequence;
  return TRUE;
}

static int
compare_tables (const void *a, const void *b)
{
  const VmcxTable *x = *(VmcxTable *const *)a, *y = *(VmcxTable *const *)b;

  if (x->index != y->index)
    return x->index < y->index ? -1 : 1;
  if (x->sequence != y->sequence)
    return x->sequence < y->sequence ? -1 : 1;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static gboolean
is_newer (const VmcxTable *table, const VmcxTable *than)
{
  uint16_t lead = (uint16_t)(table->sequence - than->sequence);

  return lead != 0 && lead < 0x8000;
}

/* Marks all but the newest of SAME, tables of one index in ascending order of their sequences. */
static gboolean
mark_stale (const VmcxSource *source, VmcxTable **same, size_t n, GError **error)
{
  VmcxTable *newest = same[0];

  for (size_t i = 1; i < n; i++)
    {
      if (same[i]->sequence == same[i - 1]->sequence)
        return vmcx_refuse_damaged (error, source, same[i]->offset, "key table",
                                    "another one has the index %u and the sequence %u too",
                                    same[i]->index, same[i]->sequence);
      if (is_newer (same[i], newest))
        newest = same[i];
    }
  for (size_t i = 0; i < n; i++)
    {
      same[i]->is_stale = same[i] != newest;
      if (same[i]->is_stale && !is_newer (newest, same[i]))
        return vmcx_refuse_damaged (error, source, same[i]->offset, "key table",
                                    "none of the tables of index %u is the newest", same[i]->index);
    }
  return TRUE;
}

static gboolean
mark_all_stale (VmcxFile *file, GError **error)
{
  g_autofree VmcxTable **sorted = g_try_new (VmcxTable *, file->n_tables + 1);
  size_t end;

  if (!sorted)
    return vmcx_refuse_plain (
        error, VMCX_ERROR_NO_MEMORY, file->source.name, "free some memory and try again",
        "there is no memory for %" G_GSIZE_FORMAT " key tables", file->n_tables);
  for (size_t i = 0; i < file->n_tables; i++)
    sorted[i] = &file->tables[i];
  qsort (sorted, file->n_tables, sizeof *sorted, compare_tables);

  for (size_t begin = 0; begin < file->n_tables; begin = end)
    {
      for (end = begin + 1; end < file->n_tables && sorted[end]->index == sorted[begin]->index;)
        end++;
      if (!mark_stale (&file->source, sorted + begin, end - begin, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
allocate_tables (VmcxFile *file, GError **error)
{
  size_t n = 0, n_bytes = 0; /* of tables: compared with the limit as they were listed */

  for (size_t i = 0; i < file->n_objects; i++)
    if (file->objects[i].type == VMCX_OBJECT_KEY_TABLE)
      {
        n++;
        n_bytes += file->objects[i].size;
      }
  vmcx_slab_init (&file->memory, n_bytes);
  file->tables = g_try_new0 (VmcxTable, n + 1);
  if (!file->tables)
    return vmcx_refuse_plain (error, VMCX_ERROR_NO_MEMORY, file->source.name,
                              "free some memory and try again",
                              "there is no memory for %" G_GSIZE_FORMAT " key tables", n);
  return TRUE;
}

gboolean
vmcx_file_read_tables (VmcxFile *file, GError **error)
{
  if (!allocate_tables (file, error))
    return FALSE;
  for (size_t i = 0; i < file->n_objects; i++)
    {
      VmcxTable *table = &file->tables[file->n_tables];

      if (file->objects[i].type != VMCX_OBJECT_KEY_TABLE)
        continue;
      file->n_tables++;
      if (!read_bytes (file, &file->objects[i], table, error)
          || !check_table_header (file, table, error)
          || !vmcx_file_read_entries (file, table, error))
        return FALSE;
    }
  return mark_all_stale (file, error);
}
