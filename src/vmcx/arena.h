/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena.h: many small allocations that are freed together. */
#ifndef VMCX_ARENA_H
#define VMCX_ARENA_H

#include <glib.h>

typedef struct
{
  GPtrArray *chunks;
  char *free;  /* in the last chunk */
  size_t left; /* bytes from there on */
} VmcxArena;

void vmcx_arena_init (VmcxArena *arena);
void vmcx_arena_clear (VmcxArena *arena);

/* SIZE bytes, aligned for any type, not zeroed. Aborts when memory is out, as g_malloc does. */
void *vmcx_arena_take (VmcxArena *arena, size_t size);

#endif
