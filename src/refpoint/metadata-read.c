/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trees of the two files -> points. */
#include <string.h>
#include <unistd.h>

#include "refpoint/carried.h"
#include "refpoint/dirty.h"
#include "refpoint/engine.h"
#include "refpoint/guid.h"
#include "refpoint/hyperv.h"
#include "refpoint/metadata-keys.h"
#include "refpoint/tracker.h"

/* QEMU's own limits for a persistent bitmap (block/qcow2-bitmap.c): 512 bytes to 2 GiB. */
#define GRANULARITY_MIN UINT64_C (512)
#define GRANULARITY_MAX (UINT64_C (1) << 31)
/* The largest virtual disk QEMU makes. */
#define SIZE_LIMIT_BYTES ((uint64_t)INT64_MAX - 511)

/* ---- points ---- */

/* No longer than what is ever made here; it stands in tables, messages and the store. */
static gboolean
check_length (const char *text, size_t limit, const char *path, const char *name, GError **error)
{
  return strlen (text) <= limit
         || cairn_metadata_refuse (error, path, "has a key '%s' of %zu bytes, and %zu are allowed",
                                   name, strlen (text), limit);
}

static gboolean
check_anchor (const CairnAnchor *anchor, const char *path, const char *guid, GError **error)
{
  if (!check_length (anchor->disk_identifier, CAIRN_NAME_LIMIT_BYTES, path, "identifier", error)
      || !check_length (anchor->target, CAIRN_NAME_LIMIT_BYTES, path, "target", error)
      || !check_length (anchor->path, CAIRN_LABEL_LIMIT_BYTES * 8, path, "path", error)
      || !check_length (anchor->format, CAIRN_NAME_LIMIT_BYTES, path, "format", error))
    return FALSE;
  if (anchor->virtual_size_bytes > SIZE_LIMIT_BYTES)
    return cairn_metadata_refuse (error, path, "gives disk '%s' an impossible size",
                                  anchor->target);
  if (!anchor->bitmap)
    return TRUE;
  /* Only a point's own bitmap: destroying an imported point must never take another's away. */
  if (!g_str_equal (anchor->bitmap, guid))
    return cairn_metadata_refuse (error, path, "names bitmap '%s', which isn't that of point '%s'",
                                  anchor->bitmap, guid);
  if (!cairn_change_tracking_id_is_valid (anchor->change_tracking_id))
    return cairn_metadata_refuse (error, path, "has '%s', which isn't a change-tracking id",
                                  anchor->change_tracking_id);
  if (anchor->granularity_bytes < GRANULARITY_MIN || anchor->granularity_bytes > GRANULARITY_MAX
      || (anchor->granularity_bytes & (anchor->granularity_bytes - 1)))
    return cairn_metadata_refuse (error, path, "gives disk '%s' an impossible granularity",
                                  anchor->target);
  return TRUE;
}

static CairnAnchor *
read_anchor (const VmcxKey *node, const char *path, const char *guid, GError **error)
{
  g_autoptr (CairnAnchor) anchor = cairn_anchor_new ();

  anchor->disk_identifier = cairn_metadata_string (node, path, "identifier", error);
  anchor->target
      = anchor->disk_identifier ? cairn_metadata_string (node, path, "target", error) : NULL;
  anchor->path = anchor->target ? cairn_metadata_string (node, path, "path", error) : NULL;
  anchor->format = anchor->path ? cairn_metadata_string (node, path, "format", error) : NULL;
  if (!anchor->format
      || !cairn_metadata_uint (node, path, "virtual_size", &anchor->virtual_size_bytes, error)
      || !cairn_metadata_uint (node, path, "granularity", &anchor->granularity_bytes, error))
    return NULL;
  if (vmcx_key_lookup (node, "bitmap"))
    {
      anchor->bitmap = cairn_metadata_string (node, path, "bitmap", error);
      anchor->change_tracking_id
          = anchor->bitmap ? cairn_metadata_string (node, path, "change_tracking_id", error) : NULL;
      if (!anchor->change_tracking_id)
        return NULL;
    }
  for (const VmcxKey *key = vmcx_key_first_child (node); key; key = vmcx_key_next (key))
    if (g_str_equal (vmcx_key_name (key), "tracking_hint"))
      {
        char *hint = vmcx_key_dup_string (key, NULL);

        if (hint)
          g_ptr_array_add (anchor->tracking_hints, hint);
      }
  return check_anchor (anchor, path, guid, error) ? g_steal_pointer (&anchor) : NULL;
}

