/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mend.h: puts back the "in use" flags that a qemu-storage-daemon of ours left on bitmaps.
 *
 * QEMU marks every bitmap in use when it opens an image read-write, and takes the mark back when
 * it has stored them all again at close. Measured with QEMU 7.2: when that fails (disk full), or
 * when it is killed, the marks stay on *all* bitmaps of the image, also those nobody changed, and
 * nothing ever takes a mark away again. So an attempt to add a bitmap on a full disk would cost all
 * reference points of that disk.
 *
 * But we held the image's lock from before the daemon opened it, and no guest wrote meanwhile: a
 * bitmap whose table still lies where it lay holds what it held, and its mark may go.
 */
#ifndef CAIRN_OFFLINE_MEND_H
#define CAIRN_OFFLINE_MEND_H

#include "tracker/offline/directory.h"

/* What an image's bitmaps were, or are. */
typedef struct
{
  CairnQcow2 *image;
  CairnDirectory *directory;
} CairnBitmapState;

/* Reads the state through FD. Errors: qcow2.h. */
CairnBitmapState *cairn_bitmap_state_read (int fd, GError **error);
void cairn_bitmap_state_free (CairnBitmapState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnBitmapState, cairn_bitmap_state_free)

/* STATE's bitmap of the same name as ENTRY of another state, or NULL; borrowed. */
const CairnBitmapEntry *cairn_bitmap_state_find (const CairnBitmapState *state,
                                                 const CairnBitmapEntry *entry);

/* Clears the mark of every bitmap that BEFORE has unmarked and that is otherwise as it was there,
 * and writes it through to the disk. The caller has held the image's lock since before BEFORE was
 * read, and whoever else had FD's file open is gone.
 * *N_MENDED: how many bitmaps that were. Errors: qcow2.h; FAILED when writing fails. */
gboolean cairn_bitmap_state_mend (int fd, const CairnBitmapState *before, guint *n_mended,
                                  GError **error);

/* Makes an image's bitmaps those of HEADER again, its first cluster as of a moment when they were
 * whole, and writes it through to the disk. For qsd.h's lost_headers. Errors as for mending. */
gboolean cairn_bitmap_state_restore (int fd, GBytes *header, GError **error);

#endif
