/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a running QEMU for its images and bitmaps. */
#include "tracker/libvirt/blocks.h"

#include <cairn/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/monitor.h"

/* ---- JSON ---- */

static JsonArray *
find_array (JsonObject *object, const char *name)
{
  JsonNode *member = json_object_get_member (object, name);

  return member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;
}

static JsonObject *
object_at (JsonArray *array, guint i)
{
  JsonNode *element = json_array_get_element (array, i);

  return JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
}

static JsonObject *
find_object (JsonObject *object, const char *name)
{
  JsonNode *member = object ? json_object_get_member (object, name) : NULL;

  return member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL;
}

/* ---- one image ---- */

static CairnLibvirtBitmap *
read_bitmap (JsonObject *found)
{
  CairnLibvirtBitmap *bitmap = g_new0 (CairnLibvirtBitmap, 1);

  bitmap->name = g_strdup (json_object_get_string_member_with_default (found, "name", ""));
  bitmap->dirty_bytes = (uint64_t)json_object_get_int_member_with_default (found, "count", 0);
  bitmap->granularity_bytes
      = (uint64_t)json_object_get_int_member_with_default (found, "granularity", 0);
  bitmap->is_recording = json_object_get_boolean_member_with_default (found, "recording", FALSE);
  bitmap->is_persistent = json_object_get_boolean_member_with_default (found, "persistent", FALSE);
  bitmap->is_inconsistent
      = json_object_get_boolean_member_with_default (found, "inconsistent", FALSE);
  bitmap->is_busy = json_object_get_boolean_member_with_default (found, "busy", FALSE);
  return bitmap;
}

/* A bitmap as it is stored in an image below the active one, which is only read. */
static CairnLibvirtBitmap *
read_stored_bitmap (JsonObject *found)
{
  CairnLibvirtBitmap *bitmap = g_new0 (CairnLibvirtBitmap, 1);
  JsonArray *flags = find_array (found, "flags");

  bitmap->name = g_strdup (json_object_get_string_member_with_default (found, "name", ""));
  bitmap->granularity_bytes
      = (uint64_t)json_object_get_int_member_with_default (found, "granularity", 0);
  bitmap->is_persistent = TRUE;
  bitmap->is_uncounted = TRUE;
  for (guint i = 0; flags && i < json_array_get_length (flags); i++)
    {
      const char *flag = json_array_get_string_element (flags, i);

      bitmap->is_recording = bitmap->is_recording || strcmp (flag, "auto") == 0;
      bitmap->is_inconsistent = bitmap->is_inconsistent || strcmp (flag, "in-use") == 0;
    }
  return bitmap;
}

static void
read_image (CairnLibvirtLayer *layer, JsonObject *image)
{
  JsonObject *details = find_object (find_object (image, "format-specific"), "data");

  layer->virtual_size_bytes
      = (uint64_t)json_object_get_int_member_with_default (image, "virtual-size", 0);
  layer->is_old
      = details
        && strcmp (json_object_get_string_member_with_default (details, "compat", ""), "0.10") == 0;
}

/* Bitmaps of jobs have no name; they are nobody's business. */
static void
take_bitmaps (CairnLibvirtLayer *layer, JsonArray *bitmaps,
              CairnLibvirtBitmap *(*read) (JsonObject *found))
{
  for (guint i = 0; bitmaps && i < json_array_get_length (bitmaps); i++)
    {
      JsonObject *found = object_at (bitmaps, i);
      CairnLibvirtBitmap *bitmap;

      if (!found || !json_object_has_member (found, "name"))
        continue;
      bitmap = read (found);
      g_hash_table_replace (layer->bitmaps, bitmap->name, bitmap);
    }
}

/* NODE is QEMU's description of a layer that is open: of its bitmaps in memory, too. */
static void
take_node (CairnLibvirtLayer *layer, JsonObject *node)
{
  JsonObject *image = find_object (node, "image");

  if (image)
    read_image (layer, image);
  take_bitmaps (layer, find_array (node, "dirty-bitmaps"), read_bitmap);
}

/* The images below IMAGE, the active one's: what is stored in them. */
static void
take_layers_below (const CairnLibvirtDisk *disk, JsonObject *image)
{
  for (guint k = 1; k < disk->layers->len; k++)
    {
      CairnLibvirtLayer *layer = disk->layers->pdata[k];
      JsonObject *details;

      image = find_object (image, "backing-image");
      if (!image)
        return;
      read_image (layer, image);
      details = find_object (find_object (image, "format-specific"), "data");
      if (details)
        take_bitmaps (layer, find_array (details, "bitmaps"), read_stored_bitmap);
    }
}

