/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads one layer, or asks QEMU about it. */
#include "tracker/offline/layer.h"

#include <string.h>

#include "tracker/offline/layout.h"
#include "tracker/offline/mapping.h"

CairnLayer *
cairn_layer_open (const char *path)
{
  CairnLayer *layer = g_new0 (CairnLayer, 1);

  layer->image = cairn_image_open (path);
  return layer;
}

void
cairn_layer_free (CairnLayer *layer)
{
  if (!layer)
    return;
  cairn_directory_free (layer->directory);
  if (layer->described)
    cairn_fallback_free_image (layer->described);
  cairn_image_free (layer->image);
  g_free (layer);
}

static void
free_layer (gpointer layer)
{
  cairn_layer_free (layer);
}

GPtrArray *
cairn_layers_new (void)
{
  return g_ptr_array_new_with_free_func (free_layer);
}

CairnImageState
cairn_layers_state (const GPtrArray *layers, const char **path)
{
  CairnImageState worst = CAIRN_IMAGE_SETTLED;

  for (guint i = 0; i < layers->len; i++)
    {
      const CairnImage *image = ((const CairnLayer *)layers->pdata[i])->image;
      /* One that was busy when it was opened has that as its verdict. */
      CairnImageState state
          = image->verdict == CAIRN_VERDICT_BUSY ? CAIRN_IMAGE_SETTLED : cairn_image_state (image);

      if (state <= worst)
        continue;
      worst = state;
      *path = image->path;
    }
  return worst;
}

gboolean
cairn_layer_is_at (const CairnLayer *layer, const char *path)
{
  struct stat place;

  if (strcmp (layer->image->path, path) == 0)
    return TRUE;
  return stat (path, &place) == 0 && place.st_dev == layer->image->status.st_dev
         && place.st_ino == layer->image->status.st_ino;
}

/* UNKNOWN is what the native reader said. */
static gboolean
ask_qemu (CairnLayer *layer, const char *unknown, int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (!layer->described)
    layer->described = cairn_fallback_describe (layer->image->path, deadline, &cause);
  if (layer->described)
    return TRUE;
  if (cause->code == CAIRN_ERROR_TIMEOUT || cause->code == CAIRN_ERROR_OUT_OF_MEMORY)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED, "%s, and QEMU says: %s", unknown,
                 cause->message);
  return FALSE;
}

gboolean
cairn_layer_get_size (CairnLayer *layer, uint64_t *size_bytes, int64_t deadline, GError **error)
{
  const CairnImage *image = layer->image;

  if (!image->qcow2 && !ask_qemu (layer, image->unknown, deadline, error))
    return FALSE;
  *size_bytes
      = image->qcow2 ? image->qcow2->virtual_size_bytes : layer->described->virtual_size_bytes;
  return TRUE;
}

gboolean
cairn_layer_get_backing (CairnLayer *layer, const char **name, const char **format,
                         int64_t deadline, GError **error)
{
  const CairnImage *image = layer->image;

  if (!image->qcow2 && !ask_qemu (layer, image->unknown, deadline, error))
    return FALSE;
  *name = image->qcow2 ? image->qcow2->backing_file : layer->described->backing_file;
  *format = image->qcow2 ? image->qcow2->backing_format : layer->described->backing_format;
  return TRUE;
}

/* The entry of bitmap NAME, or NULL without an error. */
static const CairnBitmapEntry *
find_entry (CairnLayer *layer, const char *name, GError **error)
{
  /* Version 2 has no feature bits to vouch for a directory. */
  if (layer->image->qcow2->version < 3)
    return NULL;
  if (!layer->directory)
    layer->directory = cairn_directory_read (layer->image->qcow2, error);
  return layer->directory ? cairn_directory_find (layer->directory, name) : NULL;
}

static gboolean
find_natively (CairnLayer *layer, const char *name, gboolean wants_bits, CairnLayerBitmap *found,
               GError **error)
{
  const CairnBitmapEntry *entry;
  GError *cause = NULL;

  *found = (CairnLayerBitmap){ .is_native = TRUE };
  entry = find_entry (layer, name, &cause);
  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (!entry)
    return TRUE;
  found->is_there = TRUE;
  found->is_in_use = (entry->flags & BITMAP_FLAG_IN_USE) != 0;
  found->is_recording = (entry->flags & BITMAP_FLAG_AUTO) != 0;
  found->granularity_bytes
      = entry->granularity_bits < 64 ? UINT64_C (1) << entry->granularity_bits : 0;
  if (!wants_bits && found->is_in_use)
    return TRUE;
  if (!cairn_bitmap_open (layer->image->qcow2, entry, &found->bitmap, error))
    return FALSE;
  found->bitmap.path = layer->image->path;
  return TRUE;
}

static void
find_described (const CairnNbdImage *described, const char *name, CairnLayerBitmap *found)
{
  *found = (CairnLayerBitmap){ 0 };
  for (guint i = 0; i < described->bitmaps->len; i++)
    {
      const CairnNbdBitmap *bitmap = described->bitmaps->pdata[i];

      if (strcmp (bitmap->name, name) == 0)
        *found = (CairnLayerBitmap){ .is_there = TRUE,
                                     .is_in_use = bitmap->is_in_use,
                                     .is_recording = bitmap->is_recording,
                                     .granularity_bytes = bitmap->granularity_bytes };
    }
}

gboolean
cairn_layer_find (CairnLayer *layer, const char *name, CairnLayerBitmap *found, int64_t deadline,
                  GError **error)
{
  g_autoptr (GError) cause = NULL;
  const char *unknown = layer->image->unknown;

  if (layer->image->qcow2)
    {
      /* In use: nothing else about it needs to be right. */
      if (find_natively (layer, name, FALSE, found, &cause))
        return TRUE;
      if (cause->code != CAIRN_ERROR_NOT_SUPPORTED)
        return g_propagate_error (error, g_steal_pointer (&cause)), FALSE;
      unknown = cause->message;
    }
  if (!ask_qemu (layer, unknown, deadline, error))
    return FALSE;
  find_described (layer->described, name, found);
  return TRUE;
}

gboolean
cairn_layer_find_stored (CairnLayer *layer, const char *name, CairnLayerBitmap *found,
                         GError **error)
{
  return find_natively (layer, name, TRUE, found, error);
}

gboolean
cairn_layer_count_allocated (CairnLayer *layer, gboolean *counted, uint64_t *bytes,
                             int64_t deadline, GError **error)
{
  const CairnQcow2 *qcow2 = layer->image->qcow2;

  *counted = FALSE;
  if (!qcow2)
    return TRUE;
  if (!layer->mapping_was_read
      && !cairn_mapping_count (qcow2, &layer->mapping_is_counted, &layer->n_allocated, deadline,
                               error))
    return FALSE;
  layer->mapping_was_read = TRUE;
  *counted = layer->mapping_is_counted;
  /* No overflow: the disk is below 2^63 bytes. */
  *bytes = layer->n_allocated * qcow2->cluster_bytes;
  return TRUE;
}
