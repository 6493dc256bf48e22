/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view.h: a disk's content as it was at one moment, to be read in parallel.
 *
 * Threads: read and map may be called from several threads at once, as many as n_readers says; each
 * gives its own number below that. open and close: one thread.
 */
#ifndef CAIRN_VIEW_H
#define CAIRN_VIEW_H

#include <cairn/extent.h>

typedef struct CairnView CairnView;

typedef struct
{
  /* Fills BUFFER with [offset, offset + length), all within the size. Both ends are multiples of
   * 64 KiB, or the end of the disk: no export asks for more. */
  gboolean (*read) (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
                    size_t length_bytes, GError **error);

  /* From OFFSET on (within the size): whether it reads as zeroes without being read, and up to
   * where that is known to hold (a lower bound, > 0 bytes). */
  gboolean (*map) (CairnView *view, unsigned reader, uint64_t offset_bytes, gboolean *is_zero,
                   uint64_t *length_bytes, GError **error);

  /* Makes reads that are under way fail soon, and later ones too; any thread. NULL: they don't
   * last.
   */
  void (*give_up) (CairnView *view);

  void (*close) (CairnView *view);
} CairnViewOps;

struct CairnView
{
  const CairnViewOps *ops;
  uint64_t size_bytes;
  unsigned n_readers;
  size_t read_bytes; /* as much should be read at once; a power of two, at least 64 KiB */
  GPtrArray *paths;  /* of char *: the files that are read, as far as known; owned, freed by close;
                        NULL = not told */
};

#endif
