/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-backup.c: what a backup's directory holds. The first byte says what the others are: 'm' the
 * manifest's member "Backup", which gets a checksum that fits; 'x' a domain's XML; else changes of
 * two images, six bytes each: which one, the place in its head (four bytes), the value.
 * What it must not do: crash, hang, hand out extents that are none, or need more memory than its
 * limits.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tests/backup-samples.h"
#include "data/definition.h"
#include "data/file.h"
#include "data/manifest.h"
#include "target.h"

/* Two groups of clusters, the second incomplete. */
#define DISK_BYTES  (UINT64_C (600) * 1024 * 1024 + 5000)
#define PATCH_BYTES 6u
#define N_EXTENTS   16u

static char *directory;
static GBytes *images[2];

static void
remove_directory (void)
{
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d", directory, i);

      unlink (path);
    }
  rmdir (directory);
}

/* A full image and a differential one after it, as they ought to be. */
static void
make_images (void)
{
  g_autoptr (Sample) sample = sample_new (DISK_BYTES);
  g_autoptr (GArray) extents = cairn_extents_new ();

  directory = access ("/dev/shm", W_OK) == 0
                  ? g_strdup ("/dev/shm/cairn-fuzz-XXXXXX")
                  : g_build_filename (g_get_tmp_dir (), "cairn-fuzz-XXXXXX", NULL);
  if (!g_mkdtemp (directory))
    __builtin_trap ();
  atexit (remove_directory);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (CairnDataManifest) manifest = sample_manifest ((int)i, (int)i - 1);
      CairnDataDisk *disk;
      g_autofree char *path = NULL;
      char *content = NULL;
      gsize n_bytes = 0;

      sample_set (sample, 1, i + 1);
      sample_set (sample, 9000, 5 - 5 * i);
      if (i == 1)
        cairn_extents_append (extents, SAMPLE_CLUSTER, SAMPLE_CLUSTER);
      if (i == 1)
        cairn_extents_append (extents, 9000 * SAMPLE_CLUSTER, 2 * SAMPLE_CLUSTER);
      disk = sample_backup (sample, i ? extents : NULL, "vda", directory, manifest);
      path = g_build_filename (directory, disk->file.name, NULL);
      if (!g_file_get_contents (path, &content, &n_bytes, NULL))
        __builtin_trap ();
      images[i] = g_bytes_new_take (content, n_bytes);
      unlink (path);
    }
}

static void
write_images (const uint8_t *bytes, size_t size, GPtrArray *paths)
{
  for (guint i = 0; i < 2; i++)
    {
      gsize n_bytes;
      const void *good = g_bytes_get_data (images[i], &n_bytes);
      g_autofree uint8_t *content = g_memdup2 (good, n_bytes);
      char *path = g_strdup_printf ("%s/%u", directory, i);

      for (size_t at = 0; at + PATCH_BYTES <= size; at += PATCH_BYTES)
        {
          uint32_t place;

          memcpy (&place, bytes + at + 1, sizeof place);
          if (bytes[at] % 2 == i)
            content[place % n_bytes] = bytes[at + 5];
        }
      if (!g_file_set_contents_full (path, (char *)content, (gssize)n_bytes,
                                     G_FILE_SET_CONTENTS_NONE, 0600, NULL))
        __builtin_trap ();
      g_ptr_array_add (paths, path);
    }
}

static void
read_view (CairnView *view, const GArray *extents)
{
  g_autofree uint8_t *buffer = g_malloc (SAMPLE_CLUSTER);
  uint64_t end = 0;

  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);
      uint64_t length = MIN (extent->length_bytes, SAMPLE_CLUSTER), known;
      gboolean is_zero;

      if ((i > 0 && extent->offset_bytes <= end) || extent->length_bytes == 0
          || extent->offset_bytes + extent->length_bytes > view->size_bytes)
        __builtin_trap ();
      end = extent->offset_bytes + extent->length_bytes;
      if (i >= N_EXTENTS)
        continue;
      if (!view->ops->map (view, 0, extent->offset_bytes, &is_zero, &known, NULL) || known == 0
          || !view->ops->read (view, 0, extent->offset_bytes, buffer, (size_t)length, NULL))
        __builtin_trap ();
    }
}

static void
try_images (const uint8_t *bytes, size_t size)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) sums = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) extents = NULL;
  CairnView *view = NULL;

  write_images (bytes, size, paths);
  for (guint i = 0; i < 2; i++)
    {
      CairnDataFile file = { 0 };
      int fd = cairn_file_open (paths->pdata[i], &file.size_bytes, NULL);

      if (fd < 0 || !cairn_data_module.measure_file (fd, paths->pdata[i], &file, NULL))
        __builtin_trap ();
      close (fd);
      g_ptr_array_add (sums, file.sha256);
    }
  if (!cairn_data_module.open_logs (paths, sums, DISK_BYTES, &view, &extents, NULL))
    return;
  read_view (view, extents);
  view->ops->close (view);
}

static void
try_manifest (const char *text, size_t size)
{
  g_autofree char *copy = g_strndup (text, size);
  g_autofree char *sum = NULL;
  g_autofree char *whole = NULL;
  g_autoptr (JsonNode) node = NULL;

  cairn_data_manifest_free (cairn_manifest_parse (text, size));
  if (!cairn_manifest_is_small (copy, strlen (copy)))
    return;
  node = json_from_string (copy, NULL);
  if (!node)
    return;
  sum = cairn_manifest_checksum (node);
  whole = g_strdup_printf ("{\"Backup\":%s,\"Sha256\":\"%s\"}", copy, sum);
  cairn_data_manifest_free (cairn_manifest_parse (whole, strlen (whole)));
}

static void
try_definition (const char *text, size_t size)
{
  static char *targets[] = { "vda", "vdb" };
  const GPtrArray list = { .pdata = (gpointer *)targets, .len = 2 };
  size_t made_bytes;
  g_autofree char *made = cairn_definition_rewrite (text, size, "domain.xml", "/to", &list,
                                                    "/to/nvram.fd", &made_bytes, NULL);
  g_autofree char *again = made ? cairn_definition_rewrite (made, made_bytes, "domain.xml", "/to",
                                                            &list, NULL, &made_bytes, NULL)
                                : NULL;

  if (made && !again)
    __builtin_trap ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  if (!directory)
    make_images ();
  if (size == 0)
    return 0;
  if (*bytes == 'm')
    try_manifest ((const char *)bytes + 1, size - 1);
  else if (*bytes == 'x')
    try_definition ((const char *)bytes + 1, size - 1);
  else
    try_images (bytes, size);
  return 0;
}
