/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena.c: many small allocations that are freed together. */
#include "arena.h"

#include <stddef.h>

#define CHUNK_BYTES (64u << 10)

void
vmcx_arena_init (VmcxArena *arena)
{
  *arena = (VmcxArena){ .chunks = g_ptr_array_new_with_free_func (g_free) };
}

void
vmcx_arena_clear (VmcxArena *arena)
{
  g_ptr_array_unref (arena->chunks);
}

void *
vmcx_arena_take (VmcxArena *arena, size_t size)
{
  const size_t unit = _Alignof(max_align_t);
  void *taken;

  if (size > CHUNK_BYTES / 4) /* one of its own: the chunk at hand stays in use */
    {
      taken = g_malloc (size);
      g_ptr_array_add (arena->chunks, taken);
      return taken;
    }
  size = (size + unit - 1) / unit * unit;
  if (size > arena->left)
    {
      arena->free = g_malloc (CHUNK_BYTES);
      arena->left = CHUNK_BYTES;
      g_ptr_array_add (arena->chunks, arena->free);
    }
  taken = arena->free;
  arena->free += size;
  arena->left -= size;
  return taken;
}
