/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* write.c: a fresh container from a tree. The same tree and options give the same bytes. */
#include "place.h"

#include "beside.h"
#include "checksum.h"
#include "error.h"
#include "output.h"

#include <errno.h>
#include <sys/stat.h>

typedef struct
{
  const VmcxPlan *plan;
  const VmcxOutput *output;
  uint8_t *table;       /* of plan->key_table_bytes */
  size_t last;          /* the last entry in it; 0 = none yet */
  size_t last_used;     /* bytes that its checksum covers */
  uint64_t next_object; /* file offset of the next file object */
} KeyWriter;

static gboolean
write_headers (const VmcxPlan *plan, const VmcxOutput *output, GError **error)
{
  VmcxHeader header = { .signature = VMCX_HEADER_SIGNATURE,
                        .version = VMCX_VERSION,
                        .data_version = plan->data_version,
                        .alignment = plan->alignment,
                        .log_offset = plan->log_offset,
                        .log_size = plan->log_size,
                        .log_header_size = plan->alignment };

  /* Genuine files hold the odd number in copy 0 and the even one before it in copy 1. */
  for (uint32_t copy = 0; copy < 2; copy++)
    {
      uint8_t bytes[VMCX_HEADER_BYTES];

      header.sequence = (uint16_t)(1 - copy);
      vmcx_header_encode (&header, bytes);
      vmcx_checksum_seal (bytes, sizeof bytes, VMCX_HEADER_CHECKSUM_AT);
      if (!vmcx_output_write (output, copy * (uint64_t)VMCX_HEADER_COPY_DISTANCE, bytes,
                              sizeof bytes, error))
        return FALSE;
    }
  return TRUE;
}

/* The rest of a table: nothing, slack of the last entry, or a free entry. */
static void
close_table (KeyWriter *writer)
{
  uint8_t *last = writer->table + writer->last;
  uint32_t size = vmcx_load_32 (last + 2);
  size_t end = writer->last + size, rest = writer->plan->key_table_bytes - end;

  if (rest >= VMCX_FREE_ENTRY_BYTES_MIN)
    {
      VmcxEntry unused = { .type = VMCX_ENTRY_TYPE_FREE, .size = (uint32_t)rest };

      vmcx_entry_encode (&unused, writer->table + end);
    }
  else if (rest > 0)
    {
      vmcx_store_32 (last + 2, size + (uint32_t)rest);
      vmcx_checksum_seal (last, writer->last_used, VMCX_ENTRY_CHECKSUM_AT);
    }
}

static gboolean
flush_table (KeyWriter *writer, uint32_t index, GError **error)
{
  const VmcxPlan *plan = writer->plan;
  VmcxKeyTableHeader header
      = { .signature = VMCX_KEY_TABLE_SIGNATURE, .index = (uint16_t)index, .sequence = 1 };

  close_table (writer);
  vmcx_key_table_header_encode (&header, writer->table);
  vmcx_checksum_seal (writer->table, VMCX_KEY_TABLE_HEADER_BYTES, VMCX_KEY_TABLE_CHECKSUM_AT);
  if (!vmcx_output_write (writer->output,
                          plan->key_tables_offset + (index - 1) * (uint64_t)plan->key_table_bytes,
                          writer->table, plan->key_table_bytes, error))
    return FALSE;
  memset (writer->table, 0, plan->key_table_bytes);
  return TRUE;
}

static void
encode_value (KeyWriter *writer, const VmcxKey *key, uint8_t *p)
{
  if (key->flags & VMCX_KEY_FLAG_FILE_OBJECT)
    {
      vmcx_store_32 (p, key->length);
      vmcx_store_64 (p + 4, writer->next_object);
      writer->next_object += vmcx_plan_object_bytes (writer->plan, key);
      return;
    }
  switch (key->type)
    {
    case VMCX_TYPE_STRING:
    case VMCX_TYPE_ARRAY:
      vmcx_store_32 (p, key->length);
      memcpy (p + 4, key->value.bytes, key->length);
      return;
    case VMCX_TYPE_BOOL:
      vmcx_store_32 (p, key->value.number != 0);
      return;
    case VMCX_TYPE_NODE:
      vmcx_store_32 (p + 8, key->length);
      return;
    default:
      vmcx_store_64 (p, key->value.bits);
    }
}

