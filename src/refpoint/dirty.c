/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of extents as bytes. */
#include "refpoint/dirty.h"

static void
append_number (GByteArray *bytes, uint64_t number)
{
  do
    {
      uint8_t byte = number & 0x7f;

      number >>= 7;
      if (number)
        byte |= 0x80;
      g_byte_array_append (bytes, &byte, 1);
    }
  while (number);
}

GBytes *
cairn_dirty_encode (const GArray *extents, uint64_t granularity_bytes)
{
  GByteArray *bytes = g_byte_array_new ();
  uint64_t at = 0;

  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);
      uint64_t first = extent->offset_bytes / granularity_bytes;
      uint64_t last = (extent->offset_bytes + extent->length_bytes - 1) / granularity_bytes;

      /* Two extents may share a granule when they came from a finer map. */
      first = MAX (first, at);
      if (last < first)
        continue;
      append_number (bytes, first - at);
      append_number (bytes, last - first + 1);
      at = last + 1;
    }
  return g_byte_array_free_to_bytes (bytes);
}

typedef struct
{
  const uint8_t *p;
  const uint8_t *end;
} Cursor;

static gboolean
take_number (Cursor *cursor, uint64_t *number)
{
  uint64_t value = 0;

  for (unsigned shift = 0; shift < 63; shift += 7)
    {
      uint8_t byte;

      if (cursor->p == cursor->end)
        return FALSE;
      byte = *cursor->p++;
      value |= (uint64_t)(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        {
          *number = value;
          return TRUE;
        }
    }
  return FALSE;
}

/* The next run of granules; FALSE at the end, and when it isn't one or leaves the disk (*OK). */
static gboolean
take_run (Cursor *cursor, uint64_t *at, uint64_t *run, uint64_t n_granules, gboolean *ok)
{
  uint64_t gap;

  if (cursor->p == cursor->end)
    return FALSE;
  *ok = take_number (cursor, &gap) && take_number (cursor, run) && *run > 0
        && gap <= n_granules - *at && *run <= n_granules - *at - gap;
  if (*ok)
    *at += gap;
  return *ok;
}

static Cursor
cursor_of (GBytes *bytes)
{
  gsize length;
  const uint8_t *start = g_bytes_get_data (bytes, &length);

  return (Cursor){ start, start + length };
}

static uint64_t
count_granules (uint64_t granularity_bytes, uint64_t size_bytes)
{
  return size_bytes / granularity_bytes + (size_bytes % granularity_bytes != 0);
}

gboolean
cairn_dirty_check (GBytes *bytes, uint64_t granularity_bytes, uint64_t size_bytes,
                   uint64_t *n_extents)
{
  Cursor cursor = cursor_of (bytes);
  uint64_t n_granules = count_granules (granularity_bytes, size_bytes);
  uint64_t at = 0, run;
  gboolean ok = TRUE;

  *n_extents = 0;
  while (take_run (&cursor, &at, &run, n_granules, &ok))
    {
      at += run;
      ++*n_extents;
    }
  return ok;
}

GArray *
cairn_dirty_decode (GBytes *bytes, uint64_t granularity_bytes, uint64_t size_bytes)
{
  g_autoptr (GArray) extents = cairn_extents_new ();
  Cursor cursor = cursor_of (bytes);
  uint64_t n_granules = count_granules (granularity_bytes, size_bytes);
  uint64_t at = 0, run;
  gboolean ok = TRUE;

  while (take_run (&cursor, &at, &run, n_granules, &ok))
    {
      cairn_extents_append (extents, at * granularity_bytes,
                            MIN (run * granularity_bytes, size_bytes - at * granularity_bytes));
      at += run;
    }
  return ok ? g_steal_pointer (&extents) : NULL;
}

GBytes *
cairn_dirty_encode_granules (const CairnGranules *granules, uint64_t n_granules)
{
  GByteArray *bytes = g_byte_array_new ();
  uint64_t at = 0, first, n;

  for (; cairn_granules_next (granules, at, n_granules, &first, &n); at = first + n)
    {
      append_number (bytes, first - at);
      append_number (bytes, n);
    }
  return g_byte_array_free_to_bytes (bytes);
}

gboolean
cairn_dirty_decode_granules (GBytes *bytes, CairnGranules *granules)
{
  Cursor cursor = cursor_of (bytes);
  uint64_t at = 0, run;
  gboolean ok = TRUE;

  while (take_run (&cursor, &at, &run, granules->n_granules, &ok))
    for (uint64_t end = at + run; at < end; at++)
      cairn_granules_set (granules, at);
  return ok;
}
