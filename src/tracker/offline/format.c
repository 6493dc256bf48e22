/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The magic numbers of disk image formats.
 *
 * Source: the probe functions of QEMU's block drivers; VHD, VHDX, VMDK and VDI specifications. */
#include "tracker/offline/format.h"

#include <string.h>
#include <unistd.h>

#define HEAD_BYTES       512
#define VHD_FOOTER_BYTES 512

typedef struct
{
  const char *name;
  size_t magic_offset;
  const char *magic;
  size_t magic_bytes;
  size_t size_offset; /* of a 64-bit field, 0 = none */
  gboolean size_is_big_endian;
  uint64_t size_unit_bytes;
} Format;

static const Format formats[] = {
  { "qcow2", 0, "QFI\xfb\0\0\0\2", 8, 24, TRUE, 1 },
  { "qcow2", 0, "QFI\xfb\0\0\0\3", 8, 24, TRUE, 1 },
  { "qcow", 0, "QFI\xfb\0\0\0\1", 8, 24, TRUE, 1 },
  { "qcow2", 0, "QFI\xfb", 4, 24, TRUE, 1 },
  { "vmdk", 0, "KDMV", 4, 12, FALSE, 512 },
  { "vmdk", 0, "COWD", 4, 0, FALSE, 0 },
  { "vmdk", 0, "# Disk DescriptorFile", 21, 0, FALSE, 0 },
  { "vhdx", 0, "vhdxfile", 8, 0, FALSE, 0 },
  { "vpc", 0, "conectix", 8, 48, TRUE, 1 },
  { "vdi", 64, "\x7f\x10\xda\xbe", 4, 368, FALSE, 1 },
  { "qed", 0, "QED\0", 4, 48, FALSE, 1 },
  { "luks", 0, "LUKS\xba\xbe", 6, 0, FALSE, 0 },
  { "parallels", 0, "WithoutFreeSpace", 16, 36, FALSE, 512 },
  { "parallels", 0, "WithouFreSpacExt", 16, 36, FALSE, 512 },
};

static uint64_t
read_size (const Format *format, const uint8_t *head)
{
  uint64_t value, bytes;

  if (format->size_offset == 0)
    return 0;
  memcpy (&value, head + format->size_offset, sizeof value);
  value = format->size_is_big_endian ? GUINT64_FROM_BE (value) : GUINT64_FROM_LE (value);
  return __builtin_mul_overflow (value, format->size_unit_bytes, &bytes) ? 0 : bytes;
}

/* A fixed VHD has its only header at the end. */
static gboolean
has_vhd_footer (int fd, uint64_t file_bytes)
{
  char magic[8];

  return file_bytes > VHD_FOOTER_BYTES
         && pread (fd, magic, sizeof magic, (off_t)(file_bytes - VHD_FOOTER_BYTES)) == sizeof magic
         && memcmp (magic, "conectix", sizeof magic) == 0;
}

const char *
cairn_format_detect (int fd, uint64_t file_bytes, uint64_t *virtual_size_bytes)
{
  uint8_t head[HEAD_BYTES] = { 0 };
  ssize_t n = pread (fd, head, sizeof head, 0);

  for (size_t i = 0; n > 0 && i < G_N_ELEMENTS (formats); i++)
    if (memcmp (head + formats[i].magic_offset, formats[i].magic, formats[i].magic_bytes) == 0)
      {
        *virtual_size_bytes = read_size (&formats[i], head);
        return formats[i].name;
      }
  *virtual_size_bytes = file_bytes;
  if (has_vhd_footer (fd, file_bytes))
    {
      *virtual_size_bytes = file_bytes - VHD_FOOTER_BYTES;
      return "vpc";
    }
  return "raw";
}
