/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each file is read once: what it gives to the restored disks is written while its checksum is
 * taken, into files that take their places when all checksums were right. */
#include "data/restore.h"

#include <string.h>
#include <unistd.h>

#include "data/copy.h"
#include "data/definition.h"
#include "data/file.h"
#include "data/layers.h"
#include "data/manifest.h"
#include "data/stream.h"

/* The names of what is restored beside the disks. */
#define DEFINITION_NAME "domain.xml"
#define NVRAM_NAME      "nvram.fd"
#define TPM_NAME        "tpm"

typedef struct
{
  const char *const *directories;
  GPtrArray *manifests; /* of CairnDataManifest, in the directories' order */
  const CairnDataTick *tick;
  uint64_t total;
  uint64_t done;         /* before the file at hand */
  GHashTable *read;      /* of CairnDataFile, borrowed: what was read */
  CairnOutputs *outputs; /* NULL: nothing is restored */
} Restore;

static const CairnDataManifest *
manifest_at (const Restore *restore, guint index)
{
  return restore->manifests->pdata[index];
}

/* ---- do the directories fit together ---- */

static gboolean
check_order (const Restore *restore, GError **error)
{
  for (guint i = 1; i < restore->manifests->len; i++)
    {
      const CairnDataManifest *before = manifest_at (restore, i - 1);
      const CairnDataManifest *now = manifest_at (restore, i);

      if (g_ascii_strcasecmp (before->vm_guid, now->vm_guid) != 0)
        return cairn_data_refuse (
            error,
            "backup '%s' is of VM '%s' and backup '%s' of VM '%s'; name backups of one "
            "VM only",
            restore->directories[i - 1], before->vm_name, restore->directories[i], now->vm_name);
      if (now->creation_time_ms <= before->creation_time_ms)
        return cairn_data_refuse (
            error,
            "backup '%s' isn't newer than backup '%s', which stands before it; name "
            "the directories in the order in which they were made",
            restore->directories[i], restore->directories[i - 1]);
    }
  return TRUE;
}

/* The backup before INDEX whose point is POINT; -1 when it isn't among them. */
static int
find_base (const Restore *restore, guint index, const char *point)
{
  while (index-- > 0)
    if (g_ascii_strcasecmp (manifest_at (restore, index)->point, point) == 0)
      return (int)index;
  return -1;
}

/* One file of a disk's chain. */
typedef struct
{
  guint index; /* of its directory */
  const CairnDataDisk *disk;
} Link;

static char *
path_of (const Restore *restore, guint index, const CairnDataFile *file)
{
  return g_build_filename (restore->directories[index], file->name, NULL);
}

/* The base's disk that DISK of backup INDEX follows; NULL when they don't fit. */
static const CairnDataDisk *
find_base_disk (const Restore *restore, guint index, const CairnDataDisk *disk, guint *at,
                GError **error)
{
  g_autofree char *path = path_of (restore, index, &disk->file);
  const char *point = manifest_at (restore, index)->base;
  const CairnDataDisk *base;
  int found = find_base (restore, index, point);

  if (found < 0)
    {
      cairn_data_refuse (
          error,
          "file '%s' holds only what changed since reference point '%s', and no directory before "
          "it is that point's backup; name that one too",
          path, point);
      return NULL;
    }
  *at = (guint)found;
  base = cairn_manifest_find (manifest_at (restore, *at), disk->target);
  if (base && base->virtual_size_bytes == disk->virtual_size_bytes)
    return base;
  cairn_data_refuse (
      error, "file '%s' doesn't fit backup '%s', which %s; use the backups as they were made", path,
      restore->directories[found],
      base ? "has that disk in another size" : "doesn't have that disk");
  return NULL;
}

/* Is the base's file one that this one was made to follow? A log holds no disk as of its point, so
 * none is known for it. */
static gboolean
check_base (const Restore *restore, const Link *link, const Link *base, GError **error)
{
  const GPtrArray *known = link->disk->base_sha256;
  g_autofree char *path = NULL, *base_path = NULL;

  if (!known || known->len == 0 || manifest_at (restore, base->index)->is_log)
    return TRUE;
  for (guint i = 0; i < known->len; i++)
    if (strcmp (known->pdata[i], base->disk->file.sha256) == 0)
      return TRUE;
  path = path_of (restore, link->index, &link->disk->file);
  base_path = path_of (restore, base->index, &base->disk->file);
  return cairn_data_refuse (
      error,
      "file '%s' isn't one that file '%s' can follow: it is of the same reference point, but has "
      "another checksum than the backups that were known then; name the directory that it was made "
      "after",
      base_path, path);
}

