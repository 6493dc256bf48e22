/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points -> the trees of the two files. */
#include "refpoint/metadata.h"

#include "refpoint/guid.h"

/* As in genuine files of the container's age (configuration version 9.0). */
#define CONFIGURATION_VERSION 2304
#define MANIFEST_VERSION      512
/* The device class of a synthetic SCSI controller. */
#define SCSI_DEVICE "d422512d-2bf2-4752-809d-7b82b5fcb1b4"
/* 100 ns ticks between 1601 and 1970. */
#define FILETIME_EPOCH INT64_C (116444736000000000)

static GBytes *
filetime (int64_t time_ms)
{
  uint64_t ticks = GUINT64_TO_LE ((uint64_t)(time_ms * 10000 + FILETIME_EPOCH));

  return g_bytes_new (&ticks, sizeof ticks);
}

/* A path needn't be UTF-8; as a hint, what can be said of it will do. */
static void
add_path (VmcxKey *node, const char *name, const char *path)
{
  g_autofree char *text = g_utf8_make_valid (path, -1);

  vmcx_key_add_string (node, name, text);
}

static void
add_identity (VmcxKey *configuration, const CairnMetadata *metadata, const CairnVm *vm)
{
  VmcxKey *properties = vmcx_key_add_node (configuration, "properties");
  VmcxKey *settings = vmcx_key_add_node (configuration, "settings");
  VmcxKey *global = vmcx_key_add_node (settings, "global");
  const CairnPoint *newest = metadata->points->pdata[metadata->points->len - 1];
  g_autoptr (GBytes) time = filetime (newest->creation_time_ms);

  vmcx_key_add_array (properties, "creation_time", time);
  vmcx_key_add_string (properties, "global_id", vm->guid);
  vmcx_key_add_string (properties, "name", vm->name);
  vmcx_key_add_int (properties, "subtype", 0);
  vmcx_key_add_string (properties, "type_id", "Virtual Machines");
  vmcx_key_add_int (properties, "version", CONFIGURATION_VERSION);
  vmcx_key_add_string (global, "logical_id", vm->guid);
}

/* The controllers of a VM's disks, in the order met; of VmcxKey (their controller0 ... nodes). */
typedef struct
{
  VmcxKey *configuration;
  VmcxKey *manifest;
  GHashTable *instances; /* controller GUID -> VmcxKey */
  GHashTable *numbers;   /* "GUID/number" -> VmcxKey */
} Controllers;

static VmcxKey *
find_instance (Controllers *controllers, const char *guid)
{
  VmcxKey *node = g_hash_table_lookup (controllers->instances, guid);
  g_autofree char *lower = NULL;
  g_autofree char *name = NULL;
  g_autofree char *device = NULL;
  VmcxKey *vdev;

  if (node)
    return node;
  lower = g_ascii_strdown (guid, -1);
  name = g_strdup_printf ("_%s_", lower);
  node = vmcx_key_add_node (controllers->configuration, name);
  device = g_strdup_printf ("vdev%03u", g_hash_table_size (controllers->instances) + 1);
  vdev = vmcx_key_add_node (controllers->manifest, device);
  vmcx_key_add_string (vdev, "device", SCSI_DEVICE);
  vmcx_key_add_int (vdev, "flags", 1);
  vmcx_key_add_string (vdev, "instance", lower);
  vmcx_key_add_string (vdev, "name", "SCSI Controller");
  g_hash_table_insert (controllers->instances, g_strdup (guid), node);
  return node;
}

static VmcxKey *
find_controller (Controllers *controllers, const char *guid, unsigned number)
{
  g_autofree char *id = g_strdup_printf ("%s/%u", guid, number);
  VmcxKey *node = g_hash_table_lookup (controllers->numbers, id);
  g_autofree char *name = NULL;

  if (node)
    return node;
  name = g_strdup_printf ("controller%u", number);
  node = vmcx_key_add_node (find_instance (controllers, guid), name);
  g_hash_table_insert (controllers->numbers, g_steal_pointer (&id), node);
  return node;
}

static void
add_drives (VmcxKey *configuration, const CairnVm *vm)
{
  g_autoptr (GHashTable) instances = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Controllers controllers
      = { configuration, vmcx_key_add_node (configuration, "manifest"), instances, numbers };

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      g_autofree char *guid = NULL;
      g_autofree char *name = NULL;
      unsigned number = 0, location = i;
      VmcxKey *drive;

      if (!cairn_disk_identifier_parse (disk->identifier, &guid, &number, &location))
        guid = g_strdup (vm->guid);
      name = g_strdup_printf ("drive%u", location);
      drive = vmcx_key_add_node (find_controller (&controllers, guid, number), name);
      add_path (drive, "pathname", disk->path);
      vmcx_key_add_string (drive, "type", "VHD");
    }
  vmcx_key_add_int (controllers.manifest, "size", g_hash_table_size (instances));
  vmcx_key_add_int (controllers.manifest, "version", MANIFEST_VERSION);
}

