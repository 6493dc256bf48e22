/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* overlay.c: overlapping patches flattened once into disjoint runs, so that a read costs a binary
 * search however many patches a hostile log holds.
 *
 * All ends of patches, sorted, cut the file into intervals that each patch covers whole or not at
 * all. Patches paint intervals from the last one to the first; an interval keeps its first paint,
 * and a painted one is skipped by following `skip`, whose paths are halved as they are walked. */
#include "overlay.h"

#include <stdlib.h>
#include <string.h>

#define UNPAINTED SIZE_MAX

typedef struct
{
  uint64_t offset;
  uint64_t length;
  const uint8_t *bytes;
} Run;

struct VmcxOverlay
{
  Run *runs; /* ascending, disjoint */
  size_t n_runs;
  uint8_t *storage;
};

static int
compare_offsets (const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

  return x < y ? -1 : x > y;
}

/* Index of the cut VALUE, which is there. */
static size_t
find_cut (const uint64_t *cuts, size_t n_cuts, uint64_t value)
{
  size_t low = 0, high = n_cuts;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (cuts[middle] < value)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static size_t
sort_cuts (const VmcxPatch *patches, size_t n_patches, uint64_t *cuts)
{
  size_t n_cuts = 0;

  for (size_t i = 0; i < n_patches; i++)
    {
      cuts[2 * i] = patches[i].target;
      cuts[2 * i + 1] = patches[i].target + patches[i].length;
    }
  qsort (cuts, 2 * n_patches, sizeof *cuts, compare_offsets);
  for (size_t i = 0; i < 2 * n_patches; i++)
    if (n_cuts == 0 || cuts[n_cuts - 1] != cuts[i])
      cuts[n_cuts++] = cuts[i];
  return n_cuts;
}

static size_t
first_unpainted (size_t *skip, size_t interval)
{
  while (skip[interval] != interval)
    {
      skip[interval] = skip[skip[interval]];
      interval = skip[interval];
    }
  return interval;
}

static void
paint (const VmcxPatch *patches, size_t n_patches, const uint64_t *cuts, size_t n_cuts,
       size_t *owner, size_t *skip)
{
  for (size_t i = 0; i < n_cuts; i++)
    owner[i] = UNPAINTED, skip[i] = i;
  for (size_t i = n_patches; i-- > 0;)
    {
      size_t end = find_cut (cuts, n_cuts, patches[i].target + patches[i].length);
      size_t at = first_unpainted (skip, find_cut (cuts, n_cuts, patches[i].target));

      for (; at < end; at = first_unpainted (skip, at))
        {
          owner[at] = i;
          skip[at] = at + 1; /* the last cut starts no interval, so at + 1 exists */
        }
    }
}

static void
collect_runs (VmcxOverlay *overlay, const VmcxPatch *patches, const uint64_t *cuts, size_t n_cuts,
              const size_t *owner)
{
  for (size_t i = 0; i + 1 < n_cuts; i++)
    {
      const VmcxPatch *patch;

      if (owner[i] == UNPAINTED)
        continue;
      patch = &patches[owner[i]];
      overlay->runs[overlay->n_runs++] = (Run){ .offset = cuts[i],
                                                .length = cuts[i + 1] - cuts[i],
                                                .bytes = patch->bytes + (cuts[i] - patch->target) };
    }
}

VmcxOverlay *
vmcx_overlay_new (const VmcxPatch *patches, size_t n_patches, uint8_t *storage)
{
  g_autofree uint64_t *cuts = g_try_new (uint64_t, 2 * n_patches);
  g_autofree size_t *owner = g_try_new (size_t, 2 * n_patches);
  g_autofree size_t *skip = g_try_new (size_t, 2 * n_patches);
  g_autofree Run *runs = g_try_new (Run, 2 * n_patches);
  VmcxOverlay *overlay;
  size_t n_cuts;

  if (!cuts || !owner || !skip || !runs)
    return NULL;
  n_cuts = sort_cuts (patches, n_patches, cuts);
  paint (patches, n_patches, cuts, n_cuts, owner, skip);

  overlay = g_new0 (VmcxOverlay, 1);
  overlay->runs = g_steal_pointer (&runs);
  overlay->storage = storage;
  collect_runs (overlay, patches, cuts, n_cuts, owner);
  return overlay;
}

void
vmcx_overlay_free (VmcxOverlay *overlay)
{
  g_free (overlay->runs);
  g_free (overlay->storage);
  g_free (overlay);
}

/* The first run that ends after OFFSET. */
static size_t
first_run_after (const VmcxOverlay *overlay, uint64_t offset)
{
  size_t low = 0, high = overlay->n_runs;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (overlay->runs[middle].offset + overlay->runs[middle].length <= offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
vmcx_overlay_apply (const VmcxOverlay *overlay, uint64_t offset, uint8_t *bytes, size_t length)
{
  uint64_t end = offset + length;

  for (size_t i = first_run_after (overlay, offset);
       i < overlay->n_runs && overlay->runs[i].offset < end; i++)
    {
      const Run *run = &overlay->runs[i];
      uint64_t from = MAX (run->offset, offset);
      uint64_t to = MIN (run->offset + run->length, end);

      memcpy (bytes + (from - offset), run->bytes + (from - run->offset), to - from);
    }
}

gboolean
vmcx_overlay_foreach (const VmcxOverlay *overlay, VmcxOverlayFunc func, gpointer closure)
{
  for (size_t i = 0; i < overlay->n_runs; i++)
    if (!func (overlay->runs[i].offset, overlay->runs[i].bytes, overlay->runs[i].length, closure))
      return FALSE;
  return TRUE;
}
