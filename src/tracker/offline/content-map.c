/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds where an image file has what: by the holes of a raw one, the L2 tables of qcow2, the block
 * allocation table of VHDX. */
#include <errno.h>
#include <unistd.h>

#include "tracker/offline/content-file.h"
#include "tracker/offline/layout.h"

#define ENTRY_COMPRESSED (UINT64_C (1) << 62)
#define ENTRY_ZERO       UINT64_C (1)

static gboolean
fail_damaged (const CairnContentFile *file, const char *what, uint64_t offset, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "image '%s' is damaged: the %s at 0x%" PRIx64
               " can't be right; repair it (qcow2: 'qemu-img check -r all'), or restore it",
               file->path, what, offset);
  return FALSE;
}

/* What SEEK_DATA and SEEK_HOLE say. They move the descriptor's position, which nobody uses. */
static void
find_run (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t offset)
{
  off_t data = lseek (file->fd, (off_t)offset, SEEK_DATA);
  off_t hole;

  cursor->run_begin = offset;
  cursor->run_is_hole = data < 0 ? errno == ENXIO : (uint64_t)data > offset;
  if (cursor->run_is_hole)
    {
      cursor->run_end = data < 0 ? UINT64_MAX : (uint64_t)data;
      return;
    }
  /* Where the file system can't say, all is data. */
  hole = data < 0 ? -1 : lseek (file->fd, (off_t)offset, SEEK_HOLE);
  cursor->run_end = hole < 0 || (uint64_t)hole <= offset ? UINT64_MAX : (uint64_t)hole;
}

static void
find_raw (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t offset,
          uint64_t length, CairnStretch *stretch)
{
  if (offset < cursor->run_begin || offset >= cursor->run_end)
    find_run (file, cursor, offset);
  stretch->kind = cursor->run_is_hole ? CAIRN_STRETCH_ZERO : CAIRN_STRETCH_BYTES;
  stretch->place_bytes = offset;
  stretch->length_bytes = MIN (length, cursor->run_end - offset);
}

static gboolean
read_entries (const CairnContentFile *file, uint64_t offset, uint64_t *entries, size_t n,
              const char *what, GError **error)
{
  ssize_t done;

  do
    done = pread (file->fd, entries, n * sizeof *entries, (off_t)offset);
  while (done < 0 && errno == EINTR);
  if (done == (ssize_t)(n * sizeof *entries))
    return TRUE;
  if (done >= 0)
    return fail_damaged (file, what, offset, error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "image '%s': the %s at 0x%" PRIx64 " can't be read: %s; check its storage",
               file->path, what, offset, g_strerror (errno));
  return FALSE;
}

/* Puts the L2 entries around guest cluster NUMBER into CURSOR. */
static gboolean
load_entries (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t number,
              GError **error)
{
  const CairnQcow2 *qcow2 = file->qcow2;
  uint64_t per_table = qcow2->cluster_bytes / sizeof (uint64_t);
  uint64_t per_piece = MIN (per_table, CAIRN_CONTENT_ENTRIES);
  uint64_t index = number / per_table, slot = number % per_table / per_piece * per_piece;
  uint64_t l1_place = qcow2->l1_offset + index * sizeof (uint64_t), table;

  cursor->n_entries = 0;
  if (index >= qcow2->n_l1_entries)
    return fail_damaged (file, "L1 table", qcow2->l1_offset, error);
  if (!read_entries (file, l1_place, &table, 1, "L1 table", error))
    return FALSE;
  table = GUINT64_FROM_BE (table) & ENTRY_OFFSET_MASK;
  if (table % qcow2->cluster_bytes != 0)
    return fail_damaged (file, "L1 table entry", l1_place, error);
  cursor->has_table = table != 0;
  cursor->first_cluster = index * per_table + (table ? slot : 0);
  if (table
      && !read_entries (file, table + slot * sizeof (uint64_t), cursor->l2, (size_t)per_piece,
                        "L2 table", error))
    return FALSE;
  cursor->n_entries = (uint32_t)(table ? per_piece : per_table);
  return TRUE;
}

/* What an L2 entry says of its cluster, apart from the length. */
static gboolean
read_entry (const CairnContentFile *file, uint64_t entry, CairnStretch *stretch, GError **error)
{
  uint32_t bits = file->qcow2->cluster_bits;

  if (entry & ENTRY_COMPRESSED)
    {
      /* [Standard cluster descriptor, compressed]: the place, then the number of sectors that
       * follow its own. */
      uint32_t place_bits = 62 - (bits - 8);
      uint64_t n_more = (entry & (ENTRY_COMPRESSED - 1)) >> place_bits;

      stretch->kind = CAIRN_STRETCH_COMPRESSED;
      stretch->place_bytes = entry & ((UINT64_C (1) << place_bits) - 1);
      stretch->packed_bytes = (n_more + 1) * 512 - stretch->place_bytes % 512;
      return TRUE;
    }
  stretch->place_bytes = entry & ENTRY_OFFSET_MASK;
  if (entry & ENTRY_ZERO)
    stretch->kind = CAIRN_STRETCH_ZERO;
  else
    stretch->kind = stretch->place_bytes ? CAIRN_STRETCH_BYTES : CAIRN_STRETCH_BELOW;
  if (stretch->place_bytes % file->qcow2->cluster_bytes != 0
      || (stretch->kind == CAIRN_STRETCH_ZERO && file->qcow2->version < 3))
    return fail_damaged (file, "L2 entry of a cluster", stretch->place_bytes, error);
  return TRUE;
}

