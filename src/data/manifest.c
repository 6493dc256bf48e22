/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manifest, and how it is written. */
#include "data/manifest.h"

#include <string.h>

#include "data/file.h"
#include "data/hash.h"

const char *const cairn_manifest_roles[CAIRN_MANIFEST_N_ROLES] = {
  [CAIRN_DATA_METADATA] = "metadata",
  [CAIRN_DATA_DEFINITION] = "definition",
  [CAIRN_DATA_NVRAM] = "nvram",
  [CAIRN_DATA_TPM] = "tpm",
};

static void
disk_free (CairnDataDisk *disk)
{
  g_free (disk->target);
  g_free (disk->identifier);
  g_free (disk->reason);
  g_clear_pointer (&disk->base_sha256, g_ptr_array_unref);
  cairn_data_file_clear (&disk->file);
  g_free (disk);
}

static void
extra_free (CairnDataExtra *extra)
{
  g_free (extra->original);
  cairn_data_file_clear (&extra->file);
  g_free (extra);
}

CairnDataManifest *
cairn_manifest_new (void)
{
  CairnDataManifest *manifest = g_new0 (CairnDataManifest, 1);

  manifest->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)disk_free);
  manifest->extras = g_ptr_array_new_with_free_func ((GDestroyNotify)extra_free);
  return manifest;
}

void
cairn_data_manifest_free (CairnDataManifest *manifest)
{
  if (!manifest)
    return;
  g_free (manifest->vm_guid);
  g_free (manifest->vm_name);
  g_free (manifest->point);
  g_free (manifest->base);
  g_ptr_array_unref (manifest->disks);
  g_ptr_array_unref (manifest->extras);
  g_free (manifest);
}

const CairnDataDisk *
cairn_manifest_find (const CairnDataManifest *manifest, const char *target)
{
  for (guint i = 0; i < manifest->disks->len; i++)
    if (strcmp (((CairnDataDisk *)manifest->disks->pdata[i])->target, target) == 0)
      return manifest->disks->pdata[i];
  return NULL;
}

/* ---- writing ---- */

static void
add_string (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  if (text)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

static void
add_number (JsonBuilder *builder, const char *name, uint64_t value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64)value);
}

static void
add_strings (JsonBuilder *builder, const char *name, const GPtrArray *texts)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; texts && i < texts->len; i++)
    json_builder_add_string_value (builder, texts->pdata[i]);
  json_builder_end_array (builder);
}

static void
add_file (JsonBuilder *builder, const CairnDataFile *file)
{
  add_string (builder, "File", file->name);
  add_number (builder, "Size", file->size_bytes);
  add_string (builder, "Sha256", file->sha256);
}

static void
add_disk (JsonBuilder *builder, const CairnDataManifest *manifest, const CairnDataDisk *disk)
{
  json_builder_begin_object (builder);
  add_string (builder, "Target", disk->target);
  add_string (builder, "VirtualDiskIdentifier", disk->identifier);
  add_string (builder, "Kind", disk->is_differential ? "differential" : "full");
  add_string (builder, "Reason", disk->reason);
  add_string (builder, "Base", disk->is_differential ? manifest->base : NULL);
  add_strings (builder, "BaseSha256", disk->base_sha256);
  add_number (builder, "VirtualSize", disk->virtual_size_bytes);
  add_file (builder, &disk->file);
  json_builder_end_object (builder);
}

static JsonNode *
describe (const CairnDataManifest *manifest)
{
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  add_number (builder, "Version", CAIRN_MANIFEST_VERSION);
  add_string (builder, "VirtualSystemIdentifier", manifest->vm_guid);
  add_string (builder, "Name", manifest->vm_name);
  add_string (builder, "ReferencePoint", manifest->point);
  add_string (builder, "BaseReferencePoint", manifest->base);
  json_builder_set_member_name (builder, "IsLog");
  json_builder_add_boolean_value (builder, manifest->is_log);
  add_number (builder, "CreationTimeMs", (uint64_t)manifest->creation_time_ms);
  json_builder_set_member_name (builder, "Disks");
  json_builder_begin_array (builder);
  for (guint i = 0; i < manifest->disks->len; i++)
    add_disk (builder, manifest, manifest->disks->pdata[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "Files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < manifest->extras->len; i++)
    {
      const CairnDataExtra *extra = manifest->extras->pdata[i];

      json_builder_begin_object (builder);
      add_string (builder, "Role", cairn_manifest_roles[extra->role]);
      add_string (builder, "Original", extra->original);
      add_file (builder, &extra->file);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

char *
cairn_manifest_checksum (JsonNode *backup)
{
  g_autofree char *text = json_to_string (backup, FALSE);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

gboolean
cairn_manifest_write (const CairnDataManifest *manifest, int fd, const char *path, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonNode *backup = describe (manifest);
  g_autofree char *sum = cairn_manifest_checksum (backup);
  g_autofree char *text = NULL;
  size_t n_bytes;

  json_object_set_member (object, "Backup", backup);
  json_object_set_string_member (object, "Sha256", sum);
  json_node_take_object (root, object);
  text = json_to_string (root, TRUE);
  n_bytes = strlen (text);
  if (!cairn_manifest_is_small (text, n_bytes))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "file '%s' would be larger than a manifest may be; back up fewer disks at once",
                   path);
      return FALSE;
    }
  return cairn_file_write (fd, path, 0, text, n_bytes, error);
}
