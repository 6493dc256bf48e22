/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes through the tables of an image from the disk's start to its end. */
#include "data/image.h"

#include <string.h>
#include <unistd.h>

#include "data/file.h"

static gboolean
refuse (const CairnDataImage *image, const char *what, GError **error)
{
  return cairn_data_refuse (
      error, "file '%s' %s; bring it back as `cairn backup` wrote it, or use another backup",
      image->path, what);
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
read_numbers (const CairnDataImage *image, uint64_t place, uint64_t *numbers, uint64_t n,
              GError **error)
{
  if (!cairn_file_read (image->fd, image->path, place, numbers, n * sizeof *numbers, error))
    return FALSE;
  for (uint64_t i = 0; i < n; i++)
    numbers[i] = GUINT64_FROM_BE (numbers[i]);
  return TRUE;
}

static gboolean
read_header (CairnDataImage *image, GError **error)
{
  uint8_t header[CAIRN_HEADER_BYTES];
  uint64_t n_clusters = image->file_bytes / CAIRN_CLUSTER_BYTES;

  if (!cairn_file_read (image->fd, image->path, 0, header, sizeof header, error))
    return FALSE;
  /* No backing file, no encryption, no snapshots, no features beyond version 3's base. */
  if (get32 (header) != CAIRN_QCOW2_MAGIC || get32 (header + 4) != 3 || get64 (header + 8) != 0
      || get32 (header + 20) != 16 || get32 (header + 32) != 0 || get32 (header + 60) != 0
      || get64 (header + 72) != 0)
    return refuse (image, "isn't an image of a backup", error);
  image->size_bytes = get64 (header + 24);
  image->n_l1 = get32 (header + 36);
  image->l1_place = get64 (header + 40);
  if (image->size_bytes > CAIRN_DISK_LIMIT_BYTES
      || image->n_l1 != cairn_plan_count_l1 (image->size_bytes))
    return refuse (image, "is of a disk of an impossible size", error);
  image->l2_place = image->l1_place / CAIRN_CLUSTER_BYTES
                    + CAIRN_DIVIDE_UP (image->n_l1 * 8, CAIRN_CLUSTER_BYTES);
  if (image->file_bytes % CAIRN_CLUSTER_BYTES != 0 || image->l1_place % CAIRN_CLUSTER_BYTES != 0
      || image->l1_place == 0 || image->l2_place > n_clusters)
    return refuse (image, "isn't complete", error);
  return TRUE;
}

static gboolean
get_l1 (CairnDataImage *image, uint64_t index, uint64_t *entry, GError **error)
{
  uint64_t first = index - index % CAIRN_IMAGE_L1_ENTRIES;
  uint64_t n = MIN (image->n_l1 - first, CAIRN_IMAGE_L1_ENTRIES);

  if (image->l1_first != first
      && !read_numbers (image, image->l1_place + first * 8, image->l1, n, error))
    return FALSE;
  image->l1_first = first;
  *entry = image->l1[index - first];
  return TRUE;
}

/* The number of L2 tables says where the data begins. */
static gboolean
count_tables (CairnDataImage *image, GError **error)
{
  uint64_t n_clusters = image->file_bytes / CAIRN_CLUSTER_BYTES, entry;

  image->data_place = image->l2_place;
  image->l1_first = UINT64_MAX;
  for (uint64_t i = 0; i < image->n_l1; i++)
    {
      if (!get_l1 (image, i, &entry, error))
        return FALSE;
      image->data_place += entry != 0;
    }
  if (image->data_place > n_clusters)
    return refuse (image, "isn't complete", error);
  image->n_data = n_clusters - image->data_place;
  return TRUE;
}

CairnDataImage *
cairn_data_image_new (const char *path, GError **error)
{
  g_autoptr (CairnDataImage) image = g_new0 (CairnDataImage, 1);

  image->path = g_strdup (path);
  image->fd = cairn_file_open (path, &image->file_bytes, error);
  if (image->fd < 0 || !read_header (image, error) || !count_tables (image, error))
    return NULL;
  return g_steal_pointer (&image);
}

void
cairn_data_image_free (CairnDataImage *image)
{
  if (!image)
    return;
  if (image->fd >= 0)
    close (image->fd);
  g_free (image->path);
  g_free (image);
}

gboolean
cairn_data_image_has_table (CairnDataImage *image, uint64_t group, gboolean *has, GError **error)
{
  uint64_t entry = 0;

  if (group < image->n_l1 && !get_l1 (image, group, &entry, error))
    return FALSE;
  *has = entry != 0;
  if (entry == 0
      || entry == ((image->l2_place + image->n_tables) * CAIRN_CLUSTER_BYTES | CAIRN_ENTRY_COPIED))
    return TRUE;
  return refuse (image, "has its tables in another order", error);
}

gboolean
cairn_data_image_read_table (CairnDataImage *image, uint64_t group,
                             uint64_t table[CAIRN_L2_ENTRIES], GError **error)
{
  uint64_t place = (image->l2_place + image->n_tables++) * CAIRN_CLUSTER_BYTES;
  uint64_t first = group * CAIRN_L2_ENTRIES;
  uint64_t end = CAIRN_DIVIDE_UP (image->size_bytes, CAIRN_CLUSTER_BYTES);

  if (!read_numbers (image, place, table, CAIRN_L2_ENTRIES, error))
    return FALSE;
  for (uint64_t i = 0; i < CAIRN_L2_ENTRIES; i++)
    {
      uint64_t next = image->data_place + image->n_seen;

      if (table[i] != 0 && first + i >= end)
        return refuse (image, "has data behind the disk's end", error);
      if (table[i] <= CAIRN_ENTRY_ZERO)
        continue;
      if (table[i] != (next * CAIRN_CLUSTER_BYTES | CAIRN_ENTRY_COPIED)
          || image->n_seen == image->n_data)
        return refuse (image, "has its data in another order", error);
      table[i] = next;
      image->n_seen++;
    }
  return TRUE;
}

gboolean
cairn_data_image_check_end (const CairnDataImage *image, GError **error)
{
  return image->n_seen == image->n_data || refuse (image, "has more data than its disk", error);
}
