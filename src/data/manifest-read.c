/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A manifest read: bytes from outside until the last check has passed. */
#include "data/manifest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "data/file.h"
#include "data/hash.h"

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

/* NULL, when it is missing or null. */
static char *
get_text (Members *members, const char *name)
{
  JsonNode *node = json_object_get_member (members->object, name);

  return !node || JSON_NODE_HOLDS_NULL (node) ? NULL : get_string (members, name);
}

static gboolean
get_boolean (Members *members, const char *name)
{
  JsonNode *node = get (members, name, JSON_NODE_VALUE);

  if (node && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  members->is_good = FALSE;
  return FALSE;
}

/* A name within the directory and nothing else: restore opens and writes by it. */
static gboolean
is_plain_name (const char *name)
{
  return *name && !strchr (name, '/') && strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

static gboolean
is_checksum (const char *text)
{
  size_t n = strspn (text, "0123456789abcdef");

  return n == CAIRN_HASH_DIGITS && text[n] == '\0';
}

static void
get_file (Members *members, CairnDataFile *file)
{
  file->name = get_string (members, "File");
  file->sha256 = get_string (members, "Sha256");
  file->size_bytes = get_number (members, "Size");
  members->is_good = members->is_good && is_plain_name (file->name) && is_checksum (file->sha256);
}

/* An array of objects or of strings: READ is called with each. */
static gboolean
read_list (Members *members, const char *name,
           gboolean (*read) (JsonNode *element, CairnDataManifest *manifest, gpointer into),
           CairnDataManifest *manifest, gpointer into)
{
  JsonNode *node = get (members, name, JSON_NODE_ARRAY);
  JsonArray *array = node ? json_node_get_array (node) : NULL;
  guint n = array ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n; i++)
    if (!read (json_array_get_element (array, i), manifest, into))
      return FALSE;
  return array != NULL;
}

static gboolean
read_checksum (JsonNode *element, CairnDataManifest *manifest, gpointer into)
{
  const char *text;

  if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_STRING)
    return FALSE;
  text = json_node_get_string (element);
  g_ptr_array_add (into, g_strdup (text));
  return is_checksum (text);
}

static gboolean
read_disk (JsonNode *element, CairnDataManifest *manifest, gpointer into)
{
  Members members = { .is_good = TRUE };
  g_autofree char *kind = NULL;
  CairnDataDisk *disk;

  if (!JSON_NODE_HOLDS_OBJECT (element))
    return FALSE;
  members.object = json_node_get_object (element);
  disk = g_new0 (CairnDataDisk, 1);
  kind = get_string (&members, "Kind");
  disk->base_sha256 = g_ptr_array_new_with_free_func (g_free);
  disk->target = get_string (&members, "Target");
  disk->identifier = get_string (&members, "VirtualDiskIdentifier");
  disk->reason = get_string (&members, "Reason");
  disk->virtual_size_bytes = get_number (&members, "VirtualSize");
  disk->is_differential = strcmp (kind, "differential") == 0;
  get_file (&members, &disk->file);
  /* Two of one target would be restored into one file. */
  members.is_good = members.is_good && !cairn_manifest_find (manifest, disk->target);
  g_ptr_array_add (manifest->disks, disk);
  if (json_object_has_member (members.object, "BaseSha256")
      && !read_list (&members, "BaseSha256", read_checksum, manifest, disk->base_sha256))
    return FALSE;
  return members.is_good && is_plain_name (disk->target)
         && (disk->is_differential ? manifest->base != NULL : strcmp (kind, "full") == 0);
}