static void
encode_key (KeyWriter *writer, const VmcxKey *key)
{
  uint8_t *raw = writer->table + key->offset;
  size_t name_length = strlen (key->name) + 1, used = vmcx_plan_used_bytes (key);
  VmcxEntry entry
      = { .type = key->type,
          .flags = key->flags,
          .size = (uint32_t)used + (key->type == VMCX_TYPE_NODE ? 0 : VMCX_VALUE_SLACK_BYTES),
          .parent_table = (uint16_t)vmcx_tree_key_table (key->parent),
          .parent_offset = key->parent->offset,
          .sequence = key->sequence,
          .name_length = (uint8_t)name_length };

  vmcx_entry_encode (&entry, raw);
  memcpy (raw + VMCX_ENTRY_BYTES, key->name, name_length);
  encode_value (writer, key, raw + VMCX_ENTRY_BYTES + name_length);
  vmcx_checksum_seal (raw, used, VMCX_ENTRY_CHECKSUM_AT);
  writer->last = key->offset;
  writer->last_used = used;
}

static gboolean
write_key_tables (const VmcxPlan *plan, const VmcxTree *tree, const VmcxOutput *output,
                  GError **error)
{
  g_autofree uint8_t *table = g_malloc0 (plan->key_table_bytes);
  KeyWriter writer = {
    .plan = plan, .output = output, .table = table, .next_object = plan->file_objects_offset
  };
  uint32_t index = 1;

  for (const VmcxKey *key = vmcx_key_walk (&tree->root.key, &tree->root.key); key;
       key = vmcx_key_walk (&tree->root.key, key))
    {
      if (vmcx_tree_key_table (key) != index && !flush_table (&writer, index, error))
        return FALSE;
      index = vmcx_tree_key_table (key);
      encode_key (&writer, key);
    }
  return plan->n_key_tables == 0 || flush_table (&writer, index, error);
}

static gboolean
write_file_objects (const VmcxPlan *plan, const VmcxOutput *output, GError **error)
{
  uint64_t at = plan->file_objects_offset;

  for (guint i = 0; i < plan->objects->len; i++)
    {
      const VmcxKey *key = g_array_index (plan->objects, VmcxKey *, i);

      if (!vmcx_output_write (output, at, key->value.bytes, key->length, error))
        return FALSE;
      at += vmcx_plan_object_bytes (plan, key);
    }
  return TRUE;
}

/* The next entry of the object tables: key tables by index, then file objects, then empty ones. */
static VmcxObjectEntry
next_object (const VmcxPlan *plan, uint64_t i, uint64_t *file_object_offset)
{
  VmcxObjectEntry entry = { .flags = VMCX_OBJECT_FLAG_REQUIRED };
  const VmcxKey *key;

  if (i < plan->n_key_tables)
    {
      entry.type = VMCX_OBJECT_KEY_TABLE;
      entry.offset = plan->key_tables_offset + i * plan->key_table_bytes;
      entry.size = plan->key_table_bytes;
      return entry;
    }
  if (i - plan->n_key_tables >= plan->objects->len)
    return (VmcxObjectEntry){ .type = VMCX_OBJECT_EMPTY };
  key = g_array_index (plan->objects, VmcxKey *, i - plan->n_key_tables);
  entry.type = VMCX_OBJECT_FILE;
  entry.offset = *file_object_offset;
  entry.size = (uint32_t)vmcx_plan_object_bytes (plan, key);
  *file_object_offset += entry.size;
  return entry;
}

static void
encode_object (const VmcxObjectEntry *entry, uint8_t *table, uint32_t slot)
{
  uint8_t *raw = table + VMCX_OBJECT_TABLE_HEADER_BYTES + (size_t)slot * VMCX_OBJECT_ENTRY_BYTES;

  vmcx_object_entry_encode (entry, raw);
  vmcx_checksum_seal (raw, VMCX_OBJECT_ENTRY_BYTES, VMCX_OBJECT_CHECKSUM_AT);
}

