/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena.h: memory that is freed all at once.
 *
 * An instance, a parsed document or a query makes many small pieces that live and die together. An
 * arena isn't shared between threads while it grows.
 */
#ifndef CAIRN_ARENA_H
#define CAIRN_ARENA_H

#include <glib.h>

typedef struct CairnArenaBlock CairnArenaBlock;

/* Begins as { 0 }. */
typedef struct
{
  CairnArenaBlock *blocks; /* newest first */
  char *free;
  size_t left_bytes;
  size_t total_bytes; /* of all blocks */
} CairnArena;

/* Makes room for N more bytes in one block of just that size: for what is kept long, and many
 * times.
 */
void cairn_arena_reserve (CairnArena *arena, size_t n);

/* N bytes, zeroed, aligned for any type. Never NULL: sizes from outside are checked by the caller.
 */
void *cairn_arena_alloc (CairnArena *arena, size_t n);

char *cairn_arena_strdup (CairnArena *arena, const char *text); /* NULL gives NULL */
char *cairn_arena_strndup (CairnArena *arena, const char *text, size_t length);

void cairn_arena_clear (CairnArena *arena);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CairnArena, cairn_arena_clear)

#endif