/* The files that make up a disk as of backup LAST, the full one first; of Link. */
static GArray *
chain_of (const Restore *restore, const CairnDataDisk *disk, guint last, GError **error)
{
  g_autoptr (GArray) chain = g_array_new (FALSE, FALSE, sizeof (Link));
  Link link = { .index = last, .disk = disk };

  for (;;)
    {
      Link base;

      g_array_prepend_val (chain, link);
      if (!link.disk->is_differential)
        return g_steal_pointer (&chain);
      base.disk = find_base_disk (restore, link.index, link.disk, &base.index, error);
      if (!base.disk || !check_base (restore, &link, &base, error))
        return NULL;
      link = base;
    }
}

static gboolean
check_chains (const Restore *restore, GError **error)
{
  for (guint i = 0; i < restore->manifests->len; i++)
    for (guint k = 0; k < manifest_at (restore, i)->disks->len; k++)
      {
        g_autoptr (GArray) chain
            = chain_of (restore, manifest_at (restore, i)->disks->pdata[k], i, error);

        if (!chain)
          return FALSE;
      }
  return TRUE;
}

/* ---- the files ---- */

typedef gboolean (*FileFunc) (Restore *restore, guint index, const CairnDataFile *file,
                              const CairnDataExtra *extra, GError **error);

/* Calls EACH for the files of all directories; EXTRA is NULL for a disk's. */
static gboolean
for_each_file (Restore *restore, FileFunc each, GError **error)
{
  for (guint i = 0; i < restore->manifests->len; i++)
    {
      const CairnDataManifest *manifest = manifest_at (restore, i);

      for (guint k = 0; k < manifest->disks->len; k++)
        if (!each (restore, i, &((CairnDataDisk *)manifest->disks->pdata[k])->file, NULL, error))
          return FALSE;
      for (guint k = 0; k < manifest->extras->len; k++)
        {
          const CairnDataExtra *extra = manifest->extras->pdata[k];

          if (!each (restore, i, &extra->file, extra, error))
            return FALSE;
        }
    }
  return TRUE;
}

/* What can be told without reading is told before anything is read. */
static gboolean
look_at_file (Restore *restore, guint index, const CairnDataFile *file, const CairnDataExtra *extra,
              GError **error)
{
  g_autofree char *path = path_of (restore, index, file);
  CairnDataFile found = { .sha256 = file->sha256 };
  int fd = cairn_file_open (path, &found.size_bytes, error);

  if (fd < 0)
    return FALSE;
  close (fd);
  restore->total += file->size_bytes;
  return cairn_stream_compare (path, file, &found, error);
}

static gboolean
run_stream (Restore *restore, CairnStream *stream, GError **error)
{
  gboolean ok = cairn_stream_run (stream, restore->tick, restore->done, error);

  restore->done += stream->wanted->size_bytes;
  g_hash_table_add (restore->read, (gpointer)stream->wanted);
  return ok;
}

/* ---- the disks ---- */

static GPtrArray *
open_images (const Restore *restore, const GArray *chain, GError **error)
{
  g_autoptr (GPtrArray) images
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_data_image_free);

  for (guint i = 0; i < chain->len; i++)
    {
      const Link *link = &g_array_index (chain, Link, i);
      g_autofree char *path = path_of (restore, link->index, &link->disk->file);
      CairnDataImage *image = cairn_data_image_new (path, error);

      if (!image)
        return NULL;
      g_ptr_array_add (images, image);
    }
  return g_steal_pointer (&images);
}

