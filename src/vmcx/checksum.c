/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksum.c: CRC-32 with the checksum's own bytes as zero, on zlib.
 *
 * zlib takes short inputs a byte at a time, each step waiting for the one before; key entries are
 * 50 bytes and there may be millions. So they go eight bytes at a time through tables made from
 * zlib's: slices[k][b] is the CRC of byte b with k zero bytes behind it. Twice as fast in all. */
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

/* From here on zlib is as fast or faster. */
#define SHORT_BYTES 256

static uint32_t slices[8][256];

static void
make_slices (void)
{
  static gsize is_made;
  const z_crc_t *table;

  if (!g_once_init_enter (&is_made))
    return;
  table = get_crc_table ();
  for (size_t b = 0; b < 256; b++)
    slices[0][b] = (uint32_t)table[b];
  for (size_t k = 1; k < 8; k++)
    for (size_t b = 0; b < 256; b++)
      slices[k][b] = slices[k - 1][b] >> 8 ^ slices[0][slices[k - 1][b] & 0xff];
  g_once_init_leave (&is_made, 1);
}

static uint32_t
checksum_short (const uint8_t *p, size_t length)
{
  uint32_t sum = 0xffffffff;

  make_slices ();
  for (; length >= 8; length -= 8, p += 8)
    {
      uint32_t low = vmcx_load_32 (p) ^ sum, high = vmcx_load_32 (p + 4);

      sum = slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^ slices[5][low >> 16 & 0xff]
            ^ slices[4][low >> 24] ^ slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff]
            ^ slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
    }
  for (; length > 0; length--, p++)
    sum = sum >> 8 ^ slices[0][(sum ^ *p) & 0xff];
  return ~sum;
}

uint32_t
vmcx_checksum_in_place (uint8_t *bytes, size_t length, size_t at)
{
  uint8_t kept[4];
  uint32_t sum;

  memcpy (kept, bytes + at, sizeof kept);
  memset (bytes + at, 0, sizeof kept);
  sum = length < SHORT_BYTES ? checksum_short (bytes, length) : vmcx_checksum_plain (bytes, length);
  memcpy (bytes + at, kept, sizeof kept);
  return sum;
}
