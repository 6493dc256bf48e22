/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manifest, written and read. */
#include "data/manifest.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/hash.h"

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
      json_builder_begin_object (builder);
      add_file (builder, &((CairnDataExtra *)manifest->extras->pdata[i])->file);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static char *
checksum (JsonNode *backup)
{
  g_autofree char *text = json_to_string (backup, FALSE);
  CairnHash *hash = cairn_hash_new ();

  cairn_hash_add (hash, text, strlen (text));
  return cairn_hash_end (hash);
}

gboolean
cairn_manifest_write (const CairnDataManifest *manifest, int fd, const char *path, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonNode *backup = describe (manifest);
  g_autofree char *sum = checksum (backup);
  g_autofree char *text = NULL;
  size_t done = 0, n_bytes;

  json_object_set_member (object, "Backup", backup);
  json_object_set_string_member (object, "Sha256", sum);
  json_node_take_object (root, object);
  text = json_to_string (root, TRUE);
  n_bytes = strlen (text);
  while (done < n_bytes)
    {
      ssize_t n = write (fd, text + done, n_bytes - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return cairn_data_fail (path, "written", error);
      done += (size_t)n;
    }
  return TRUE;
}

/* ---- reading ---- */

/* Members that are missing or of another type leave *IS_GOOD FALSE. */
typedef struct
{
  JsonObject *object;
  gboolean is_good;
} Members;

static JsonNode *
get (Members *members, const char *name, JsonNodeType type)
{
  JsonNode *node = json_object_get_member (members->object, name);

  if (node && json_node_get_node_type (node) == type)
    return node;
  members->is_good = FALSE;
  return NULL;
}

static char *
get_string (Members *members, const char *name)
{
  JsonNode *node = get (members, name, JSON_NODE_VALUE);

  if (node && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_dup_string (node);
  members->is_good = FALSE;
  return g_strdup ("");
}

static uint64_t
get_number (Members *members, const char *name)
{
  JsonNode *node = get (members, name, JSON_NODE_VALUE);

  if (node && json_node_get_value_type (node) == G_TYPE_INT64 && json_node_get_int (node) >= 0)
    return (uint64_t)json_node_get_int (node);
  members->is_good = FALSE;
  return 0;
}

/* A name within the directory and nothing else: restore opens and writes by it. */
static gboolean
is_plain_name (const char *name)
{
  return *name && !strchr (name, '/') && strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

static void
get_file (Members *members, CairnDataFile *file)
{
  file->name = get_string (members, "File");
  file->sha256 = get_string (members, "Sha256");
  file->size_bytes = get_number (members, "Size");
  members->is_good = members->is_good && is_plain_name (file->name);
}

static gboolean
read_disk (JsonObject *object, CairnDataManifest *manifest)
{
  Members members = { .object = object, .is_good = TRUE };
  CairnDataDisk *disk = g_new0 (CairnDataDisk, 1);
  g_autofree char *kind = get_string (&members, "Kind");

  g_ptr_array_add (manifest->disks, disk);
  disk->target = get_string (&members, "Target");
  disk->identifier = get_string (&members, "VirtualDiskIdentifier");
  disk->reason = get_string (&members, "Reason");
  disk->virtual_size_bytes = get_number (&members, "VirtualSize");
  disk->is_differential = strcmp (kind, "differential") == 0;
  get_file (&members, &disk->file);
  return members.is_good && is_plain_name (disk->target)
         && (disk->is_differential ? manifest->base != NULL : strcmp (kind, "full") == 0);
}

static gboolean
read_file (JsonObject *object, CairnDataManifest *manifest)
{
  Members members = { .object = object, .is_good = TRUE };
  CairnDataExtra *extra = g_new0 (CairnDataExtra, 1);

  g_ptr_array_add (manifest->extras, extra);
  get_file (&members, &extra->file);
  return members.is_good;
}

static gboolean
read_list (Members *members, const char *name, gboolean (*read) (JsonObject *, CairnDataManifest *),
           CairnDataManifest *manifest)
{
  JsonNode *node = get (members, name, JSON_NODE_ARRAY);
  JsonArray *array = node ? json_node_get_array (node) : NULL;
  guint n = array ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_OBJECT (element) || !read (json_node_get_object (element), manifest))
        return FALSE;
    }
  return array != NULL;
}

static gboolean
read_backup (JsonObject *object, CairnDataManifest *manifest)
{
  Members members = { .object = object, .is_good = TRUE };
  JsonNode *base = json_object_get_member (object, "BaseReferencePoint");

  if (get_number (&members, "Version") != CAIRN_MANIFEST_VERSION)
    return FALSE;
  manifest->vm_guid = get_string (&members, "VirtualSystemIdentifier");
  manifest->vm_name = get_string (&members, "Name");
  manifest->point = get_string (&members, "ReferencePoint");
  manifest->creation_time_ms = (int64_t)get_number (&members, "CreationTimeMs");
  if (base && !JSON_NODE_HOLDS_NULL (base))
    manifest->base = get_string (&members, "BaseReferencePoint");
  return read_list (&members, "Disks", read_disk, manifest)
         && read_list (&members, "Files", read_file, manifest) && members.is_good;
}

static gboolean
read_document (JsonNode *root, CairnDataManifest *manifest)
{
  Members members = { .is_good = TRUE };
  g_autofree char *wanted = NULL;
  g_autofree char *sum = NULL;
  JsonNode *backup;

  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    return FALSE;
  members.object = json_node_get_object (root);
  backup = get (&members, "Backup", JSON_NODE_OBJECT);
  wanted = get_string (&members, "Sha256");
  if (!members.is_good)
    return FALSE;
  sum = checksum (backup);
  return strcmp (sum, wanted) == 0 && read_backup (json_node_get_object (backup), manifest);
}

CairnDataManifest *
cairn_manifest_read (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, CAIRN_DATA_MANIFEST, NULL);
  g_autoptr (CairnDataManifest) manifest = cairn_manifest_new ();
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autofree char *text = NULL;
  gsize n_bytes = 0;
  struct stat status;

  if (stat (path, &status) != 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                   "directory '%s' holds no backup: file '%s' can't be opened (%s); name "
                   "directories that `cairn backup` has finished",
                   directory, path, g_strerror (errno));
      return NULL;
    }
  if (!S_ISREG (status.st_mode) || status.st_size > (off_t)CAIRN_MANIFEST_LIMIT_BYTES
      || !g_file_get_contents (path, &text, &n_bytes, NULL)
      || !json_parser_load_from_data (parser, text, (gssize)n_bytes, NULL)
      || !read_document (json_parser_get_root (parser), manifest))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                   "file '%s' is damaged, or of a newer version; bring back the one that `cairn "
                   "backup` wrote",
                   path);
      return NULL;
    }
  return g_steal_pointer (&manifest);
}
