/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Through the module's own table, as the domain calls it. */
#include "backup-samples.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "data/manifest.h"

/* The number that fills a cluster. */
static uint64_t
number_of (const Sample *sample, uint64_t cluster)
{
  uint64_t value = GPOINTER_TO_UINT (g_hash_table_lookup (sample->values, (gpointer)cluster));

  return value ? cluster << 16 | value : 0;
}

static gboolean
sample_read (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
             size_t length_bytes, GError **error)
{
  uint8_t *to = buffer;

  g_assert_cmpuint (reader, <, view->n_readers);
  g_assert_cmpuint (offset_bytes + length_bytes, <=, view->size_bytes);
  for (size_t done = 0; done < length_bytes; done += SAMPLE_CLUSTER)
    {
      uint64_t number = number_of ((Sample *)view, (offset_bytes + done) / SAMPLE_CLUSTER);

      for (size_t i = done; i < MIN (done + SAMPLE_CLUSTER, length_bytes); i++)
        to[i] = (uint8_t)(number >> 8 * (i % 8));
    }
  return TRUE;
}

static gboolean
sample_map (CairnView *view, unsigned reader, uint64_t offset_bytes, gboolean *is_zero,
            uint64_t *length_bytes, GError **error)
{
  uint64_t cluster = offset_bytes / SAMPLE_CLUSTER, end = cluster + 1000;

  *is_zero = number_of ((Sample *)view, cluster) == 0;
  while (++cluster < end && (number_of ((Sample *)view, cluster) == 0) == *is_zero)
    ;
  *length_bytes = MIN (cluster * SAMPLE_CLUSTER, view->size_bytes) - offset_bytes;
  return TRUE;
}

static const CairnViewOps sample_ops = { .read = sample_read, .map = sample_map };

Sample *
sample_new (uint64_t size_bytes)
{
  Sample *sample = g_new0 (Sample, 1);

  sample->view = (CairnView){
    .ops = &sample_ops, .size_bytes = size_bytes, .n_readers = 3, .read_bytes = SAMPLE_CLUSTER
  };
  sample->values = g_hash_table_new (NULL, NULL);
  return sample;
}

void
sample_free (Sample *sample)
{
  if (!sample)
    return;
  g_hash_table_unref (sample->values);
  g_free (sample);
}

void
sample_set (Sample *sample, uint64_t cluster, guint value)
{
  if (cluster * SAMPLE_CLUSTER < sample->view.size_bytes)
    g_hash_table_insert (sample->values, (gpointer)cluster, GUINT_TO_POINTER (value));
}

static void
compare_cluster (const Sample *sample, CairnView *view, uint64_t cluster)
{
  uint64_t offset = cluster * SAMPLE_CLUSTER, length;
  size_t n_bytes = (size_t)MIN (SAMPLE_CLUSTER, view->size_bytes - offset);
  g_autofree uint8_t *wanted = g_malloc (SAMPLE_CLUSTER);
  g_autofree uint8_t *found = g_malloc (SAMPLE_CLUSTER);
  gboolean is_zero;

  memset (found, 0xee, SAMPLE_CLUSTER);
  sample_read ((CairnView *)&sample->view, 0, offset, wanted, n_bytes, NULL);
  g_assert_true (view->ops->read (view, 0, offset, found, n_bytes, NULL));
  g_assert_true (memcmp (found, wanted, n_bytes) == 0);
  g_assert_true (view->ops->map (view, 0, offset, &is_zero, &length, NULL));
  g_assert_true (!is_zero || number_of (sample, cluster) == 0);
  g_assert_cmpuint (length, >, 0);
}

