/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks up in the merged runs of the images where a cluster's bytes are. */
#include "data/source.h"

#include <string.h>

#include "data/file.h"
#include "data/hash.h"
#include "data/layers.h"

#define N_READERS  2u
#define READ_BYTES (1024u * 1024)

typedef struct
{
  CairnView view;
  GPtrArray *images; /* of CairnDataImage, the oldest first */
  GArray *runs;      /* of CairnRun */
} Source;

/* The index of the first run that ends behind CLUSTER. */
static guint
find_run (const Source *source, uint64_t cluster)
{
  guint low = 0, high = source->runs->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const CairnRun *run = &g_array_index (source->runs, CairnRun, middle);

      if (run->first + run->count <= cluster)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* From CLUSTER on: the run that holds it (NULL: none does), and how many clusters that is so. */
static const CairnRun *
look_up (const Source *source, uint64_t cluster, uint64_t *count)
{
  uint64_t end = CAIRN_DIVIDE_UP (source->view.size_bytes, CAIRN_CLUSTER_BYTES);
  guint index = find_run (source, cluster);
  const CairnRun *run = NULL;

  if (index < source->runs->len)
    run = &g_array_index (source->runs, CairnRun, index);
  if (run && run->first <= cluster)
    {
      *count = run->first + run->count - cluster;
      return run->source == CAIRN_RUN_ZERO ? NULL : run;
    }
  *count = (run ? run->first : end) - cluster;
  return NULL;
}

static gboolean
source_read (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
             size_t length_bytes, GError **error)
{
  const Source *source = (Source *)view;
  uint8_t *to = buffer;

  while (length_bytes > 0)
    {
      uint64_t cluster = offset_bytes / CAIRN_CLUSTER_BYTES, count;
      const CairnRun *run = look_up (source, cluster, &count);
      size_t length = (size_t)MIN (length_bytes, count * CAIRN_CLUSTER_BYTES);

      if (run)
        {
          const CairnDataImage *image = source->images->pdata[run->source - 1];
          uint64_t place = (run->place + cluster - run->first) * CAIRN_CLUSTER_BYTES;

          if (!cairn_file_read (image->fd, image->path, place, to, length, error))
            return FALSE;
        }
      else
        memset (to, 0, length);
      to += length;
      offset_bytes += length;
      length_bytes -= length;
    }
  return TRUE;
}

static gboolean
source_map (CairnView *view, unsigned reader, uint64_t offset_bytes, gboolean *is_zero,
            uint64_t *length_bytes, GError **error)
{
  uint64_t cluster = offset_bytes / CAIRN_CLUSTER_BYTES, count;

  *is_zero = look_up ((Source *)view, cluster, &count) == NULL;
  *length_bytes = MIN ((cluster + count) * CAIRN_CLUSTER_BYTES, view->size_bytes) - offset_bytes;
  return TRUE;
}

static void
source_close (CairnView *view)
{
  Source *source = (Source *)view;

  g_clear_pointer (&view->paths, g_ptr_array_unref);
  g_clear_pointer (&source->runs, g_array_unref);
  g_ptr_array_unref (source->images);
  g_free (source);
}

static const CairnViewOps source_ops = {
  .read = source_read,
  .map = source_map,
  .close = source_close,
};

/* What is read later is what was hashed, as far as nobody writes into the file. */
static gboolean
open_log (Source *source, const char *path, const char *sha256, GError **error)
{
  CairnDataImage *image = cairn_data_image_new (path, error);
  CairnDataFile found = { 0 };
  gboolean ok;

  if (!image)
    return FALSE;
  g_ptr_array_add (source->images, image);
  g_ptr_array_add (source->view.paths, g_strdup (path));
  ok = cairn_hash_file (image->fd, path, &found, error);
  if (ok && strcmp (found.sha256, sha256) != 0)
    ok = cairn_data_refuse (error,
                            "file '%s' isn't as it was written: its checksum differs; bring it "
                            "back, or start anew from a full backup",
                            path);
  cairn_data_file_clear (&found);
  return ok;
}

static GArray *
list_held (const Source *source)
{
  GArray *extents = cairn_extents_new ();

  for (guint i = 0; i < source->runs->len; i++)
    {
      const CairnRun *run = &g_array_index (source->runs, CairnRun, i);
      uint64_t offset = run->first * CAIRN_CLUSTER_BYTES;
      uint64_t length = run->count * CAIRN_CLUSTER_BYTES;

      cairn_extents_append (extents, offset, MIN (length, source->view.size_bytes - offset));
    }
  return extents;
}

gboolean
cairn_source_open_logs (const GPtrArray *paths, const GPtrArray *sha256s, uint64_t size_bytes,
                        CairnView **view, GArray **extents, GError **error)
{
  Source *source = g_new0 (Source, 1);
  gboolean ok = TRUE;

  source->view = (CairnView){ .ops = &source_ops,
                              .size_bytes = size_bytes,
                              .n_readers = N_READERS,
                              .read_bytes = READ_BYTES,
                              .paths = g_ptr_array_new_with_free_func (g_free) };
  source->images = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_data_image_free);
  for (guint i = 0; ok && i < paths->len; i++)
    ok = open_log (source, paths->pdata[i], sha256s->pdata[i], error);
  source->runs = ok ? cairn_layers_merge (source->images, size_bytes, TRUE, error) : NULL;
  if (!source->runs)
    {
      source_close (&source->view);
      return FALSE;
    }
  *view = &source->view;
  *extents = list_held (source);
  return TRUE;
}
