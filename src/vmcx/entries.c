/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* entries.c: the entries of one key table.
 *
 * What the checksums leave open, and how it is closed:
 *  - A free entry has none. A type byte that turned into "free" would make a key vanish, so a free
 *    entry must have no flags, parent, checksum and name, which no real key can look like.
 *  - A free entry's size has none either. One bit of it more could swallow the keys that follow, so
 *    a free entry is refused when one bit less would uncover whole keys, checksums and all, up to
 *    exactly its end: then nobody can tell which of the two was written.
 *  - Slack and the bytes of free entries are never looked at otherwise. */
#include "file.h"

#include "checksum.h"
#include "error.h"

#define REFUSE(...)                                                                                \
  vmcx_refuse_damaged (error, source, table->offset + position, "key entry", __VA_ARGS__)

/* Bytes of an entry's value as stored; 0 when it isn't all there. P: the value; ROOM: bytes there.
 */
static uint64_t
value_bytes (const VmcxEntry *entry, const uint8_t *p, size_t room)
{
  if (entry->flags & VMCX_KEY_FLAG_FILE_OBJECT)
    return VMCX_OBJECT_VALUE_BYTES;
  switch (entry->type)
    {
    case VMCX_TYPE_STRING:
    case VMCX_TYPE_ARRAY:
      return room < 4 ? 0 : 4 + (uint64_t)vmcx_load_32 (p);
    case VMCX_TYPE_BOOL:
      return 4;
    case VMCX_TYPE_NODE:
      return VMCX_NODE_VALUE_BYTES;
    default:
      return 8;
    }
}

/* The bytes that the checksum covers, or 0 when the entry's parts don't fit its size. */
static size_t
used_bytes (const VmcxEntry *entry, const uint8_t *raw)
{
  size_t before = (size_t)VMCX_ENTRY_BYTES + entry->name_length;
  uint64_t value;

  if (before > entry->size)
    return 0;
  value = value_bytes (entry, raw + before, entry->size - before);
  return value == 0 || value > entry->size - before ? 0 : before + (size_t)value;
}

static gboolean
is_known_type (uint8_t type)
{
  return type >= VMCX_TYPE_INT && type <= VMCX_TYPE_NODE;
}

/* Whether whole, checksummed keys (and free entries between them, but at least one key) fill
 * [FROM, TO) of TABLE. */
static gboolean
is_run_of_keys (VmcxTable *table, size_t from, size_t to)
{
  size_t n_keys = 0;

  while (from < to)
    {
      VmcxCursor cursor = { table->bytes + from, table->bytes + to };
      VmcxEntry entry;
      size_t used;

      if (!vmcx_entry_decode (&cursor, &entry) || entry.size < VMCX_FREE_ENTRY_BYTES_MIN
          || entry.size > to - from)
        return FALSE;
      if (entry.type == VMCX_ENTRY_TYPE_FREE)
        {
          from += entry.size;
          continue;
        }
      used = is_known_type (entry.type) ? used_bytes (&entry, table->bytes + from) : 0;
      if (used == 0
          || vmcx_checksum_in_place (table->bytes + from, used, VMCX_ENTRY_CHECKSUM_AT)
                 != entry.checksum)
        return FALSE;
      n_keys++;
      from += entry.size;
    }
  return n_keys > 0;
}

static gboolean
check_free (const VmcxSource *source, VmcxTable *table, size_t position, const VmcxEntry *entry,
            GError **error)
{
  if (entry->flags != 0 || entry->parent_table != 0 || entry->parent_offset != 0
      || entry->checksum != 0 || entry->name_length != 0)
    return REFUSE ("it is marked free but has flags, a parent, a checksum or a name");
  if (entry->size < VMCX_FREE_ENTRY_BYTES_MIN)
    return REFUSE ("its size 0x%x is below 0x%x, the smallest of a free entry", entry->size,
                   VMCX_FREE_ENTRY_BYTES_MIN);
  for (uint32_t bit = 1; bit != 0 && bit <= entry->size; bit <<= 1)
    if ((entry->size & bit) && entry->size - bit >= VMCX_FREE_ENTRY_BYTES_MIN
        && is_run_of_keys (table, position + entry->size - bit, position + entry->size))
      return REFUSE ("it is marked free but its last 0x%x bytes are whole keys", bit);
  return TRUE;
}

