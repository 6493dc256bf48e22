/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks the backing chain. */
#include "tracker/offline/backing.h"

#include <unistd.h>

#include "tracker/offline/image.h"

/* Longer chains than QEMU can open without running out of files; also ends a loop. */
#define MAX_LAYERS 200

static void
layer_free (gpointer pointer)
{
  CairnBackingLayer *layer = pointer;

  g_free (layer->path);
  cairn_directory_free (layer->directory);
  g_free (layer);
}

/* The path that BACKING_FILE, as written in the image at PATH, means; NULL when it isn't a file:
 * "json:{...}", "nbd://...". */
static char *
resolve (const char *path, const char *backing_file)
{
  const char *colon = strchr (backing_file, ':'), *slash = strchr (backing_file, '/');
  g_autofree char *dir = NULL;

  if (g_str_has_prefix (backing_file, "file:"))
    backing_file += strlen ("file:");
  else if (colon && (!slash || colon < slash))
    return NULL;
  if (g_path_is_absolute (backing_file))
    return g_strdup (backing_file);
  dir = g_path_get_dirname (path);
  return g_build_filename (dir, backing_file, NULL);
}

/* The layer below IMAGE, at PATH; *BELOW is its header. */
static CairnBackingLayer *
open_layer (const char *path, const CairnQcow2 *image, CairnQcow2 **below)
{
  g_autofree char *below_path = NULL;
  g_autoptr (CairnQcow2) header = NULL;
  CairnDirectory *directory = NULL;
  CairnBackingLayer *layer;
  uint64_t file_bytes;
  int fd;

  if (!image->backing_file || g_strcmp0 (image->backing_format, "raw") == 0)
    return NULL;
  below_path = resolve (path, image->backing_file);
  fd = below_path ? cairn_image_open_file (below_path, &file_bytes, NULL) : -1;
  if (fd < 0)
    return NULL;
  header = cairn_qcow2_new (fd, file_bytes, NULL);
  if (header)
    directory = cairn_directory_read (header, NULL);
  close (fd);
  if (!directory)
    return NULL;
  header->fd = -1;
  layer = g_new0 (CairnBackingLayer, 1);
  layer->path = g_steal_pointer (&below_path);
  layer->directory = directory;
  *below = g_steal_pointer (&header);
  return layer;
}

GPtrArray *
cairn_backing_layers (const char *path, const CairnQcow2 *image)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func (layer_free);
  g_autoptr (CairnQcow2) above = NULL;

  while (layers->len < MAX_LAYERS)
    {
      CairnQcow2 *below = NULL;
      CairnBackingLayer *layer = open_layer (path, above ? above : image, &below);

      if (!layer)
        break;
      g_ptr_array_add (layers, layer);
      path = layer->path;
      cairn_qcow2_free (above);
      above = below;
    }
  return layers;
}

const char *
cairn_backing_find (const GPtrArray *layers, const char *bitmap)
{
  for (guint i = 0; i < layers->len; i++)
    {
      const CairnBackingLayer *layer = layers->pdata[i];

      if (cairn_directory_find (layer->directory, bitmap))
        return layer->path;
    }
  return NULL;
}
