/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks clusters up in the newest image that says something of them. */
#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/hash.h"
#include "data/plan.h"

#define N_READERS  2u
#define READ_BYTES (1024u * 1024)

typedef struct
{
  char *path;
  int fd;
  uint64_t file_bytes;
  uint64_t n_l1;
  uint64_t *l1; /* of the host's byte order */
} Image;

/* The last L2 table that a reader looked into, for each image. */
typedef struct
{
  uint64_t place; /* 0 = none */
  uint64_t entries[CAIRN_L2_ENTRIES];
} Table;

typedef struct
{
  CairnView view;
  GPtrArray *images; /* of Image, the newest first */
  Table **tables[N_READERS];
} Source;

/* Where a cluster's bytes are. */
typedef struct
{
  const Image *image; /* NULL: zeroes */
  uint64_t place;
} Spot;

static void
image_free (Image *image)
{
  if (image->fd >= 0)
    close (image->fd);
  g_free (image->l1);
  g_free (image->path);
  g_free (image);
}

static gboolean
refuse (const Image *image, const char *what, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "file '%s' %s; use the files as `cairn backup` wrote them", image->path, what);
  return FALSE;
}

static gboolean
read_at (const Image *image, uint64_t place, void *buffer, size_t n_bytes, GError **error)
{
  size_t done = 0;

  if (place > image->file_bytes || n_bytes > image->file_bytes - place)
    return refuse (image, "points behind its own end", error);
  while (done < n_bytes)
    {
      ssize_t n = pread (image->fd, (char *)buffer + done, n_bytes - done, (off_t)(place + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return cairn_data_fail (image->path, "read", error);
      if (n == 0)
        return refuse (image, "was cut off while it was read", error);
      done += (size_t)n;
    }
  return TRUE;
}

static gboolean
read_numbers (const Image *image, uint64_t place, uint64_t *numbers, uint64_t n, GError **error)
{
  if (!read_at (image, place, numbers, n * sizeof *numbers, error))
    return FALSE;
  for (uint64_t i = 0; i < n; i++)
    numbers[i] = GUINT64_FROM_BE (numbers[i]);
  return TRUE;
}

static uint32_t
get32 (const uint8_t *bytes)
{
  uint32_t value;

  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_BE (value);
}

static uint64_t
get64 (const uint8_t *bytes)
{
  uint64_t value;

  memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_BE (value);
}

static gboolean
read_header (Image *image, uint64_t size_bytes, GError **error)
{
  uint8_t header[CAIRN_HEADER_BYTES];

  if (!read_at (image, 0, header, sizeof header, error))
    return FALSE;
  /* No backing file, no encryption, no snapshots, no features beyond version 3's base. */
  if (get32 (header) != CAIRN_QCOW2_MAGIC || get32 (header + 4) != 3 || get64 (header + 8) != 0
      || get32 (header + 20) != 16 || get32 (header + 32) != 0 || get32 (header + 60) != 0
      || get64 (header + 72) != 0)
    return refuse (image, "isn't an image of a backup", error);
  if (get64 (header + 24) != size_bytes)
    return refuse (image, "is of a disk of another size than its backup's manifest says", error);
  image->n_l1 = get32 (header + 36);
  if (image->n_l1 * CAIRN_L2_ENTRIES * CAIRN_CLUSTER_BYTES < size_bytes
      || image->n_l1 * 8 > image->file_bytes)
    return refuse (image, "has too small a table of its clusters", error);
  image->l1 = g_try_new (uint64_t, MAX (image->n_l1, 1));
  if (!image->l1)
    return refuse (image, "needs more memory for its tables than there is", error);
  return read_numbers (image, get64 (header + 40), image->l1, image->n_l1, error);
}

static gboolean
open_image (Source *source, const char *path, GError **error)
{
  Image *image = g_new0 (Image, 1);
  struct stat status;

  image->path = g_strdup (path);
  image->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_ptr_array_insert (source->images, 0, image);
  if (image->fd < 0 || fstat (image->fd, &status) != 0)
    return cairn_data_fail (path, "opened", error);
  image->file_bytes = (uint64_t)status.st_size;
  return read_header (image, source->view.size_bytes, error);
}

/* The entry of a cluster in one image. */
static gboolean
look_up (const Image *image, Table *table, uint64_t cluster, uint64_t *entry, GError **error)
{
  uint64_t place = image->l1[cluster / CAIRN_L2_ENTRIES] & CAIRN_ENTRY_PLACE;

  *entry = 0;
  if (place == 0)
    return TRUE;
  if (table->place != place)
    {
      table->place = 0;
      if (!read_numbers (image, place, table->entries, CAIRN_L2_ENTRIES, error))
        return FALSE;
      table->place = place;
    }
  *entry = table->entries[cluster % CAIRN_L2_ENTRIES];
  return TRUE;
}

static gboolean
find (Source *source, unsigned reader, uint64_t cluster, Spot *spot, GError **error)
{
  *spot = (Spot){ 0 };
  for (guint i = 0; i < source->images->len; i++)
    {
      const Image *image = source->images->pdata[i];
      uint64_t entry;

      if (!look_up (image, source->tables[reader][i], cluster, &entry, error))
        return FALSE;
      if (entry & CAIRN_ENTRY_ZERO)
        return TRUE;
      if (entry & CAIRN_ENTRY_PLACE)
        {
          *spot = (Spot){ .image = image, .place = entry & CAIRN_ENTRY_PLACE };
          return TRUE;
        }
    }
  return TRUE;
}

static gboolean
source_read (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
             size_t length_bytes, GError **error)
{
  uint8_t *to = buffer;

  while (length_bytes > 0)
    {
      size_t length = MIN (length_bytes, CAIRN_CLUSTER_BYTES);
      Spot spot;

      if (!find ((Source *)view, reader, offset_bytes / CAIRN_CLUSTER_BYTES, &spot, error))
        return FALSE;
      if (!spot.image)
        memset (to, 0, length);
      else if (!read_at (spot.image, spot.place, to, length, error))
        return FALSE;
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
  uint64_t first = offset_bytes / CAIRN_CLUSTER_BYTES, cluster = first;
  uint64_t table_end = (first / CAIRN_L2_ENTRIES + 1) * CAIRN_L2_ENTRIES;

  for (; cluster < table_end && cluster * CAIRN_CLUSTER_BYTES < view->size_bytes; cluster++)
    {
      Spot spot;

      if (!find ((Source *)view, reader, cluster, &spot, error))
        return FALSE;
      if (cluster == first)
        *is_zero = !spot.image;
      else if (*is_zero != !spot.image)
        break;
    }
  *length_bytes = MIN (cluster * CAIRN_CLUSTER_BYTES, view->size_bytes) - offset_bytes;
  return TRUE;
}

static void
source_close (CairnView *view)
{
  Source *source = (Source *)view;

  for (unsigned r = 0; r < N_READERS; r++)
    {
      for (guint i = 0; source->tables[r] && i < source->images->len; i++)
        g_free (source->tables[r][i]);
      g_free (source->tables[r]);
    }
  g_ptr_array_unref (source->images);
  g_free (source);
}

static const CairnViewOps source_ops = {
  .read = source_read,
  .map = source_map,
  .close = source_close,
};

CairnView *
cairn_source_open (const GPtrArray *paths, uint64_t size_bytes, GError **error)
{
  Source *source = g_new0 (Source, 1);

  source->view = (CairnView){
    .ops = &source_ops, .size_bytes = size_bytes, .n_readers = N_READERS, .read_bytes = READ_BYTES
  };
  source->images = g_ptr_array_new_with_free_func ((GDestroyNotify)image_free);
  for (guint i = 0; i < paths->len; i++)
    if (!open_image (source, paths->pdata[i], error))
      {
        source_close (&source->view);
        return NULL;
      }
  for (unsigned r = 0; r < N_READERS; r++)
    {
      source->tables[r] = g_new0 (Table *, paths->len);
      for (guint i = 0; i < paths->len; i++)
        source->tables[r][i] = g_new0 (Table, 1);
    }
  return &source->view;
}