/* A name is UTF-8 without control over its length: its one NUL is its last byte. */
static gboolean
is_good_name (const uint8_t *name, size_t length)
{
  uint8_t seen = 0;

  if (name[length - 1] != 0)
    return FALSE;
  for (size_t i = 0; i < length - 1; i++)
    {
      if (name[i] == 0)
        return FALSE;
      seen |= name[i];
    }
  return seen < 0x80 || g_utf8_validate ((const char *)name, (gssize)(length - 1), NULL);
}

static gboolean
check_key (const VmcxSource *source, VmcxTable *table, size_t position, const VmcxEntry *entry,
           size_t *used, GError **error)
{
  uint8_t *raw = table->bytes + position;
  const uint8_t known_flags
      = VMCX_KEY_FLAG_FILE_OBJECT | VMCX_KEY_FLAG_SUBCOMPONENT | VMCX_KEY_FLAG_CHANGE_TRACKING;

  if (!is_known_type (entry->type))
    return REFUSE ("its type %u is unknown", entry->type);
  if ((entry->flags & VMCX_KEY_FLAG_FILE_OBJECT) && entry->type != VMCX_TYPE_STRING
      && entry->type != VMCX_TYPE_ARRAY)
    return REFUSE ("its value lies in a file object, which type %u can't", entry->type);
  if (entry->flags & ~known_flags)
    return REFUSE ("its flags 0x%02x are unknown", entry->flags);
  if (entry->name_length < VMCX_NAME_LENGTH_MIN)
    return REFUSE ("its name is empty");
  *used = used_bytes (entry, raw);
  if (*used == 0)
    return REFUSE ("its name and value don't fit its size 0x%x", entry->size);
  if (vmcx_checksum_in_place (raw, *used, VMCX_ENTRY_CHECKSUM_AT) != entry->checksum)
    return REFUSE ("its checksum doesn't match its bytes");
  if (!is_good_name (raw + VMCX_ENTRY_BYTES, entry->name_length))
    return REFUSE ("its name isn't UTF-8 that ends in its only NUL");
  return TRUE;
}

static gboolean
check_object_value (VmcxFile *file, const VmcxTable *table, size_t position, const VmcxKey *key,
                    GError **error)
{
  const VmcxSource *source = &file->source;
  const VmcxObject *object = vmcx_file_find_object (file, key->value.object_offset);

  if (!object || object->type != VMCX_OBJECT_FILE)
    return REFUSE ("its value should be a file object at 0x%" G_GINT64_MODIFIER
                   "x, and none is listed there",
                   key->value.object_offset);
  if (key->length > object->size)
    return REFUSE ("its value of 0x%x bytes is longer than its file object of 0x%x", key->length,
                   object->size);
  if (!vmcx_source_has (source, object->offset, key->length))
    return REFUSE ("the file is truncated: it ends before the value's 0x%x bytes at "
                   "0x%" G_GINT64_MODIFIER "x",
                   key->length, object->offset);
  return TRUE;
}