/* Every image is read through the descriptor by which its tables were read. */
static gboolean
stream_images (Restore *restore, const GArray *chain, const GPtrArray *images,
               const CairnOutput *output, const CairnDataPlan *plan, GError **error)
{
  for (guint i = 0; i < images->len; i++)
    {
      const CairnDataImage *image = images->pdata[i];
      CairnStream stream = { .fd = image->fd,
                             .path = image->path,
                             .wanted = &g_array_index (chain, Link, i).disk->file,
                             .output = output,
                             .plan = plan,
                             .source = i + 1 };

      if (!run_stream (restore, &stream, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
restore_disk (Restore *restore, const CairnDataDisk *disk, GError **error)
{
  g_autofree char *name = g_strconcat (disk->target, ".qcow2", NULL);
  g_autoptr (GArray) chain = chain_of (restore, disk, restore->manifests->len - 1, error);
  g_autoptr (GPtrArray) images = chain ? open_images (restore, chain, error) : NULL;
  g_autoptr (GArray) runs
      = images ? cairn_layers_merge (images, disk->virtual_size_bytes, FALSE, error) : NULL;
  g_autoptr (CairnDataPlan) plan
      = runs ? cairn_plan_new_of_runs (disk->virtual_size_bytes, runs) : NULL;
  CairnOutput *output = plan ? cairn_outputs_add (restore->outputs, NULL, name, error) : NULL;

  return output && cairn_copy_head (plan, output->fd, output->final, NULL, error)
         && stream_images (restore, chain, images, output, plan, error);
}

static gboolean
restore_disks (Restore *restore, GError **error)
{
  const CairnDataManifest *last = manifest_at (restore, restore->manifests->len - 1);

  for (guint i = 0; i < last->disks->len; i++)
    if (!restore_disk (restore, last->disks->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ---- what else belongs to the VM ---- */

/* The bytes that are checked are those that are changed. */
static gboolean
restore_definition (Restore *restore, const CairnDataFile *file, const char *path, int fd,
                    GError **error)
{
  const CairnDataManifest *last = manifest_at (restore, restore->manifests->len - 1);
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  g_autofree char *nvram = NULL, *xml = NULL, *made = NULL, *sum = NULL;
  CairnHash *hash = cairn_hash_new (error);
  CairnDataFile found = { 0 };
  CairnOutput *output;
  size_t n_bytes = 0;

  if (hash)
    xml = cairn_file_read_small (fd, path, CAIRN_DEFINITION_LIMIT_BYTES, &n_bytes, error);
  if (xml)
    cairn_hash_add (hash, xml, n_bytes);
  found.sha256 = sum = cairn_hash_end (hash);
  found.size_bytes = n_bytes;
  if (!xml || !cairn_stream_compare (path, file, &found, error))
    return FALSE;
  for (guint i = 0; i < last->disks->len; i++)
    g_ptr_array_add (targets, ((CairnDataDisk *)last->disks->pdata[i])->target);
  for (guint i = 0; i < last->extras->len; i++)
    if (((CairnDataExtra *)last->extras->pdata[i])->role == CAIRN_DATA_NVRAM)
      nvram = g_build_filename (restore->outputs->directory, NVRAM_NAME, NULL);
  made = cairn_definition_rewrite (xml, n_bytes, path, restore->outputs->directory, targets, nvram,
                                   &n_bytes, error);
  output = made ? cairn_outputs_add (restore->outputs, NULL, DEFINITION_NAME, error) : NULL;
  return output && cairn_file_write (output->fd, output->final, 0, made, n_bytes, error);
}

/* The file that a restored one is made of; NULL with nothing set when none is. */
static CairnOutput *
add_output (Restore *restore, const CairnDataExtra *extra, GError **error)
{
  switch (extra->role)
    {
    case CAIRN_DATA_NVRAM:
      return cairn_outputs_add (restore->outputs, NULL, NVRAM_NAME, error);
    case CAIRN_DATA_TPM:
      return cairn_outputs_add (restore->outputs, TPM_NAME,
                                extra->file.name + strlen (CAIRN_MANIFEST_TPM_PREFIX), error);
    case CAIRN_DATA_METADATA:
    case CAIRN_DATA_DEFINITION:
      break;
    }
  return NULL;
}

static gboolean
is_wanted (const Restore *restore, guint index, const CairnDataExtra *extra)
{
  return restore->outputs && index == restore->manifests->len - 1 && extra
         && extra->role != CAIRN_DATA_METADATA;
}

/* Reads what no disk was made of. */
static gboolean
read_file (Restore *restore, guint index, const CairnDataFile *file, const CairnDataExtra *extra,
           GError **error)
{
  g_autofree char *path = path_of (restore, index, file);
  CairnStream stream = { .path = path, .wanted = file };
  gboolean ok, writes = is_wanted (restore, index, extra);
  uint64_t unused;

  if (g_hash_table_contains (restore->read, file))
    return TRUE;
  stream.fd = cairn_file_open (path, &unused, error);
  if (stream.fd < 0)
    return FALSE;
  if (writes && extra->role == CAIRN_DATA_DEFINITION)
    ok = restore_definition (restore, file, path, stream.fd, error);
  else
    {
      stream.output = writes ? add_output (restore, extra, error) : NULL;
      ok = (!writes || stream.output) && run_stream (restore, &stream, error);
    }
  close (stream.fd);
  return ok;
}

static gboolean
read_manifests (Restore *restore, GError **error)
{
  for (guint i = 0; restore->directories[i]; i++)
    {
      CairnDataManifest *manifest = cairn_manifest_read (restore->directories[i], error);

      if (!manifest)
        return FALSE;
      g_ptr_array_add (restore->manifests, manifest);
    }
  return TRUE;
}

gboolean
cairn_data_restore (const char *const *directories, const char *to, const CairnDataTick *tick,
                    uint64_t *total, GPtrArray *paths, GError **error)
{
  g_autoptr (GPtrArray) manifests
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_data_manifest_free);
  g_autoptr (GHashTable) read = g_hash_table_new (NULL, NULL);
  g_autoptr (CairnOutputs) outputs = NULL;
  Restore restore
      = { .directories = directories, .manifests = manifests, .tick = tick, .read = read };

  if (!read_manifests (&restore, error) || !check_order (&restore, error)
      || !check_chains (&restore, error) || !for_each_file (&restore, look_at_file, error))
    return FALSE;
  *total = restore.total;
  if (to)
    restore.outputs = outputs = cairn_outputs_new (to);
  return (!to || restore_disks (&restore, error)) && for_each_file (&restore, read_file, error)
         && (!to || cairn_outputs_place (outputs, paths, error));
}
