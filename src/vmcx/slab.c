/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slab.c: see slab.h. */
#include "slab.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Where huge pages begin to pay: below it a piece would mostly be waste. */
#define LARGE_BYTES (8u << 20)

/* A whole number of huge pages, which have 2 MiB on most machines. */
#define HUGE_PAGE_BYTES (2u << 20)
#define PIECE_BYTES     (8u * HUGE_PAGE_BYTES)

void
vmcx_slab_init (VmcxSlab *slab, size_t expected_bytes)
{
  *slab = (VmcxSlab){ .blocks = g_ptr_array_new_with_free_func (free),
                      .is_large = expected_bytes >= LARGE_BYTES };
}

void
vmcx_slab_clear (VmcxSlab *slab)
{
  g_clear_pointer (&slab->blocks, g_ptr_array_unref);
}

static void *
take_block (VmcxSlab *slab, size_t size)
{
  void *block = malloc (MAX (size, 1));

  if (block)
    g_ptr_array_add (slab->blocks, block);
  return block;
}

static gboolean
add_piece (VmcxSlab *slab)
{
  void *piece = aligned_alloc (HUGE_PAGE_BYTES, PIECE_BYTES);

  if (!piece)
    return FALSE;
  madvise (piece, PIECE_BYTES, MADV_HUGEPAGE); /* a hint: without it all is as before */
  g_ptr_array_add (slab->blocks, piece);
  slab->free = piece;
  slab->left = PIECE_BYTES;
  return TRUE;
}

void *
vmcx_slab_take (VmcxSlab *slab, size_t size)
{
  const size_t unit = _Alignof(max_align_t);
  void *taken;

  if (!slab->is_large || size > PIECE_BYTES / 8)
    return take_block (slab, size);
  size = (size + unit - 1) / unit * unit;
  if (size > slab->left && !add_piece (slab))
    return NULL;
  taken = slab->free;
  slab->free += size;
  slab->left -= size;
  return taken;
}
