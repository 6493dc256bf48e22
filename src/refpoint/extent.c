/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted, merged lists of ranges. */
#include <cairn/extent.h>

GArray *
cairn_extents_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (CairnExtent));
}

void
cairn_extents_append (GArray *extents, uint64_t offset_bytes, uint64_t length_bytes)
{
  CairnExtent extent = { offset_bytes, length_bytes };

  if (length_bytes == 0)
    return;
  if (extents->len > 0)
    {
      CairnExtent *last = &g_array_index (extents, CairnExtent, extents->len - 1);

      if (last->offset_bytes + last->length_bytes == offset_bytes)
        {
          last->length_bytes += length_bytes;
          return;
        }
    }
  g_array_append_val (extents, extent);
}

uint64_t
cairn_extents_total_bytes (const GArray *extents)
{
  uint64_t total = 0;

  for (guint i = 0; i < extents->len; i++)
    total += g_array_index (extents, CairnExtent, i).length_bytes;
  return total;
}

gboolean
cairn_extents_cover (const GArray *outer, const GArray *inner)
{
  guint at = 0;

  for (guint i = 0; i < inner->len; i++)
    {
      const CairnExtent *want = &g_array_index (inner, CairnExtent, i);
      const CairnExtent *have;

      while (at < outer->len
             && g_array_index (outer, CairnExtent, at).offset_bytes
                        + g_array_index (outer, CairnExtent, at).length_bytes
                    <= want->offset_bytes)
        at++;
      if (at == outer->len)
        return FALSE;
      have = &g_array_index (outer, CairnExtent, at);
      if (have->offset_bytes > want->offset_bytes
          || have->offset_bytes + have->length_bytes < want->offset_bytes + want->length_bytes)
        return FALSE;
    }
  return TRUE;
}