/* Every cluster up to 512 of them; of larger disks those that have anything, and what's beside. */
void
sample_compare (const Sample *sample, CairnView *view)
{
  uint64_t n_clusters = (view->size_bytes + SAMPLE_CLUSTER - 1) / SAMPLE_CLUSTER;
  GHashTableIter iter;
  gpointer key;

  g_assert_cmpuint (view->size_bytes, ==, sample->view.size_bytes);
  for (uint64_t i = 0; i < MIN (n_clusters, 512); i++)
    compare_cluster (sample, view, i);
  g_hash_table_iter_init (&iter, sample->values);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    for (uint64_t i = (uint64_t)key; i < MIN ((uint64_t)key + 2, n_clusters); i++)
      compare_cluster (sample, view, i);
}

CairnDataManifest *
sample_manifest (int number, int base)
{
  CairnDataManifest *manifest = cairn_manifest_new ();

  manifest->vm_guid = g_strdup ("5B76C1DE-019E-4DC2-8766-5AD46C7E65D9");
  manifest->vm_name = g_strdup ("wäb");
  manifest->point = g_strdup_printf ("Microsoft:VM\\%d", number);
  manifest->base = base < 0 ? NULL : g_strdup_printf ("Microsoft:VM\\%d", base);
  manifest->creation_time_ms = 1000 + number;
  return manifest;
}

static int
create (const char *directory, const char *name, char **path)
{
  int fd;

  g_mkdir_with_parents (directory, 0777);
  *path = g_build_filename (directory, name, NULL);
  fd = open (*path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

CairnDataDisk *
sample_backup (Sample *sample, const GArray *extents, const char *target, const char *directory,
               CairnDataManifest *manifest)
{
  CairnDataDisk *disk = g_new0 (CairnDataDisk, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  CairnDataPlan *plan;
  int fd;

  disk->target = g_strdup (target);
  disk->identifier = g_strdup_printf ("id of %s", target);
  disk->reason = g_strdup ("");
  disk->is_differential = extents != NULL;
  disk->virtual_size_bytes = sample->view.size_bytes;
  disk->base_sha256 = g_ptr_array_new_with_free_func (g_free);
  disk->file.name = g_strdup_printf ("%s.%s.qcow2", target, extents ? "differential" : "full");
  g_ptr_array_add (manifest->disks, disk);
  fd = create (directory, disk->file.name, &path);
  plan = cairn_data_module.plan_new (&sample->view, extents, &error);
  g_assert_no_error (error);
  cairn_data_module.write_image (plan, fd, path, NULL, &disk->file, &error);
  g_assert_no_error (error);
  cairn_data_module.plan_free (plan);
  close (fd);
  return disk;
}

CairnDataExtra *
sample_extra (const char *directory, CairnDataManifest *manifest, CairnDataRole role,
              const char *name, const char *content)
{
  CairnDataExtra *extra = g_new0 (CairnDataExtra, 1);
  g_autofree char *path = NULL;
  int fd = create (directory, name, &path);

  g_assert_cmpint (write (fd, content, strlen (content)), ==, strlen (content));
  extra->role = role;
  extra->file.name = g_strdup (name);
  g_assert_true (cairn_data_module.measure_file (fd, path, &extra->file, NULL));
  g_ptr_array_add (manifest->extras, extra);
  close (fd);
  return extra;
}

void
sample_publish (const char *directory, const CairnDataManifest *manifest)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = create (directory, CAIRN_DATA_MANIFEST, &path);

  cairn_data_module.write_manifest (manifest, fd, path, &error);
  g_assert_no_error (error);
  close (fd);
}

gboolean
sample_open (const char *path, uint64_t size_bytes, CairnView **view, GArray **extents,
             GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autoptr (GPtrArray) sums = g_ptr_array_new ();
  CairnDataFile file = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok;

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (cairn_data_module.measure_file (fd, path, &file, NULL));
  close (fd);
  g_ptr_array_add (paths, (gpointer)path);
  g_ptr_array_add (sums, file.sha256);
  ok = cairn_data_module.open_logs (paths, sums, size_bytes, view, extents, error);
  g_free (file.sha256);
  return ok;
}
