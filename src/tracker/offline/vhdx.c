/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the headers, the region table and the metadata of a VHDX file. */
#include "tracker/offline/vhdx.h"

#include <string.h>
#include <unistd.h>

#include <cairn/error.h>

#define HEADER_BYTES  4096u
#define TABLE_BYTES   65536u
#define FIRST_HEADER  (UINT64_C (64) << 10)
#define SECOND_HEADER (UINT64_C (128) << 10)
#define REGION_TABLE  (UINT64_C (192) << 10)
#define ENTRY_BYTES   32u
#define ITEM_LIMIT_BYTES                                                                           \
  (UINT64_C (1) << 20) /* of the metadata region: items lie in its first MiB */
#define MIN_BLOCK_BYTES   (UINT64_C (1) << 20)
#define MAX_BLOCK_BYTES   (UINT64_C (256) << 20)
#define MAX_SIZE_BYTES    (UINT64_C (64) << 40)
#define SECTORS_PER_CHUNK (UINT64_C (1) << 23)
#define HAS_PARENT        2u

/* GUIDs as they lie in the file. */
static const uint8_t bat_region[16] = { 0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
                                        0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08 };
static const uint8_t metadata_region[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                             0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t file_parameters[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                             0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
static const uint8_t disk_size[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                                       0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const uint8_t sector_size[16] = { 0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47,
                                         0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f };
/* Required, and without a meaning for the content. */
static const uint8_t disk_id[16] = { 0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45,
                                     0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46 };
static const uint8_t physical_sector_size[16] = { 0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44,
                                                  0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56 };

static gboolean
refuse (const char *what, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED, "a VHDX %s", what);
  return FALSE;
}

static uint64_t
number_at (const uint8_t *bytes, size_t offset, size_t n_bytes)
{
  uint64_t number = 0;

  while (n_bytes-- > 0)
    number = number << 8 | bytes[offset + n_bytes];
  return number;
}

static gboolean
read_at (int fd, uint64_t offset, uint8_t *bytes, size_t n)
{
  return pread (fd, bytes, n, (off_t)offset) == (ssize_t)n;
}

/* CRC-32C (Castagnoli), a bit at a time: of 136 KiB once for each file. */
static uint32_t
checksum (const uint8_t *bytes, size_t n)
{
  uint32_t crc = ~0u;

  for (size_t i = 0; i < n; i++)
    {
      crc ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
  return ~crc;
}

/* Whether BYTES begin with SIGNATURE and have the checksum that they say. */
static gboolean
is_sound (uint8_t *bytes, size_t n, const char *signature)
{
  uint32_t said = (uint32_t)number_at (bytes, 4, 4);

  memset (bytes + 4, 0, 4);
  return memcmp (bytes, signature, 4) == 0 && checksum (bytes, n) == said;
}

/* The header that counts must have no log. */
static gboolean
check_headers (int fd, uint8_t *buffer, GError **error)
{
  static const uint64_t places[] = { FIRST_HEADER, SECOND_HEADER };
  static const uint8_t no_log[16];
  uint64_t newest = 0;
  gboolean has_header = FALSE, has_log = FALSE;

  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    {
      uint64_t sequence;

      if (!read_at (fd, places[i], buffer, HEADER_BYTES)
          || !is_sound (buffer, HEADER_BYTES, "head"))
        continue;
      sequence = number_at (buffer, 8, 8);
      if (has_header && sequence < newest)
        continue;
      has_header = TRUE;
      newest = sequence;
      has_log = memcmp (buffer + 48, no_log, sizeof no_log) != 0 || number_at (buffer, 66, 2) != 1;
    }
  if (!has_header)
    return refuse ("without a valid header", error);
  return !has_log || refuse ("whose log may have to be replayed", error);
}

static gboolean
find_regions (int fd, uint8_t *buffer, CairnVhdx *vhdx, uint64_t *metadata, GError **error)
{
  uint64_t n;

  if (!read_at (fd, REGION_TABLE, buffer, TABLE_BYTES) || !is_sound (buffer, TABLE_BYTES, "regi"))
    return refuse ("without a valid region table", error);
  n = number_at (buffer, 8, 4);
  if (n > TABLE_BYTES / ENTRY_BYTES - 1)
    return refuse ("with too many regions", error);
  for (uint64_t i = 0; i < n; i++)
    {
      const uint8_t *entry = buffer + 16 + i * ENTRY_BYTES;

      if (memcmp (entry, bat_region, 16) == 0)
        vhdx->bat_offset = number_at (entry, 16, 8);
      else if (memcmp (entry, metadata_region, 16) == 0)
        *metadata = number_at (entry, 16, 8);
      else if (number_at (entry, 28, 4) & 1)
        return refuse ("with an unknown region", error);
    }
  return (vhdx->bat_offset != 0 && *metadata != 0) || refuse ("without its regions", error);
}

/* What the metadata say. */
typedef struct
{
  uint64_t block_bytes, flags, size_bytes, sector_bytes;
} Items;

/* FALSE for an item that is required and not known. */
static gboolean
take_item (int fd, uint64_t metadata, const uint8_t *entry, Items *items)
{
  uint64_t offset = number_at (entry, 16, 4);
  uint8_t bytes[8] = { 0 };

  if (memcmp (entry, disk_id, 16) == 0 || memcmp (entry, physical_sector_size, 16) == 0)
    return TRUE;
  if (offset > ITEM_LIMIT_BYTES || !read_at (fd, metadata + offset, bytes, sizeof bytes))
    return FALSE;
  if (memcmp (entry, file_parameters, 16) == 0)
    {
      items->block_bytes = number_at (bytes, 0, 4);
      items->flags = number_at (bytes, 4, 4);
    }
  else if (memcmp (entry, disk_size, 16) == 0)
    items->size_bytes = number_at (bytes, 0, 8);
  else if (memcmp (entry, sector_size, 16) == 0)
    items->sector_bytes = number_at (bytes, 0, 4);
  else
    return !(number_at (entry, 24, 4) & 4);
  return TRUE;
}

static gboolean
read_metadata (int fd, uint8_t *buffer, uint64_t metadata, Items *items, GError **error)
{
  uint64_t n;

  if (!read_at (fd, metadata, buffer, TABLE_BYTES) || memcmp (buffer, "metadata", 8) != 0)
    return refuse ("without valid metadata", error);
  n = number_at (buffer, 10, 2);
  if (n > TABLE_BYTES / ENTRY_BYTES - 1)
    return refuse ("with too many metadata", error);
  for (uint64_t i = 0; i < n; i++)
    if (!take_item (fd, metadata, buffer + ENTRY_BYTES * (i + 1), items))
      return refuse ("with unknown metadata", error);
  return TRUE;
}

static gboolean
is_power_of_two (uint64_t number)
{
  return number != 0 && (number & (number - 1)) == 0;
}

static gboolean
take_items (const Items *items, CairnVhdx *vhdx, GError **error)
{
  if (items->flags & HAS_PARENT)
    return refuse ("with a parent", error);
  if (!is_power_of_two (items->block_bytes) || items->block_bytes < MIN_BLOCK_BYTES
      || items->block_bytes > MAX_BLOCK_BYTES
      || (items->sector_bytes != 512 && items->sector_bytes != 4096)
      || items->size_bytes > MAX_SIZE_BYTES || items->size_bytes % 512 != 0)
    return refuse ("whose sizes can't be right", error);
  vhdx->size_bytes = items->size_bytes;
  vhdx->block_bytes = items->block_bytes;
  vhdx->blocks_per_chunk = SECTORS_PER_CHUNK * items->sector_bytes / items->block_bytes;
  return TRUE;
}

gboolean
cairn_vhdx_open (int fd, CairnVhdx *vhdx, GError **error)
{
  g_autofree uint8_t *buffer = g_malloc (TABLE_BYTES);
  uint64_t metadata = 0;
  Items items = { 0 };

  *vhdx = (CairnVhdx){ 0 };
  return check_headers (fd, buffer, error) && find_regions (fd, buffer, vhdx, &metadata, error)
         && read_metadata (fd, buffer, metadata, &items, error) && take_items (&items, vhdx, error);
}