static gboolean
read_anchors (const VmcxKey *node, const char *path, CairnPoint *point, GError **error)
{
  const VmcxKey *disks = cairn_metadata_require (node, path, "disks", error);

  for (const VmcxKey *disk = disks ? vmcx_key_first_child (disks) : NULL; disk;
       disk = vmcx_key_next (disk))
    {
      CairnAnchor *anchor;

      if (!g_str_equal (vmcx_key_name (disk), "disk"))
        continue;
      anchor = read_anchor (disk, path, point->guid, error);
      if (!anchor)
        return FALSE;
      for (guint i = 0; i < point->anchors->len; i++)
        if (g_ascii_strcasecmp (((CairnAnchor *)point->anchors->pdata[i])->disk_identifier,
                                anchor->disk_identifier)
            == 0)
          {
            cairn_metadata_refuse (error, path, "lists disk '%s' twice", anchor->disk_identifier);
            cairn_anchor_free (anchor);
            return FALSE;
          }
      g_ptr_array_add (point->anchors, anchor);
    }
  /* A genuine configuration may have no drives; a point of ours never is without a disk. */
  if (disks && point->anchors->len == 0 && point->origin != CAIRN_ORIGIN_HYPER_V)
    return cairn_metadata_refuse (error, path, "gives point '%s' no disk", point->instance_id);
  return disks != NULL;
}

static gboolean
read_origin (const VmcxKey *node, const char *path, CairnPoint *point, GError **error)
{
  g_autofree char *origin = cairn_metadata_string (node, path, "origin", error);
  const VmcxKey *carried = vmcx_key_lookup (node, "carried");

  if (!origin)
    return FALSE;
  point->origin = g_str_equal (origin, cairn_origin_name (CAIRN_ORIGIN_HYPER_V))
                      ? CAIRN_ORIGIN_HYPER_V
                      : CAIRN_ORIGIN_IMPORTED;
  if (carried)
    point->configuration = cairn_metadata_array (carried, path, error);
  return !carried || point->configuration;
}

static CairnPoint *
read_point (const VmcxKey *node, const char *path, GError **error)
{
  g_autoptr (CairnPoint) point = cairn_point_new ();
  uint64_t type, consistency;
  g_autofree char *instance_id = cairn_metadata_string (node, path, "instance_id", error);
  g_autofree char *vm_guid = NULL;

  if (!instance_id || !cairn_metadata_uint (node, path, "type", &type, error)
      || !cairn_metadata_uint (node, path, "consistency", &consistency, error)
      || !cairn_metadata_int (node, path, "creation_time_ms", &point->creation_time_ms, error))
    return NULL;
  if (!cairn_instance_id_parse (instance_id, &vm_guid, &point->guid))
    return cairn_metadata_refuse (error, path, "has '%s', which isn't a point's InstanceID",
                                  instance_id),
           NULL;
  if ((type != CAIRN_POINT_TYPE_RCT && type != CAIRN_POINT_TYPE_LOG)
      || consistency < CAIRN_CONSISTENCY_APPLICATION || consistency > CAIRN_CONSISTENCY_CRASH
      || cairn_guid_v7_time_ms (point->guid) != point->creation_time_ms
      || point->creation_time_ms > CAIRN_TIME_LIMIT_MS)
    return cairn_metadata_refuse (error, path, "has impossible properties for point '%s'",
                                  instance_id),
           NULL;
  point->instance_id = cairn_instance_id_format (vm_guid, point->guid);
  point->type = (CairnPointType)type;
  point->consistency = (CairnConsistency)consistency;
  point->owner = cairn_metadata_string (node, path, "owner", error);
  point->label = point->owner ? cairn_metadata_string (node, path, "label", error) : NULL;
  if (!point->label || !check_length (point->owner, CAIRN_LABEL_LIMIT_BYTES, path, "owner", error)
      || !check_length (point->label, CAIRN_LABEL_LIMIT_BYTES, path, "label", error)
      || !read_origin (node, path, point, error) || !read_anchors (node, path, point, error))
    return NULL;
  return g_steal_pointer (&point);
}