static gboolean
take_value (VmcxFile *file, const VmcxTable *table, size_t position, const uint8_t *p, VmcxKey *key,
            GError **error)
{
  const VmcxSource *source = &file->source;

  switch (key->type)
    {
    case VMCX_TYPE_BOOL:
      key->value.number = vmcx_load_32 (p) != 0;
      return TRUE;
    case VMCX_TYPE_NODE:
      key->length = vmcx_load_32 (p + 8);
      return TRUE;
    case VMCX_TYPE_STRING:
    case VMCX_TYPE_ARRAY:
      break;
    default:
      key->value.bits = vmcx_load_64 (p);
      return TRUE;
    }
  key->length = vmcx_load_32 (p);
  if (key->type == VMCX_TYPE_STRING && key->length % 2 != 0)
    return REFUSE ("its string of 0x%x bytes isn't whole UTF-16 units", key->length);
  if (!(key->flags & VMCX_KEY_FLAG_FILE_OBJECT))
    {
      key->value.bytes = p + 4;
      return TRUE;
    }
  key->value.object_offset = vmcx_load_64 (p + 4);
  return check_object_value (file, table, position, key, error);
}

static gboolean
take_key (VmcxFile *file, VmcxTable *table, size_t position, const VmcxEntry *entry, GError **error)
{
  const VmcxSource *source = &file->source;
  VmcxKey *key = &table->keys[table->n_keys];
  const uint8_t *name = table->bytes + position + VMCX_ENTRY_BYTES;
  size_t used;

  if (!check_key (source, table, position, entry, &used, error))
    return FALSE;
  *key = (VmcxKey){ .parent_place = VMCX_PLACE (entry->parent_table, entry->parent_offset),
                    .name = (const char *)name,
                    .sequence = entry->sequence,
                    .owner.table = table,
                    .offset = (uint32_t)position,
                    .type = entry->type,
                    .flags = entry->flags };
  if (!take_value (file, table, position, name + entry->name_length, key, error))
    return FALSE;
  table->n_keys++;
  return TRUE;
}

/* An upper bound for the keys, by their sizes alone. */
static size_t
count_entries (const VmcxTable *table)
{
  size_t position = VMCX_KEY_TABLE_HEADER_BYTES, n = 0;

  while (position + VMCX_ENTRY_BYTES < table->size)
    {
      uint32_t size = vmcx_load_32 (table->bytes + position + 2);

      n += table->bytes[position] != VMCX_ENTRY_TYPE_FREE;
      if (size < VMCX_ENTRY_BYTES || size > table->size - position)
        break; /* refused when its turn comes */
      position += size;
    }
  return n;
}

gboolean
vmcx_file_read_entries (VmcxFile *file, VmcxTable *table, GError **error)
{
  const VmcxSource *source = &file->source;
  size_t position = VMCX_KEY_TABLE_HEADER_BYTES, n = count_entries (table);

  /* No overflow: an entry has VMCX_ENTRY_BYTES at least, and a table less than 4 GiB. */
  table->keys = vmcx_slab_take (&file->memory, (n + 1) * sizeof (VmcxKey));
  if (!table->keys)
    return vmcx_refuse (error, VMCX_ERROR_NO_MEMORY, source->name, table->offset, "key table",
                        "free some memory and try again",
                        "there is no memory for %" G_GSIZE_FORMAT " keys", n);
  while (position < table->size)
    {
      VmcxCursor cursor = { table->bytes + position, table->bytes + table->size };
      size_t left = vmcx_cursor_left (&cursor);
      VmcxEntry entry;

      if (left < VMCX_FREE_ENTRY_BYTES_MIN || !vmcx_entry_decode (&cursor, &entry))
        return REFUSE ("only 0x%" G_GSIZE_MODIFIER "x bytes of its table are left", left);
      if (entry.size < VMCX_ENTRY_BYTES || entry.size > left)
        return REFUSE ("its size 0x%x isn't between 0x%x and the 0x%" G_GSIZE_MODIFIER
                       "x bytes left of its table",
                       entry.size, VMCX_ENTRY_BYTES, left);
      if (entry.type == VMCX_ENTRY_TYPE_FREE ? !check_free (source, table, position, &entry, error)
                                             : !take_key (file, table, position, &entry, error))
        return FALSE;
      position += entry.size;
    }
  return TRUE;
}