static gboolean
write_object_tables (const VmcxPlan *plan, const VmcxOutput *output, GError **error)
{
  g_autofree uint8_t *table = g_malloc0 (plan->alignment);
  VmcxObjectTableHeader header = { VMCX_OBJECT_TABLE_SIGNATURE, plan->slots_per_table };
  uint64_t object = 0, file_object_offset = plan->file_objects_offset;
  uint64_t at = VMCX_ROOT_TABLE_OFFSET, following = plan->object_tables_offset;

  vmcx_object_table_header_encode (&header, table);
  for (uint64_t i = 0; i < plan->n_object_tables; i++)
    {
      VmcxObjectEntry link = { .type = VMCX_OBJECT_EMPTY };

      for (uint32_t slot = 0; slot < plan->slots_per_table - 1; slot++)
        {
          VmcxObjectEntry entry = next_object (plan, object++, &file_object_offset);

          encode_object (&entry, table, slot);
        }
      if (i + 1 < plan->n_object_tables)
        link = (VmcxObjectEntry){ .type = VMCX_OBJECT_TABLE,
                                  .offset = following,
                                  .size = plan->alignment,
                                  .flags = VMCX_OBJECT_FLAG_REQUIRED };
      encode_object (&link, table, plan->slots_per_table - 1);
      if (!vmcx_output_write (output, at, table, plan->alignment, error))
        return FALSE;
      at = following;
      following += plan->alignment;
    }
  return TRUE;
}

/* An empty log; its unused bytes are zeros, which the file's new length stands for. */
static gboolean
write_log (const VmcxPlan *plan, const VmcxOutput *output, GError **error)
{
  uint8_t bytes[VMCX_LOG_HEADER_BYTES];
  VmcxLogHeader log
      = { .signature = VMCX_LOG_SIGNATURE,
          .max_entries = (plan->alignment - VMCX_LOG_HEADER_BYTES) / VMCX_LOG_ENTRY_BYTES };

  vmcx_log_header_encode (&log, bytes);
  vmcx_checksum_seal (bytes, sizeof bytes, VMCX_LOG_CHECKSUM_AT);
  return vmcx_output_write (output, plan->log_offset, bytes, sizeof bytes, error)
         && vmcx_output_resize (output, plan->log_offset + plan->log_size, error);
}

static gboolean
write_tree (VmcxTree *tree, const VmcxOutput *output, const VmcxWriteOptions *options,
            GError **error)
{
  g_auto (VmcxPlan) plan = { 0 };

  return vmcx_plan_init (&plan, tree, options, output->name, error)
         && write_headers (&plan, output, error) && write_key_tables (&plan, tree, output, error)
         && write_file_objects (&plan, output, error) && write_object_tables (&plan, output, error)
         && write_log (&plan, output, error);
}

gboolean
vmcx_tree_write_fd (VmcxTree *tree, int fd, const VmcxWriteOptions *options, GError **error)
{
  VmcxOutput output = { fd, "new container" };
  struct stat status;

  if (!tree)
    return vmcx_refuse_null (error, G_STRFUNC, "tree");
  if (fstat (fd, &status) < 0)
    return vmcx_refuse_io (error, output.name, "look at the file", errno);
  if (!S_ISREG (status.st_mode) || status.st_size != 0)
    return vmcx_refuse_plain (error, VMCX_ERROR_ARGUMENT, output.name, "open a fresh file for it",
                              "the descriptor isn't that of an empty regular file");
  return write_tree (tree, &output, options, error);
}

gboolean
vmcx_tree_write (VmcxTree *tree, const char *path, const VmcxWriteOptions *options, GError **error)
{
  g_auto (VmcxBeside) beside = { 0 };
  VmcxOutput output;

  if (!tree || !path)
    return vmcx_refuse_null (error, G_STRFUNC, tree ? "path" : "tree");
  if (!vmcx_beside_open (&beside, path, error))
    return FALSE;
  output = (VmcxOutput){ beside.fd, path };
  return write_tree (tree, &output, options, error)
         && vmcx_beside_commit (&beside, VMCX_BESIDE_REPLACE, error);
}