/* Whether NEXT goes on where FIRST's N clusters end. */
static gboolean
goes_on (const CairnContentFile *file, const CairnStretch *first, const CairnStretch *next,
         uint64_t n)
{
  if (next->kind != first->kind || first->kind == CAIRN_STRETCH_COMPRESSED)
    return FALSE;
  return first->kind != CAIRN_STRETCH_BYTES
         || next->place_bytes == first->place_bytes + n * file->qcow2->cluster_bytes;
}

/* How many clusters from SLOT of CURSOR on are as STRETCH says, up to WANTED. */
static gboolean
count_alike (const CairnContentFile *file, const CairnContentCursor *cursor, uint64_t slot,
             uint64_t wanted, CairnStretch *stretch, uint64_t *n, GError **error)
{
  wanted = MIN (wanted, cursor->n_entries - slot);
  *n = wanted;
  stretch->kind = CAIRN_STRETCH_BELOW;
  if (!cursor->has_table)
    return TRUE;
  if (!read_entry (file, GUINT64_FROM_BE (cursor->l2[slot]), stretch, error))
    return FALSE;
  for (*n = 1; *n < wanted; ++*n)
    {
      CairnStretch next = { 0 };

      if (!read_entry (file, GUINT64_FROM_BE (cursor->l2[slot + *n]), &next, error))
        return FALSE;
      if (!goes_on (file, stretch, &next, *n))
        break;
    }
  return TRUE;
}

static gboolean
find_qcow2 (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t offset,
            uint64_t length, CairnStretch *stretch, GError **error)
{
  uint32_t bits = file->qcow2->cluster_bits;
  uint64_t number = offset >> bits, within = offset & (file->qcow2->cluster_bytes - 1);
  uint64_t wanted = ((within + length - 1) >> bits) + 1, n;

  if ((cursor->n_entries == 0 || number < cursor->first_cluster
       || number - cursor->first_cluster >= cursor->n_entries)
      && !load_entries (file, cursor, number, error))
    return FALSE;
  if (!count_alike (file, cursor, number - cursor->first_cluster, wanted, stretch, &n, error))
    return FALSE;
  stretch->length_bytes = MIN (length, (n << bits) - within);
  if (stretch->kind == CAIRN_STRETCH_BYTES)
    stretch->place_bytes += within;
  return TRUE;
}

/* Puts the BAT entries around block NUMBER into CURSOR: of one chunk at most, between two entries
 * of sector bitmaps. */
static gboolean
load_blocks (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t number,
             GError **error)
{
  const CairnVhdx *vhdx = &file->vhdx;
  uint64_t n_blocks = (vhdx->size_bytes + vhdx->block_bytes - 1) / vhdx->block_bytes;
  uint64_t n = MIN (vhdx->blocks_per_chunk, CAIRN_CONTENT_ENTRIES);
  uint64_t first = number / n * n; /* both are powers of two */

  cursor->n_entries = 0;
  n = MIN (n, n_blocks - first);
  if (!read_entries (file, cairn_vhdx_entry_place (vhdx, first), cursor->l2, (size_t)n,
                     "block allocation table", error))
    return FALSE;
  cursor->first_cluster = first;
  cursor->n_entries = (uint32_t)n;
  return TRUE;
}

static gboolean
find_vhdx (const CairnContentFile *file, CairnContentCursor *cursor, uint64_t offset,
           uint64_t length, CairnStretch *stretch, GError **error)
{
  const CairnVhdx *vhdx = &file->vhdx;
  uint64_t number = offset / vhdx->block_bytes, within = offset % vhdx->block_bytes, entry, state;

  if ((cursor->n_entries == 0 || number < cursor->first_cluster
       || number - cursor->first_cluster >= cursor->n_entries)
      && !load_blocks (file, cursor, number, error))
    return FALSE;
  entry = GUINT64_FROM_LE (cursor->l2[number - cursor->first_cluster]);
  state = entry & CAIRN_VHDX_STATE_MASK;
  if (state == CAIRN_VHDX_PARTIALLY_PRESENT)
    return fail_damaged (file, "block allocation table's entry",
                         cairn_vhdx_entry_place (vhdx, number), error);
  stretch->kind = state == CAIRN_VHDX_FULLY_PRESENT ? CAIRN_STRETCH_BYTES : CAIRN_STRETCH_ZERO;
  stretch->place_bytes = (entry & CAIRN_VHDX_OFFSET_MASK) + within;
  stretch->length_bytes = MIN (length, vhdx->block_bytes - within);
  return TRUE;
}

gboolean
cairn_content_file_find (const CairnContentFile *file, CairnContentCursor *cursor,
                         uint64_t offset_bytes, uint64_t length_bytes, CairnStretch *stretch,
                         GError **error)
{
  *stretch = (CairnStretch){ 0 };
  if (file->qcow2)
    return find_qcow2 (file, cursor, offset_bytes, length_bytes, stretch, error);
  if (file->is_vhdx)
    return find_vhdx (file, cursor, offset_bytes, length_bytes, stretch, error);
  find_raw (file, cursor, offset_bytes, length_bytes, stretch);
  return TRUE;
}
