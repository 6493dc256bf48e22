/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layer.h: one image of a disk's backing chain, and what it has of a bitmap: read natively, or told
 * by QEMU where the native reader doesn't know the image. Errors: qcow2.h, where NOT_SUPPORTED
 * means that QEMU doesn't know it either. */
#ifndef CAIRN_OFFLINE_LAYER_H
#define CAIRN_OFFLINE_LAYER_H

#include "tracker/offline/bitmap.h"
#include "tracker/offline/directory.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/image.h"

typedef struct
{
  CairnImage *image;
  CairnDirectory *directory; /* read when first needed */
  CairnNbdImage *described;  /* by QEMU; asked when first needed */
  gboolean mapping_was_read, mapping_is_counted;
  uint64_t n_allocated; /* guest clusters */
} CairnLayer;

/* Opens the image at PATH; what it is stands in its `image`. Never NULL. */
CairnLayer *cairn_layer_open (const char *path);
void cairn_layer_free (CairnLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLayer, cairn_layer_free)

/* An empty list of layers, which it owns; the caller unrefs. */
GPtrArray *cairn_layers_new (void);

/* Whether anybody has written to one of LAYERS since it was opened; *PATH (borrowed) is that. */
CairnImageState cairn_layers_state (const GPtrArray *layers, const char **path);

/* Whether PATH names the layer's file. */
gboolean cairn_layer_is_at (const CairnLayer *layer, const char *path);

/* The virtual size; of an image whose verdict is TRACKED. */
gboolean cairn_layer_get_size (CairnLayer *layer, uint64_t *size_bytes, int64_t deadline,
                               GError **error);

/* The name of the image below as the layer has it, and its format; both NULL when there is none, or
 * isn't said. Borrowed. */
gboolean cairn_layer_get_backing (CairnLayer *layer, const char **name, const char **format,
                                  int64_t deadline, GError **error);

/* What a layer has of a bitmap. */
typedef struct
{
  gboolean is_there;
  gboolean is_in_use;
  gboolean is_recording;
  uint64_t granularity_bytes;
  gboolean is_native; /* BITMAP can be read */
  CairnBitmap bitmap; /* while the layer lives */
} CairnLayerBitmap;

gboolean cairn_layer_find (CairnLayer *layer, const char *name, CairnLayerBitmap *found,
                           int64_t deadline, GError **error);

/* The same for the bitmap as it was stored last, also when it is in use: natively only. */
gboolean cairn_layer_find_stored (CairnLayer *layer, const char *name, CairnLayerBitmap *found,
                                  GError **error);

/* The bytes of allocated guest clusters; *COUNTED is FALSE when they are too many to count, or the
 * image isn't known natively. */
gboolean cairn_layer_count_allocated (CairnLayer *layer, gboolean *counted, uint64_t *bytes,
                                      int64_t deadline, GError **error);

#endif
