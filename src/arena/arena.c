/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is freed all at once. */
#include "arena/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An instance of ten properties takes one block; documents take blocks that grow with them. */
#define FIRST_BYTES 1024u
#define MOST_BYTES  65536u

struct CairnArenaBlock
{
  CairnArenaBlock *next;
  alignas (max_align_t) char bytes[];
};

static void
add_block (CairnArena *arena, size_t size)
{
  CairnArenaBlock *block = g_malloc (sizeof *block + size);

  block->next = arena->blocks;
  arena->blocks = block;
  arena->free = block->bytes;
  arena->left_bytes = size;
  arena->total_bytes += sizeof *block + size;
}

static void
grow (CairnArena *arena, size_t n)
{
  size_t wanted = CLAMP (arena->total_bytes, FIRST_BYTES, MOST_BYTES);

  add_block (arena, MAX (n, wanted - sizeof (CairnArenaBlock)));
}

void
cairn_arena_reserve (CairnArena *arena, size_t n)
{
  if (arena->left_bytes < n)
    add_block (arena, n);
}

/* N bytes at the next multiple of ALIGNMENT; not zeroed. */
static char *
take (CairnArena *arena, size_t n, size_t alignment)
{
  size_t gap = -(uintptr_t)arena->free & (alignment - 1);
  char *taken;

  if (arena->left_bytes < gap || arena->left_bytes - gap < n)
    {
      grow (arena, n);
      gap = 0;
    }
  taken = arena->free + gap;
  arena->free = taken + n;
  arena->left_bytes -= gap + n;
  return taken;
}

void *
cairn_arena_alloc (CairnArena *arena, size_t n)
{
  return memset (take (arena, n, alignof (max_align_t)), 0, n);
}

char *
cairn_arena_strndup (CairnArena *arena, const char *text, size_t length)
{
  char *copy = take (arena, length + 1, 1);

  memcpy (copy, text, length);
  copy[length] = '\0';
  return copy;
}

char *
cairn_arena_strdup (CairnArena *arena, const char *text)
{
  return text ? cairn_arena_strndup (arena, text, strlen (text)) : NULL;
}

void
cairn_arena_clear (CairnArena *arena)
{
  while (arena->blocks)
    {
      CairnArenaBlock *block = arena->blocks;

      arena->blocks = block->next;
      g_free (block);
    }
  *arena = (CairnArena){ 0 };
}
