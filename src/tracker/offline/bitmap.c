/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a bitmap's table and bits. */
#include "tracker/offline/bitmap.h"

#include <cairn/extent.h>

#include "refpoint/tracker.h"
#include "tracker/offline/layout.h"

/* Table entries read at once: 64 KiB, so that a large table costs no memory. */
#define TABLE_PIECE_ENTRIES 8192u

static gboolean
fail_unknown (GError **error, const CairnBitmapEntry *entry, const char *what)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "the bitmap directory entry at 0x%" PRIx64 " has %s", entry->entry_offset, what);
  return FALSE;
}

gboolean
cairn_bitmap_open (const CairnQcow2 *image, const CairnBitmapEntry *entry, CairnBitmap *bitmap,
                   GError **error)
{
  uint64_t granularity, n_bits, n_bytes, n_entries;

  if (entry->type != BITMAP_TYPE_DIRTY)
    return fail_unknown (error, entry, "an unknown type");
  if (entry->flags & ~BITMAP_FLAGS_KNOWN)
    return fail_unknown (error, entry, "unknown flags");
  if (entry->has_extra && !(entry->flags & BITMAP_FLAG_EXTRA_OK))
    return fail_unknown (error, entry, "extra data that must be understood");
  if (entry->granularity_bits < BITMAP_MIN_GRANULARITY_BITS
      || entry->granularity_bits > BITMAP_MAX_GRANULARITY_BITS)
    return fail_unknown (error, entry, "an unknown granularity");
  granularity = UINT64_C (1) << entry->granularity_bits;
  /* The size is below 2^63 and the granularity below 2^32: no overflow. */
  n_bits = (image->virtual_size_bytes + granularity - 1) / granularity;
  n_bytes = (n_bits + 7) / 8;
  n_entries = (n_bytes + image->cluster_bytes - 1) / image->cluster_bytes;
  if (n_bytes > MAX_BITMAP_BYTES)
    return fail_unknown (error, entry, "more bits than any QEMU writes");
  if (entry->n_table_entries < n_entries || entry->table_offset == 0
      || entry->table_offset % image->cluster_bytes != 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "the bitmap directory entry at 0x%" PRIx64 " has a table that can't be right",
                   entry->entry_offset);
      return FALSE;
    }
  *bitmap = (CairnBitmap){ .image = image,
                           .table_offset = entry->table_offset,
                           .n_table_entries = n_entries,
                           .granularity_bits = entry->granularity_bits,
                           .n_bits = n_bits };
  return TRUE;
}

/* One scan's place. Pieces of neighbouring clusters that also are neighbours in the file are
 * gathered and read at once. */
typedef struct
{
  const CairnBitmap *bitmap;
  CairnBitsSink take;
  void *sink;
  int64_t deadline;
  uint8_t *buffer;     /* of CAIRN_BITMAP_PIECE_BYTES */
  uint64_t run_byte;   /* where in the bitmap the gathered run starts */
  uint64_t run_bytes;  /* 0 = no run */
  uint64_t run_offset; /* in the file; 0 = all ones */
} Scan;

/* Clears what lies past the last bit and fills up to a whole word. */
static size_t
trim_tail (const Scan *scan, uint64_t first_byte, size_t n)
{
  uint64_t n_bits = scan->bitmap->n_bits;

  if (first_byte + n == (n_bits + 7) / 8 && n_bits % 8 != 0)
    scan->buffer[n - 1] &= (uint8_t)((1u << (n_bits % 8)) - 1);
  while (n % 8 != 0)
    scan->buffer[n++] = 0;
  return n;
}