/* What has one place only when it is restored is there once only. */
static gboolean
is_another (const CairnDataManifest *manifest, const CairnDataExtra *extra)
{
  for (guint i = 0; i < manifest->extras->len; i++)
    {
      const CairnDataExtra *other = manifest->extras->pdata[i];

      if (other->role == extra->role
          && (extra->role == CAIRN_DATA_DEFINITION || extra->role == CAIRN_DATA_NVRAM
              || (extra->role == CAIRN_DATA_TPM
                  && strcmp (other->file.name, extra->file.name) == 0)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
find_role (const char *word, CairnDataRole *role)
{
  for (unsigned i = 0; i < CAIRN_MANIFEST_N_ROLES; i++)
    if (strcmp (cairn_manifest_roles[i], word) == 0)
      {
        *role = (CairnDataRole)i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
read_extra (JsonNode *element, CairnDataManifest *manifest, gpointer into)
{
  const size_t prefix = strlen (CAIRN_MANIFEST_TPM_PREFIX);
  Members members = { .is_good = TRUE };
  g_autofree char *role = NULL;
  CairnDataExtra *extra;

  if (!JSON_NODE_HOLDS_OBJECT (element))
    return FALSE;
  members.object = json_node_get_object (element);
  extra = g_new0 (CairnDataExtra, 1);
  role = get_text (&members, "Role"); /* version 1: none, there was the pair only */
  extra->original = get_text (&members, "Original");
  get_file (&members, &extra->file);
  members.is_good = members.is_good && find_role (role ? role : "metadata", &extra->role)
                    && !is_another (manifest, extra);
  g_ptr_array_add (manifest->extras, extra);
  if (extra->role != CAIRN_DATA_TPM)
    return members.is_good;
  return members.is_good && g_str_has_prefix (extra->file.name, CAIRN_MANIFEST_TPM_PREFIX)
         && is_plain_name (extra->file.name + prefix);
}

static gboolean
read_backup (JsonObject *object, CairnDataManifest *manifest)
{
  Members members = { .object = object, .is_good = TRUE };
  uint64_t version = get_number (&members, "Version");

  if (version != CAIRN_MANIFEST_VERSION && version != CAIRN_MANIFEST_OLD_VERSION)
    return FALSE;
  manifest->vm_guid = get_string (&members, "VirtualSystemIdentifier");
  manifest->vm_name = get_string (&members, "Name");
  manifest->point = get_string (&members, "ReferencePoint");
  manifest->base = get_text (&members, "BaseReferencePoint");
  manifest->is_log = version > CAIRN_MANIFEST_OLD_VERSION && get_boolean (&members, "IsLog");
  manifest->creation_time_ms = (int64_t)get_number (&members, "CreationTimeMs");
  return read_list (&members, "Disks", read_disk, manifest, NULL)
         && read_list (&members, "Files", read_extra, manifest, NULL) && members.is_good;
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
  sum = cairn_manifest_checksum (backup);
  return strcmp (sum, wanted) == 0 && read_backup (json_node_get_object (backup), manifest);
}

gboolean
cairn_manifest_is_small (const char *text, size_t n_bytes)
{
  unsigned n_brackets = 0;

  for (size_t i = 0; i < n_bytes && n_bytes <= CAIRN_MANIFEST_LIMIT_BYTES; i++)
    n_brackets += text[i] == '[' || text[i] == '{';
  return n_bytes <= CAIRN_MANIFEST_LIMIT_BYTES && n_brackets <= CAIRN_MANIFEST_LIMIT_BRACKETS;
}

CairnDataManifest *
cairn_manifest_parse (const char *text, size_t n_bytes)
{
  g_autoptr (CairnDataManifest) manifest = cairn_manifest_new ();
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();

  if (!cairn_manifest_is_small (text, n_bytes)
      || !json_parser_load_from_data (parser, text, (gssize)n_bytes, NULL)
      || !read_document (json_parser_get_root (parser), manifest))
    return NULL;
  return g_steal_pointer (&manifest);
}

CairnDataManifest *
cairn_manifest_read (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, CAIRN_DATA_MANIFEST, NULL);
  CairnDataManifest *manifest = NULL;
  size_t n_bytes = 0;
  char *text;
  uint64_t unused;
  int fd;

  if (access (path, F_OK) != 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                   "directory '%s' holds no backup: file '%s' can't be opened (%s); name "
                   "directories that `cairn backup` has finished",
                   directory, path, g_strerror (errno));
      return NULL;
    }
  fd = cairn_file_open (path, &unused, error);
  if (fd < 0)
    return NULL;
  text = cairn_file_read_small (fd, path, CAIRN_MANIFEST_LIMIT_BYTES, &n_bytes, error);
  close (fd);
  if (!text)
    return NULL;
  manifest = cairn_manifest_parse (text, n_bytes);
  g_free (text);
  if (!manifest)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
                 "file '%s' is damaged, or of a newer version; bring back the one that `cairn "
                 "backup` wrote",
                 path);
  return manifest;
}
