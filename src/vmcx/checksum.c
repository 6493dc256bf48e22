/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksum.c: CRC-32 with the checksum's own bytes as zero, on zlib. */
#include "checksum.h"

#include "cursor.h"

#include <string.h>
#include <zlib.h>

uint32_t
vmcx_checksum_plain (const uint8_t *bytes, size_t length)
{
  return (uint32_t)crc32_z (0, bytes, length);
}

uint32_t
vmcx_checksum (const uint8_t *bytes, size_t length, size_t at)
{
  static const uint8_t zeros[4];
  uLong sum = crc32_z (0, bytes, at);

  sum = crc32_z (sum, zeros, sizeof zeros);
  return (uint32_t)crc32_z (sum, bytes + at + 4, length - at - 4);
}

void
vmcx_checksum_seal (uint8_t *bytes, size_t length, size_t at)
{
  vmcx_store_32 (bytes + at, vmcx_checksum (bytes, length, at));
}

uint32_t
vmcx_checksum_in_place (uint8_t *bytes, size_t length, size_t at)
{
  uint8_t kept[4];
  uint32_t sum;

  memcpy (kept, bytes + at, sizeof kept);
  memset (bytes + at, 0, sizeof kept);
  sum = (uint32_t)crc32_z (0, bytes, length);
  memcpy (bytes + at, kept, sizeof kept);
  return sum;
}