static gboolean
flush_run (Scan *scan, GError **error)
{
  while (scan->run_bytes > 0)
    {
      size_t n = (size_t)MIN (scan->run_bytes, CAIRN_BITMAP_PIECE_BYTES);

      if (!cairn_qcow2_check_deadline (scan->deadline, error))
        return FALSE;
      if (scan->run_offset == 0)
        memset (scan->buffer, 0xff, n);
      else if (!cairn_qcow2_read (scan->bitmap->image, scan->run_offset, scan->buffer, n,
                                  "bitmap's bits", error))
        return FALSE;
      scan->take (scan->sink, scan->run_byte, scan->buffer, trim_tail (scan, scan->run_byte, n));
      scan->run_byte += n;
      scan->run_bytes -= n;
      if (scan->run_offset != 0)
        scan->run_offset += n;
    }
  return TRUE;
}

/* Adds N bytes of bits from BYTE on, which one table entry describes. */
static gboolean
add_cluster (Scan *scan, uint64_t byte, uint64_t n, uint64_t entry, uint64_t entry_offset,
             GError **error)
{
  uint64_t offset = entry & ENTRY_OFFSET_MASK;
  gboolean continues;

  if ((entry & TABLE_ENTRY_RESERVED) || offset % scan->bitmap->image->cluster_bytes != 0
      || (offset != 0 && (entry & TABLE_ENTRY_ALL_ONES)))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "the bitmap table entry at 0x%" PRIx64 " is 0x%" PRIx64, entry_offset, entry);
      return FALSE;
    }
  if (entry == 0)
    return TRUE;
  continues
      = scan->run_bytes > 0 && scan->run_byte + scan->run_bytes == byte
        && (offset == 0 ? scan->run_offset == 0
                        : scan->run_offset != 0 && scan->run_offset + scan->run_bytes == offset);
  if (!continues)
    {
      if (!flush_run (scan, error))
        return FALSE;
      scan->run_byte = byte;
      scan->run_offset = offset;
      scan->run_bytes = 0;
    }
  scan->run_bytes += n;
  return TRUE;
}

