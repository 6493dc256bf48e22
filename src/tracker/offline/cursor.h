/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cursor.h: reads big-endian fields one after the other out of a block of bytes, never past it. */
#ifndef CAIRN_OFFLINE_CURSOR_H
#define CAIRN_OFFLINE_CURSOR_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

typedef struct
{
  const uint8_t *at, *end;
  gboolean ran_out; /* a field lay past the end; it and all later ones read as 0 */
} CairnCursor;

static inline CairnCursor
cairn_cursor (const void *bytes, size_t size)
{
  return (CairnCursor){ bytes, (const uint8_t *)bytes + size, FALSE };
}

/* The next N bytes, or NULL. */
static inline const uint8_t *
cairn_cursor_take (CairnCursor *cursor, size_t n)
{
  const uint8_t *taken = cursor->at;

  if (cursor->ran_out || (size_t)(cursor->end - cursor->at) < n)
    {
      cursor->ran_out = TRUE;
      return NULL;
    }
  cursor->at += n;
  return taken;
}

static inline uint64_t
cairn_cursor_number (CairnCursor *cursor, size_t n)
{
  const uint8_t *bytes = cairn_cursor_take (cursor, n);
  uint64_t value = 0;

  for (size_t i = 0; bytes && i < n; i++)
    value = value << 8 | bytes[i];
  return value;
}

static inline uint8_t
cairn_cursor_u8 (CairnCursor *cursor)
{
  return (uint8_t)cairn_cursor_number (cursor, 1);
}

static inline uint16_t
cairn_cursor_u16 (CairnCursor *cursor)
{
  return (uint16_t)cairn_cursor_number (cursor, 2);
}

static inline uint32_t
cairn_cursor_u32 (CairnCursor *cursor)
{
  return (uint32_t)cairn_cursor_number (cursor, 4);
}

static inline uint64_t
cairn_cursor_u64 (CairnCursor *cursor)
{
  return cairn_cursor_number (cursor, 8);
}

#endif