static VmcxKey *
add_head (VmcxTree *tree, const CairnMetadata *metadata, const char *kind)
{
  VmcxKey *head = vmcx_key_add_node (vmcx_tree_root (tree), "cairn");

  vmcx_key_add_uint (head, "schema", CAIRN_METADATA_SCHEMA);
  vmcx_key_add_string (head, "kind", kind);
  vmcx_key_add_string (head, "export_id", metadata->export_id);
  return vmcx_key_add_node (head, "points");
}

static void
add_anchor (VmcxKey *disks, const CairnAnchor *anchor)
{
  VmcxKey *disk = vmcx_key_add_node (disks, "disk");

  vmcx_key_add_string (disk, "identifier", anchor->disk_identifier);
  vmcx_key_add_string (disk, "target", anchor->target);
  add_path (disk, "path", anchor->path);
  vmcx_key_add_string (disk, "format", anchor->format);
  vmcx_key_add_uint (disk, "virtual_size", anchor->virtual_size_bytes);
  vmcx_key_add_uint (disk, "granularity", anchor->granularity_bytes);
  if (anchor->bitmap)
    {
      vmcx_key_add_string (disk, "change_tracking_id", anchor->change_tracking_id);
      vmcx_key_add_string (disk, "bitmap", anchor->bitmap);
    }
  for (guint i = 0; i < anchor->tracking_hints->len; i++)
    vmcx_key_add_string (disk, "tracking_hint", anchor->tracking_hints->pdata[i]);
}

static void
add_point (VmcxKey *points, const CairnPoint *point)
{
  VmcxKey *node = vmcx_key_add_node (points, "point");
  VmcxKey *disks;

  vmcx_key_add_string (node, "instance_id", point->instance_id);
  vmcx_key_add_uint (node, "type", point->type);
  vmcx_key_add_uint (node, "consistency", point->consistency);
  vmcx_key_add_int (node, "creation_time_ms", point->creation_time_ms);
  vmcx_key_add_string (node, "owner", point->owner);
  vmcx_key_add_string (node, "label", point->label);
  vmcx_key_add_string (node, "origin", cairn_origin_name (point->origin));
  if (point->configuration)
    vmcx_key_add_array (node, "carried", point->configuration);
  disks = vmcx_key_add_node (node, "disks");
  for (guint i = 0; i < point->anchors->len; i++)
    add_anchor (disks, point->anchors->pdata[i]);
}

VmcxTree *
cairn_metadata_configuration_tree (const CairnMetadata *metadata, const CairnVm *vm)
{
  VmcxTree *tree = vmcx_tree_new ();
  VmcxKey *configuration = vmcx_key_add_node (vmcx_tree_root (tree), "configuration");
  VmcxKey *points;

  add_identity (configuration, metadata, vm);
  add_drives (configuration, vm);
  points = add_head (tree, metadata, "configuration");
  for (guint i = 0; i < metadata->points->len; i++)
    add_point (points, metadata->points->pdata[i]);
  return tree;
}

static void
add_dirty (VmcxKey *disks, const CairnAnchor *anchor, GBytes *dirty)
{
  VmcxKey *disk;

  if (!anchor->bitmap)
    return;
  disk = vmcx_key_add_node (disks, "disk");
  vmcx_key_add_string (disk, "identifier", anchor->disk_identifier);
  vmcx_key_add_array (disk, "dirty", dirty);
}

VmcxTree *
cairn_metadata_runtime_tree (const CairnMetadata *metadata)
{
  VmcxTree *tree = vmcx_tree_new ();
  VmcxKey *points = add_head (tree, metadata, "runtime-state");

  for (guint i = 0; i < metadata->points->len; i++)
    {
      const CairnPoint *point = metadata->points->pdata[i];
      const GPtrArray *dirty = metadata->dirty->pdata[i];
      VmcxKey *node = vmcx_key_add_node (points, "point");
      VmcxKey *disks;

      vmcx_key_add_string (node, "instance_id", point->instance_id);
      disks = vmcx_key_add_node (node, "disks");
      for (guint k = 0; k < point->anchors->len; k++)
        add_dirty (disks, point->anchors->pdata[k], dirty->pdata[k]);
    }
  return tree;
}