/* ---- all of them ---- */

static const char *
node_name (JsonObject *node)
{
  return node ? json_object_get_string_member_with_default (node, "node-name", "") : "";
}

static CairnLibvirtDisk *
find_disk_of_node (const CairnLibvirtLook *look, const char *name)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      CairnLibvirtDisk *disk = look->description->disks->pdata[i];
      const CairnLibvirtLayer *active = disk->layers->pdata[0];

      if (g_strcmp0 (active->node, name) == 0)
        return disk;
    }
  return NULL;
}

static JsonArray *
ask (const CairnLibvirtLook *look, const char *command, JsonNode **answer, GError **error)
{
  *answer = cairn_libvirt_monitor_run (look->domain, look->description->name, command, error);
  if (!*answer)
    return NULL;
  if (JSON_NODE_HOLDS_ARRAY (*answer))
    return json_node_get_array (*answer);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the QEMU of VM '%s' doesn't list its disks as expected; check its version",
               look->description->name);
  return NULL;
}

/* What is attached to devices; SEEN takes the disks whose active layer isn't hidden. */
static gboolean
read_devices (CairnLibvirtLook *look, GHashTable *seen, GError **error)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *devices = ask (look, "{\"execute\":\"query-block\"}", &answer, error);

  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonObject *device = object_at (devices, i);
      JsonObject *node = find_object (device, "inserted");
      CairnLibvirtDisk *disk = find_disk_of_node (look, node_name (node));

      if (!disk)
        continue;
      take_node (disk->layers->pdata[0], node);
      take_layers_below (disk, find_object (node, "image"));
      g_hash_table_add (seen, disk);
    }
  return devices != NULL;
}

static gboolean
is_hidden (const CairnLibvirtDisk *disk, GHashTable *seen)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];

  return active->node && *disk->where && strcmp (active->format, "qcow2") == 0
         && !g_hash_table_contains (seen, disk);
}

static gboolean
has_hidden (const CairnLibvirtLook *look, GHashTable *seen)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    if (is_hidden (look->description->disks->pdata[i], seen))
      return TRUE;
  return FALSE;
}

/* The layers of hidden disks, by QEMU's names of them. */
static GHashTable *
hidden_layers (const CairnLibvirtLook *look, GHashTable *seen)
{
  GHashTable *layers = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      for (guint k = 0; k < disk->layers->len && is_hidden (disk, seen); k++)
        {
          CairnLibvirtLayer *layer = disk->layers->pdata[k];

          if (layer->node)
            g_hash_table_insert (layers, layer->node, layer);
        }
    }
  return layers;
}

static gboolean
read_nodes (CairnLibvirtLook *look, GHashTable *seen, GError **error)
{
  static const char command[]
      = "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true}}";
  g_autoptr (GHashTable) layers = hidden_layers (look, seen);
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *nodes = ask (look, command, &answer, error);

  for (guint i = 0; nodes && i < json_array_get_length (nodes); i++)
    {
      JsonObject *node = object_at (nodes, i);
      CairnLibvirtLayer *layer = g_hash_table_lookup (layers, node_name (node));

      if (layer)
        take_node (layer, node);
    }
  return nodes != NULL;
}

gboolean
cairn_libvirt_blocks_read (CairnLibvirtLook *look, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);
  gboolean ok;

  if (!read_devices (look, seen, error))
    return FALSE;
  if (!has_hidden (look, seen))
    return TRUE;
  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = read_nodes (look, seen, error);
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

gboolean
cairn_libvirt_blocks_are_filtered (CairnLibvirtLook *look, gboolean *are, GError **error)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *devices = ask (look, "{\"execute\":\"query-block\"}", &answer, error);

  *are = FALSE;
  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonObject *node = find_object (object_at (devices, i), "inserted");
      const char *driver = node ? json_object_get_string_member_with_default (node, "drv", "") : "";

      *are = *are || strcmp (driver, "copy-before-write") == 0;
    }
  return devices != NULL;
}

gboolean
cairn_libvirt_blocks_have_migrated (CairnLibvirtLook *look, gboolean *have, GError **error)
{
  g_autoptr (JsonNode) answer = cairn_libvirt_monitor_run (
      look->domain, look->description->name, "{\"execute\":\"query-migrate\"}", error);
  JsonObject *migration
      = answer && JSON_NODE_HOLDS_OBJECT (answer) ? json_node_get_object (answer) : NULL;

  *have = migration && json_object_has_member (migration, "status");
  return answer != NULL;
}
