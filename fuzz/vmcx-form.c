/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-form.c: from fuzz inputs to containers and back, and checksums made right on the way, so
 * that a fuzzer gets past them. Knows the layout by itself: the code under test has no part in it.
 */
#include "vmcx-form.h"

#include <string.h>
#include <zlib.h>

#define PAGE            0x1000u
#define CONTAINER_LIMIT (PAGE * 256u) /* what page numbers reach */
#define TABLES_LIMIT    64            /* object tables followed: more only cost time */

static uint64_t
get (const GByteArray *bytes, uint64_t at, guint width)
{
  uint64_t value = 0;

  if (at > bytes->len || width > bytes->len - at)
    return 0;
  for (guint i = 0; i < width; i++)
    value |= (uint64_t)bytes->data[at + i] << (8 * i);
  return value;
}

static void
put32 (GByteArray *bytes, uint64_t at, uint32_t value)
{
  for (guint i = 0; i < 4; i++)
    bytes->data[at + i] = (guint8)(value >> (8 * i));
}

static uint32_t
sum (const GByteArray *bytes, uint64_t at, uint64_t length)
{
  return (uint32_t)crc32_z (0, bytes->data + at, length);
}

static gboolean
has (const GByteArray *bytes, uint64_t at, uint64_t length)
{
  return at <= bytes->len && length <= bytes->len - at;
}

static void
seal (GByteArray *bytes, uint64_t at, uint64_t length, uint64_t sum_at)
{
  if (!has (bytes, at, length) || length < sum_at + 4)
    return;
  put32 (bytes, at + sum_at, 0);
  put32 (bytes, at + sum_at, sum (bytes, at, length));
}

static uint64_t
used_bytes (const GByteArray *bytes, uint64_t at)
{
  uint64_t before = 21 + get (bytes, at + 20, 1);

  if (get (bytes, at + 1, 1) & 1)
    return before + 12;
  switch (get (bytes, at, 1))
    {
    case 6:
    case 7:
      return before + 4 + get (bytes, at + before, 4);
    case 8:
      return before + 4;
    case 9:
      return before + 12;
    default:
      return before + 8;
    }
}

static void
repair_key_table (GByteArray *bytes, uint64_t table, uint64_t size)
{
  uint64_t at = table + 10, end = MIN (table + size, bytes->len);

  seal (bytes, table, 10, 6);
  while (at + 21 < end)
    {
      uint64_t entry_size = get (bytes, at + 2, 4);

      if (get (bytes, at, 1) != 1)
        seal (bytes, at, used_bytes (bytes, at), 12);
      if (entry_size < 21)
        return;
      at += entry_size;
    }
}

static void
repair_objects (GByteArray *bytes, uint64_t alignment)
{
  uint64_t table = 0x2000, size = alignment, next;

  for (guint n = 0; n < TABLES_LIMIT && size > 0; n++, table = next)
    {
      uint64_t count = get (bytes, table + 4, 4);

      next = 0, size = 0;
      for (uint64_t at = table + 8; count-- > 0 && has (bytes, at, 18); at += 18)
        {
          uint64_t type = get (bytes, at, 1);

          if (type == 2)
            repair_key_table (bytes, get (bytes, at + 5, 8), get (bytes, at + 13, 4));
          if (type == 1)
            next = get (bytes, at + 5, 8), size = get (bytes, at + 13, 4);
          seal (bytes, at, 18, 1);
        }
    }
}

static void
repair_log (GByteArray *bytes, uint64_t log)
{
  uint64_t n = get (bytes, log + 8, 4);

  seal (bytes, log, 34, 4);
  for (uint64_t at = log + 34; n-- > 0 && has (bytes, at, 28); at += 28)
    {
      uint64_t size = get (bytes, at + 8, 4), from = log + get (bytes, at + 12, 8);

      if (from >= log && has (bytes, from, size))
        put32 (bytes, at + 24, sum (bytes, from, size));
      seal (bytes, at, 28, 20);
    }
}

void
vmcx_form_repair (GByteArray *container)
{
  /* Tables first: what a log carries was summed up before it went there. */
  repair_objects (container, get (container, 22, 4));
  seal (container, 0, 46, 4);
  seal (container, 0x1000, 46, 4);
  repair_log (container, get (container, 26, 8));
}

static void
grow (GByteArray *container, guint length)
{
  guint old = container->len;

  if (length <= old)
    return;
  g_byte_array_set_size (container, length);
  memset (container->data + old, 0, length - old);
}

static void
expand_pages (GByteArray *container, const uint8_t *input, size_t size)
{
  while (size >= 3)
    {
      guint at = input[0] * PAGE;
      guint length = MIN ((guint)(input[1] | input[2] << 8), (guint)MIN (size - 3, 0xffff));
      guint end = MIN (at + length, CONTAINER_LIMIT);

      grow (container, end);
      if (end > at)
        memcpy (container->data + at, input + 3, end - at);
      input += 3 + length;
      size -= 3 + length;
    }
}

GByteArray *
vmcx_form_expand (const uint8_t *input, size_t size)
{
  GByteArray *container = g_byte_array_new ();

  if (size == 0)
    return container;
  if (input[0] & VMCX_FORM_PAGES)
    expand_pages (container, input + 1, size - 1);
  else
    g_byte_array_append (container, input + 1, (guint)MIN (size - 1, CONTAINER_LIMIT));
  if (input[0] & VMCX_FORM_WHOLE)
    grow (container, (container->len + PAGE - 1) / PAGE * PAGE);
  if (input[0] & VMCX_FORM_REPAIR)
    vmcx_form_repair (container);
  return container;
}

/* Bytes of a page up to the last one that repairing wouldn't bring back. */
static guint
kept_bytes (const GByteArray *container, guint page)
{
  static const guint8 empty[18] = { 0, 0x4d, 0xcf, 0x1b, 0x67 };
  guint at = page * PAGE, length = MIN (PAGE, container->len - at);
  gboolean is_table = get (container, at, 4) == 0x01110001;

  while (length > 0 && container->data[at + length - 1] == 0)
    length--;
  /* Unused slots of an object table are zeros but for their checksum, the fifth byte the last. */
  while (is_table && length > 8 && (length - 8) % 18 == 5
         && memcmp (container->data + at + length - 5, empty, 5) == 0)
    {
      length -= 5;
      while (length > 8 && container->data[at + length - 1] == 0)
        length--;
    }
  return length;
}

GByteArray *
vmcx_form_pack (const GByteArray *container)
{
  GByteArray *input = g_byte_array_new ();
  guint n_pages = (container->len + PAGE - 1) / PAGE;
  guint8 modes = VMCX_FORM_REPAIR | VMCX_FORM_PAGES | VMCX_FORM_WHOLE;

  g_byte_array_append (input, &modes, 1);
  for (guint page = 0; page < MIN (n_pages, 256); page++)
    {
      guint length = kept_bytes (container, page);
      guint8 head[3] = { (guint8)page, (guint8)length, (guint8)(length >> 8) };

      /* The last page ends the file, so it is kept even when nothing of it is. */
      if (length == 0 && page + 1 < n_pages)
        continue;
      g_byte_array_append (input, head, sizeof head);
      g_byte_array_append (input, container->data + page * PAGE, length);
    }
  return input;
}
