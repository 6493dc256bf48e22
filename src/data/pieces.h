/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pieces.h: a file's bytes go through memory in pieces: several threads fill them, one takes the
 * checksum of all in their order, and the calling thread tells how far it is.
 *
 * A piece stays in one of a few places of a ring until it is hashed, which bounds the memory.
 */
#ifndef CAIRN_DATA_PIECES_H
#define CAIRN_DATA_PIECES_H

#include "data/hash.h"
#include "data/plan.h"

#define CAIRN_PIECE_BYTES    (1024u * 1024)
#define CAIRN_PIECE_CLUSTERS (CAIRN_PIECE_BYTES / CAIRN_CLUSTER_BYTES)
#define CAIRN_PIECES_PLACES  12u
#define CAIRN_PIECES_WORKERS 8u /* at most */

typedef struct
{
  uint64_t n_pieces;
  unsigned n_workers;
  const char *path; /* for messages: what can't be read or written without threads */
  CairnHash *hash;  /* gets what the pieces hold */
  gpointer user;

  /* Called in the pieces' order, one at a time, before `work`; what it keeps for piece NUMBER it
   * keeps at PLACE, below CAIRN_PIECES_PLACES. NULL = nothing. */
  void (*take) (gpointer user, uint64_t number, unsigned place);

  /* On the thread of WORKER, any number of them at once: fills BUFFER, which is aligned to a page,
   * with piece NUMBER (at most CAIRN_PIECE_BYTES, *N_BYTES of them), and writes it where it
   * belongs. */
  gboolean (*work) (gpointer user, unsigned worker, uint64_t number, unsigned place,
                    uint8_t *buffer, size_t *n_bytes, GError **error);

  /* Makes `work` return soon: something failed, or it is to stop. NULL: it does anyway. */
  void (*give_up) (gpointer user);
} CairnPieces;

/* TICK (NULL = none) is told BEFORE and what was hashed. OUT_OF_MEMORY (no threads), `work`'s and
 * the tick's errors. */
gboolean cairn_pieces_run (const CairnPieces *pieces, const CairnDataTick *tick, uint64_t before,
                           GError **error);

#endif