static gboolean
read_points (const CairnMetadataSource *source, CairnMetadata *metadata, GError **error)
{
  const VmcxKey *points
      = cairn_metadata_require (vmcx_file_root (source->file), source->path, "cairn/points", error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (const VmcxKey *node = points ? vmcx_key_first_child (points) : NULL; node;
       node = vmcx_key_next (node))
    {
      CairnPoint *point;

      if (!g_str_equal (vmcx_key_name (node), "point"))
        continue;
      point = read_point (node, source->path, error);
      if (!point)
        return FALSE;
      g_ptr_array_add (metadata->points, point);
      if (!g_hash_table_add (seen, point->instance_id))
        return cairn_metadata_refuse (error, source->path, "lists point '%s' twice",
                                      point->instance_id);
    }
  if (points && metadata->points->len == 0)
    return cairn_metadata_refuse (error, source->path, "holds no reference point");
  return points != NULL;
}

/* ---- the extents that were dirty ---- */

static gboolean
is_named (const VmcxKey *node, const char *name, const char *value)
{
  const VmcxKey *key = node ? vmcx_key_lookup (node, name) : NULL;
  g_autofree char *text = key ? vmcx_key_dup_string (key, NULL) : NULL;

  return text && g_ascii_strcasecmp (text, value) == 0;
}

/* The child of LIST whose string NAME is VALUE. EXPECTED is tried first: both files of a pair have
 * the same order, and looking through all each time would be quadratic. */
static const VmcxKey *
find_named (const VmcxKey *list, const VmcxKey *expected, const char *name, const char *value)
{
  if (is_named (expected, name, value))
    return expected;
  for (const VmcxKey *node = list ? vmcx_key_first_child (list) : NULL; node;
       node = vmcx_key_next (node))
    if (is_named (node, name, value))
      return node;
  return NULL;
}

/* The list of extents of one anchor, found to be whole. */
static GBytes *
read_extents (const VmcxKey *disks, const char *path, const CairnAnchor *anchor, GError **error)
{
  const VmcxKey *disk = find_named (disks, NULL, "identifier", anchor->disk_identifier);
  const VmcxKey *key = NULL;
  g_autoptr (GBytes) bytes = NULL;
  uint64_t n_extents;

  if (!anchor->bitmap)
    return g_bytes_new (NULL, 0);
  if (!disk)
    cairn_metadata_refuse (error, path, "says nothing about disk '%s'", anchor->disk_identifier);
  else
    key = cairn_metadata_require (disk, path, "dirty", error);
  bytes = key ? cairn_metadata_array (key, path, error) : NULL;
  if (!bytes)
    return NULL;
  if (!cairn_dirty_check (bytes, anchor->granularity_bytes, anchor->virtual_size_bytes, &n_extents))
    {
      cairn_metadata_refuse (error, path, "has a damaged list of changes for disk '%s'",
                             anchor->disk_identifier);
      return NULL;
    }
  if (n_extents < CAIRN_EXTENTS_LIMIT)
    return g_steal_pointer (&bytes);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "file '%s' lists %" G_GUINT64_FORMAT " changes of disk '%s', and %u are the limit; "
               "export again after a full backup and a new point",
               path, n_extents, anchor->disk_identifier, CAIRN_EXTENTS_LIMIT);
  return NULL;
}

/* All lists of a pair are in memory at once. */
static gboolean
check_total (const char *path, uint64_t total, GError **error)
{
  if (total <= CAIRN_DIRTY_LIMIT_BYTES)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "file '%s' holds more than %u MiB of changes, which is the limit; export and import "
               "fewer points at once",
               path, (unsigned)(CAIRN_DIRTY_LIMIT_BYTES >> 20));
  return FALSE;
}

static gboolean
read_dirty (const CairnMetadataSource *source, CairnMetadata *metadata, GError **error)
{
  const VmcxKey *points
      = cairn_metadata_require (vmcx_file_root (source->file), source->path, "cairn/points", error);
  const VmcxKey *next = points ? vmcx_key_first_child (points) : NULL;
  uint64_t total = 0;

  for (guint i = 0; points && i < metadata->points->len; i++)
    {
      const CairnPoint *point = metadata->points->pdata[i];
      const VmcxKey *node = find_named (points, next, "instance_id", point->instance_id);
      const VmcxKey *disks = node ? vmcx_key_lookup (node, "disks") : NULL;
      GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

      next = node ? vmcx_key_next (node) : NULL;
      g_ptr_array_add (metadata->dirty, list);
      for (guint k = 0; k < point->anchors->len; k++)
        {
          GBytes *dirty = read_extents (disks, source->path, point->anchors->pdata[k], error);

          if (!dirty)
            return FALSE;
          g_ptr_array_add (list, dirty);
          total += g_bytes_get_size (dirty);
          if (!check_total (source->path, total, error))
            return FALSE;
        }
    }
  return points != NULL;
}

/* ---- the pair ---- */

/* The file's export id; NULL without error for one that isn't ours. */
static gboolean
read_export_id (const CairnMetadataSource *source, const char *kind, char **id, GError **error)
{
  const VmcxKey *head = vmcx_key_lookup (vmcx_file_root (source->file), "cairn");
  g_autofree char *own_kind = NULL;

  *id = NULL;
  if (!head)
    return TRUE;
  own_kind = cairn_metadata_string (head, source->path, "kind", error);
  if (!own_kind)
    return FALSE;
  if (!g_str_equal (own_kind, kind))
    return cairn_metadata_refuse (error, source->path, "is a %s file where a %s file is wanted",
                                  own_kind, kind);
  *id = cairn_metadata_string (head, source->path, "export_id", error);
  return *id != NULL;
}

