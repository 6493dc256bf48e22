/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts allocated guest clusters in L1 and L2 tables. */
#include "tracker/offline/mapping.h"

#include "tracker/offline/layout.h"

/* L1 entries read at once. */
#define L1_PIECE_ENTRIES 8192u

typedef struct
{
  const CairnQcow2 *image;
  uint64_t *l2; /* one table */
  uint32_t entry_words;
  uint64_t entries_per_table;
  uint64_t n_guest_clusters;
  uint64_t read_bytes;
  uint64_t n_allocated;
} Count;

static gboolean
fail_damaged (GError **error, const char *what, uint64_t offset)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "the %s at 0x%" PRIx64 " can't be right", what, offset);
  return FALSE;
}

static uint64_t
count_entries (const Count *count, uint64_t n_entries)
{
  uint64_t n = 0;

  if (count->entry_words == 1)
    {
      uint64_t i = 0;

      /* Most of a table is often empty. */
      for (; i + 8 <= n_entries; i += 8)
        {
          const uint64_t *l2 = count->l2 + i;

          if ((l2[0] | l2[1] | l2[2] | l2[3] | l2[4] | l2[5] | l2[6] | l2[7]) != 0)
            for (int k = 0; k < 8; k++)
              n += l2[k] != 0;
        }
      for (; i < n_entries; i++)
        n += count->l2[i] != 0;
    }
  else
    for (uint64_t i = 0; i < n_entries; i++)
      n += (count->l2[2 * i] | count->l2[2 * i + 1]) != 0;
  return n;
}

/* The L2 table of L1 entry INDEX. */
static gboolean
count_table (Count *count, uint64_t index, uint64_t l1_entry, GError **error)
{
  uint64_t offset = l1_entry & ENTRY_OFFSET_MASK;
  uint64_t first = index * count->entries_per_table;

  if (offset == 0)
    return TRUE;
  if (offset % count->image->cluster_bytes != 0)
    return fail_damaged (error, "L1 table entry", count->image->l1_offset + index * 8);
  if (!cairn_qcow2_read (count->image, offset, count->l2, (size_t)count->image->cluster_bytes,
                         "L2 table", error))
    return FALSE;
  count->read_bytes += count->image->cluster_bytes;
  count->n_allocated
      += count_entries (count, MIN (count->entries_per_table, count->n_guest_clusters - first));
  return TRUE;
}

static gboolean
count_l1 (Count *count, uint64_t *l1, uint64_t n_l1, int64_t deadline, GError **error)
{
  for (uint64_t first = 0; first < n_l1; first += L1_PIECE_ENTRIES)
    {
      size_t n = (size_t)MIN (n_l1 - first, L1_PIECE_ENTRIES);

      if (!cairn_qcow2_read (count->image, count->image->l1_offset + first * 8, l1, n * 8,
                             "L1 table", error))
        return FALSE;
      for (size_t i = 0; i < n; i++)
        {
          if (l1[i] == 0)
            continue;
          if (count->read_bytes >= CAIRN_MAPPING_LIMIT_BYTES)
            return TRUE;
          if (!cairn_qcow2_check_deadline (deadline, error)
              || !count_table (count, first + i, GUINT64_FROM_BE (l1[i]), error))
            return FALSE;
        }
    }
  return TRUE;
}

gboolean
cairn_mapping_count (const CairnQcow2 *image, gboolean *counted, uint64_t *n_clusters,
                     int64_t deadline, GError **error)
{
  Count count = { .image = image };
  uint64_t n_l1;
  g_autofree uint64_t *l1 = NULL;
  g_autofree uint64_t *l2 = NULL;

  count.entry_words = image->incompatible_features & INCOMPATIBLE_EXTENDED_L2 ? 2 : 1;
  count.entries_per_table = image->cluster_bytes / (8 * count.entry_words);
  count.n_guest_clusters
      = (image->virtual_size_bytes + image->cluster_bytes - 1) >> image->cluster_bits;
  n_l1 = (count.n_guest_clusters + count.entries_per_table - 1) / count.entries_per_table;
  if (n_l1 > image->n_l1_entries || (uint64_t)image->n_l1_entries * 8 > MAX_L1_BYTES
      || image->l1_offset % image->cluster_bytes != 0)
    return fail_damaged (error, "L1 table", image->l1_offset);
  l1 = g_try_new (uint64_t, MAX (1, MIN (n_l1, L1_PIECE_ENTRIES)));
  l2 = g_try_malloc (image->cluster_bytes);
  if (!l1 || !l2)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "no memory to count allocated clusters; free some and try again");
      return FALSE;
    }
  count.l2 = l2;
  if (!count_l1 (&count, l1, n_l1, deadline, error))
    return FALSE;
  *counted = count.read_bytes < CAIRN_MAPPING_LIMIT_BYTES;
  *n_clusters = count.n_allocated;
  return TRUE;
}
