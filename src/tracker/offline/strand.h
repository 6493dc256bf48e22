/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strand.h: the bitmaps of one name in a disk's backing chain.
 *
 * When libvirt makes an external snapshot of a running VM, it adds the bitmaps of the image that
 * becomes a backing image to the new overlay, empty, and from then on writes are recorded there
 * (measured, libvirt 9.0; the flags of those below stay as they were). So what a bitmap has
 * recorded is the union of those of its name, from the active layer down as far as they follow one
 * another without a gap. */
#ifndef CAIRN_OFFLINE_STRAND_H
#define CAIRN_OFFLINE_STRAND_H

#include "tracker/offline/chain.h"

/* One bitmap of a name in a chain. */
typedef struct
{
  CairnLayer *layer; /* borrowed */
  CairnLayerBitmap found;
} CairnStrandPart;

/* All of them that follow one another from the active layer down. */
typedef struct
{
  const CairnChain *chain;  /* borrowed */
  const char *name;         /* borrowed */
  GArray *parts;            /* of CairnStrandPart */
  gboolean is_native;       /* all of them are */
  const CairnLayer *gap;    /* NULL; or a layer without the bitmap, and... */
  const CairnLayer *beyond; /* ...one below that has it again; both borrowed */
} CairnStrand;

/* Looks for bitmap NAME in the whole chain; both must outlive the strand.
 * Errors: qcow2.h; the message then names the layer unless it is the active one. */
CairnStrand *cairn_chain_find (CairnChain *chain, const char *name, int64_t deadline,
                               GError **error);
void cairn_strand_free (CairnStrand *strand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnStrand, cairn_strand_free)

static inline CairnStrandPart *
cairn_strand_part (const CairnStrand *strand, guint index)
{
  return &g_array_index (strand->parts, CairnStrandPart, index);
}

/* The layer where the bitmap begins, which was the active one when it was made; of a strand that
 * has parts. */
CairnLayer *cairn_strand_bottom (const CairnStrand *strand);

/* Whether one of its layers is the file at PATH. */
gboolean cairn_strand_reaches (const CairnStrand *strand, const char *path);

/* The union of all; of a strand that has parts and is native. Borrowed. */
const CairnBitmap *cairn_strand_bitmap (const CairnStrand *strand);

/* The dirty ranges of [OFFSET, OFFSET + LENGTH), which lies within the disk and within every layer,
 * natively or by QEMU. The caller unrefs. */
GArray *cairn_strand_extents (const CairnStrand *strand, uint64_t offset_bytes,
                              uint64_t length_bytes, int64_t deadline, GError **error);

/* How much the disk may hold that was allocated in the layers of the strand: their guest clusters,
 * a cluster for the header of the image where the bitmap begins (so never 0 once counted), and the
 * disk's whole size for every image below that: a block pull may bring it up without marking it.
 * As long as no chain gets shorter, only what is written makes this grow.
 * *COUNTED: layer.h. */
gboolean cairn_strand_count_allocated (const CairnStrand *strand, gboolean *counted,
                                       uint64_t *bytes, int64_t deadline, GError **error);

#endif