/* A piece of the table: entries FIRST to FIRST + N. */
static gboolean
scan_table (Scan *scan, uint64_t first, size_t n, uint64_t *table, GError **error)
{
  const CairnBitmap *bitmap = scan->bitmap;
  uint64_t cluster = bitmap->image->cluster_bytes;
  uint64_t n_bytes = (bitmap->n_bits + 7) / 8;
  uint64_t offset = bitmap->table_offset + first * sizeof *table;

  if (!cairn_qcow2_check_deadline (scan->deadline, error)
      || !cairn_qcow2_read (bitmap->image, offset, table, n * sizeof *table, "bitmap table", error))
    return FALSE;
  for (size_t i = 0; i < n; i++)
    {
      uint64_t byte = (first + i) * cluster;

      if (table[i] != 0
          && !add_cluster (scan, byte, MIN (cluster, n_bytes - byte), GUINT64_FROM_BE (table[i]),
                           offset + i * sizeof *table, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
fail_memory (GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "no memory to read a bitmap; free some and try again");
  return FALSE;
}

static gboolean
scan_one (const CairnBitmap *bitmap, uint64_t first_byte, uint64_t end_byte, CairnBitsSink take,
          void *sink, int64_t deadline, GError **error)
{
  uint64_t cluster = bitmap->image->cluster_bytes;
  uint64_t first = first_byte / cluster;
  uint64_t end = MIN ((end_byte + cluster - 1) / cluster, bitmap->n_table_entries);
  uint64_t piece = MIN (CAIRN_BITMAP_PIECE_BYTES, (end - MIN (first, end)) * cluster);
  g_autofree uint8_t *buffer = NULL;
  g_autofree uint64_t *table = NULL;
  Scan scan = { .bitmap = bitmap, .take = take, .sink = sink, .deadline = deadline };

  if (first >= end)
    return TRUE;
  buffer = g_try_malloc (MAX (piece, cluster));
  table = g_try_new (uint64_t, MIN (end - first, TABLE_PIECE_ENTRIES));
  if (!buffer || !table)
    return fail_memory (error);
  scan.buffer = buffer;
  for (uint64_t at = first; at < end; at += TABLE_PIECE_ENTRIES)
    if (!scan_table (&scan, at, (size_t)MIN (end - at, TABLE_PIECE_ENTRIES), table, error))
      return FALSE;
  return flush_run (&scan, error);
}

/* A window of a union, which gathers what the bitmaps have. */
typedef struct
{
  uint8_t *bits;
  uint64_t first_byte;
  size_t n;
} Window;

static void
take_union (void *taker, uint64_t first_byte, const uint8_t *bytes, size_t n)
{
  Window *window = taker;
  uint64_t first = MAX (first_byte, window->first_byte);
  uint64_t end = MIN (first_byte + n, window->first_byte + window->n);
  uint8_t *bits;
  size_t n_words;

  if (first >= end)
    return;
  bits = window->bits + (first - window->first_byte);
  bytes += first - first_byte;
  n_words = (size_t)(end - first) / 8;
  for (size_t i = 0; (i = cairn_bits_skip_zeros (bytes, i, n_words)) < n_words; i++)
    {
      uint64_t one, other;

      memcpy (&one, bits + i * 8, sizeof one);
      memcpy (&other, bytes + i * 8, sizeof other);
      one |= other;
      memcpy (bits + i * 8, &one, sizeof one);
    }
}

static gboolean
gather_window (const CairnBitmap *bitmap, Window *window, int64_t deadline, GError **error)
{
  uint64_t end_byte = window->first_byte + window->n;
  uint64_t last_byte = bitmap->n_bits / 8;

  memset (window->bits, 0, window->n);
  for (const CairnBitmap *one = bitmap; one; one = one->below)
    if (!scan_one (one, window->first_byte, end_byte, take_union, window, deadline, error))
      {
        if (one != bitmap && one->path)
          g_prefix_error (error, "in its backing image '%s': ", one->path);
        return FALSE;
      }
  /* A layer may be larger than the disk; the last word is filled up with zeros. */
  if (last_byte >= window->first_byte && last_byte < end_byte)
    {
      uint8_t *last = window->bits + (last_byte - window->first_byte);

      *last &= (uint8_t)((1u << (bitmap->n_bits % 8)) - 1);
      memset (last + 1, 0, (size_t)(end_byte - last_byte - 1));
    }
  return TRUE;
}

static gboolean
scan_union (const CairnBitmap *bitmap, uint64_t first_byte, uint64_t end_byte, CairnBitsSink take,
            void *sink, int64_t deadline, GError **error)
{
  uint64_t whole = (bitmap->n_bits + 63) / 64 * 8;
  uint64_t window_bytes = CAIRN_BITMAP_PIECE_BYTES;
  g_autofree uint8_t *bits = NULL;

  /* No cluster is read for two windows. */
  for (const CairnBitmap *one = bitmap; one; one = one->below)
    window_bytes = MAX (window_bytes, one->image->cluster_bytes);
  end_byte = MIN (end_byte, whole);
  first_byte -= first_byte % window_bytes;
  if (first_byte >= end_byte)
    return TRUE;
  bits = g_try_malloc (MIN (window_bytes, whole - first_byte));
  if (!bits)
    return fail_memory (error);
  for (; first_byte < end_byte; first_byte += window_bytes)
    {
      Window window = { bits, first_byte, (size_t)MIN (window_bytes, whole - first_byte) };

      if (!gather_window (bitmap, &window, deadline, error))
        return FALSE;
      take (sink, first_byte, bits, window.n);
    }
  return TRUE;
}

gboolean
cairn_bitmap_scan (const CairnBitmap *bitmap, uint64_t first_byte, uint64_t end_byte,
                   CairnBitsSink take, void *sink, int64_t deadline, GError **error)
{
  return (bitmap->below ? scan_union : scan_one) (bitmap, first_byte, end_byte, take, sink,
                                                  deadline, error);
}

/* Bits to extents. */
typedef struct
{
  GArray *extents;
  uint32_t granularity_bits;
  uint64_t offset, end;        /* the window, in bytes of the disk */
  uint64_t run_first, run_end; /* the run of set bits that may go on; none when equal */
  /* Gathered to be appended at once: for 7,500 extents that is half the time. They can't touch one
   * another, since a run only ends where a clear bit follows. */
  CairnExtent batch[256];
  guint n_batch;
} ExtentSink;

/* Past the limit nothing is kept: the whole answer is refused at the end. */
static void
append_batch (ExtentSink *sink)
{
  if (sink->n_batch > 0 && sink->extents->len < CAIRN_EXTENTS_LIMIT)
    g_array_append_vals (sink->extents, sink->batch, sink->n_batch);
  sink->n_batch = 0;
}

static void
emit_run (ExtentSink *sink)
{
  uint64_t first, end;

  if (sink->run_first == sink->run_end)
    return;
  first = MAX (sink->run_first << sink->granularity_bits, sink->offset);
  end = MIN (sink->run_end << sink->granularity_bits, sink->end);
  if (first < end)
    sink->batch[sink->n_batch++] = (CairnExtent){ first, end - first };
  if (sink->n_batch == G_N_ELEMENTS (sink->batch))
    append_batch (sink);
  sink->run_first = sink->run_end = 0;
}

static void
add_run (ExtentSink *sink, uint64_t first_bit, uint64_t end_bit)
{
  if (sink->run_end == first_bit && sink->run_first != sink->run_end)
    {
      sink->run_end = end_bit;
      return;
    }
  emit_run (sink);
  sink->run_first = first_bit;
  sink->run_end = end_bit;
}

static void
add_word (ExtentSink *sink, uint64_t first_bit, uint64_t word)
{
  while (word != 0)
    {
      unsigned skip = (unsigned)__builtin_ctzll (word);
      uint64_t rest = ~(word >> skip);
      unsigned ones = rest == 0 ? 64 : (unsigned)__builtin_ctzll (rest);

      add_run (sink, first_bit + skip, first_bit + skip + ones);
      if (skip + ones >= 64)
        return;
      word &= ~UINT64_C (0) << (skip + ones);
    }
}

static void
take_extents (void *taker, uint64_t first_byte, const uint8_t *bytes, size_t n)
{
  ExtentSink *sink = taker;
  size_t n_words = n / 8;

  for (size_t i = 0; (i = cairn_bits_skip_zeros (bytes, i, n_words)) < n_words; i++)
    {
      uint64_t word;

      memcpy (&word, bytes + i * 8, sizeof word);
      add_word (sink, first_byte * 8 + i * 64, GUINT64_FROM_LE (word));
    }
}

GArray *
cairn_bitmap_extents (const CairnBitmap *bitmap, uint64_t offset_bytes, uint64_t length_bytes,
                      int64_t deadline, GError **error)
{
  uint64_t size = bitmap->image->virtual_size_bytes;
  uint64_t end = offset_bytes >= size || length_bytes > size - offset_bytes
                     ? size
                     : offset_bytes + length_bytes;
  g_autoptr (GArray) extents = cairn_extents_new ();
  ExtentSink sink = { .extents = extents,
                      .granularity_bits = bitmap->granularity_bits,
                      .offset = offset_bytes,
                      .end = end };
  uint64_t first_bit, end_bit;

  if (offset_bytes >= end)
    return g_steal_pointer (&extents);
  first_bit = offset_bytes >> bitmap->granularity_bits;
  end_bit = ((end - 1) >> bitmap->granularity_bits) + 1;
  if (!cairn_bitmap_scan (bitmap, first_bit / 8, (end_bit + 7) / 8, take_extents, &sink, deadline,
                          error))
    return NULL;
  emit_run (&sink);
  append_batch (&sink);
  return cairn_extents_check_limit (extents, error) ? g_steal_pointer (&extents) : NULL;
}
