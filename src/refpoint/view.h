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

/* What is to be read of a view, and to where; bounds as read's, and not empty. */
typedef struct
{
  uint64_t offset_bytes;
  size_t length_bytes;
  void *buffer;
} CairnViewPart;

typedef struct
{
  /* Fills BUFFER with [offset, offset + length), all within the size. Both ends are multiples of
   * 64 KiB, or the end of the disk: no export asks for more. */
  gboolean (*read) (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
                    size_t length_bytes, GError **error);

  /* The same for N_PARTS at once, all of them under way together, which is what scattered ones
   * need; call cairn_view_read_parts(). NULL: one after another is no slower. */
  gboolean (*read_parts) (CairnView *view, unsigned reader, const CairnViewPart *parts,
                          size_t n_parts, GError **error);

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

static inline gboolean
cairn_view_read_parts (CairnView *view, unsigned reader, const CairnViewPart *parts, size_t n_parts,
                       GError **error)
{
  if (view->ops->read_parts)
    return view->ops->read_parts (view, reader, parts, n_parts, error);
  for (size_t i = 0; i < n_parts; i++)
    if (!view->ops->read (view, reader, parts[i].offset_bytes, parts[i].buffer,
                          parts[i].length_bytes, error))
      return FALSE;
  return TRUE;
}

#endif