static gboolean
check_pair (const CairnMetadataSource *configuration, const CairnMetadataSource *runtime,
            CairnMetadata *metadata, GError **error)
{
  g_autofree char *runtime_id = NULL;

  if (!read_export_id (configuration, "configuration", &metadata->export_id, error)
      || !read_export_id (runtime, "runtime-state", &runtime_id, error))
    return FALSE;
  if (g_strcmp0 (metadata->export_id, runtime_id) == 0)
    return TRUE;
  return cairn_metadata_refuse (
      error, runtime->path, "doesn't belong to '%s' (%s)", configuration->path,
      metadata->export_id && runtime_id ? "they are of two exports"
                                        : "only one of them was exported by Cairn");
}

static gboolean
is_identity_of (const char *guid, const CairnVm *vm)
{
  if (g_ascii_strcasecmp (guid, vm->guid) == 0)
    return TRUE;
  for (guint i = 0; i < vm->aliases->len; i++)
    if (g_ascii_strcasecmp (guid, vm->aliases->pdata[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
check_vm (const CairnMetadataSource *source, const CairnVm *vm, CairnMetadata *metadata,
          GError **error)
{
  g_autofree char *guid = cairn_metadata_string (vmcx_file_root (source->file), source->path,
                                                 "configuration/properties/global_id", error);

  if (!guid)
    return FALSE;
  metadata->vm_guid = cairn_guid_normalize (guid);
  if (!metadata->vm_guid)
    return cairn_metadata_refuse (error, source->path, "has global_id '%s', which isn't a GUID",
                                  guid);
  if (is_identity_of (metadata->vm_guid, vm))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "file '%s' is of VM %s, not of '%s' (%s); if that was its former identity, say so "
               "with `cairn vm alias`",
               source->path, metadata->vm_guid, vm->name, vm->guid);
  return FALSE;
}

static gboolean
check_schema (const CairnMetadataSource *source, GError **error)
{
  uint64_t schema;

  if (!cairn_metadata_uint (vmcx_file_root (source->file), source->path, "cairn/schema", &schema,
                            error))
    return FALSE;
  if (schema == 0)
    return cairn_metadata_refuse (error, source->path, "has metadata of schema 0, which never was");
  if (schema <= CAIRN_METADATA_SCHEMA)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "file '%s' has metadata of schema %" G_GUINT64_FORMAT
               ", and this version reads up to %u; update cairn on this host",
               source->path, schema, CAIRN_METADATA_SCHEMA);
  return FALSE;
}

/* Keeps both files with the points that don't carry any yet, where they hold more than we know. */
static gboolean
carry_along (const CairnMetadataSource *configuration, const CairnMetadataSource *runtime,
             CairnMetadata *metadata, GError **error)
{
  g_autoptr (GBytes) packed = NULL;

  if (metadata->export_id && !cairn_carried_is_needed (configuration, runtime))
    return TRUE;
  packed = cairn_carried_pack (configuration, runtime, error);
  for (guint i = 0; packed && i < metadata->points->len; i++)
    {
      CairnPoint *point = metadata->points->pdata[i];

      if (!point->configuration)
        point->configuration = g_bytes_ref (packed);
    }
  return packed != NULL;
}

static gboolean
read_own (const CairnMetadataSource *configuration, const CairnMetadataSource *runtime,
          CairnMetadata *metadata, GError **error)
{
  return check_schema (configuration, error) && check_schema (runtime, error)
         && read_points (configuration, metadata, error) && read_dirty (runtime, metadata, error);
}

static gboolean
read_genuine (const CairnMetadataSource *configuration, CairnMetadata *metadata, GError **error)
{
  CairnPoint *point = cairn_hyperv_read_point (configuration, metadata->vm_guid, error);
  GPtrArray *dirty;

  if (!point)
    return FALSE;
  dirty = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < point->anchors->len; i++)
    g_ptr_array_add (dirty, g_bytes_new (NULL, 0));
  g_ptr_array_add (metadata->points, point);
  g_ptr_array_add (metadata->dirty, dirty);
  return TRUE;
}

CairnMetadata *
cairn_metadata_read (const CairnMetadataSource *configuration, const CairnMetadataSource *runtime,
                     const CairnVm *vm, GError **error)
{
  g_autoptr (CairnMetadata) metadata = cairn_metadata_new ();

  if (check_pair (configuration, runtime, metadata, error)
      && check_vm (configuration, vm, metadata, error)
      && (metadata->export_id ? read_own (configuration, runtime, metadata, error)
                              : read_genuine (configuration, metadata, error))
      && carry_along (configuration, runtime, metadata, error))
    return g_steal_pointer (&metadata);
  return NULL;
}
