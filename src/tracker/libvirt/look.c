/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at domains. */
#include "tracker/libvirt/look.h"

#include <cairn/error.h>
#include <json-glib/json-glib.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "refpoint/guid.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/monitor.h"

/* ---- state and description ---- */

static gboolean
read_state (CairnLibvirtLook *look, GError **error)
{
  int state = 0, reason = 0;

  if (virDomainGetState (look->domain, &state, &reason, 0) != 0)
    return cairn_libvirt_fail (error, "VM '%s' can't be looked at",
                               virDomainGetName (look->domain));
  look->is_running = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
  look->is_arriving = state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_MIGRATION;
  return TRUE;
}

static gboolean
read_description (CairnLibvirtLook *look, GError **error)
{
  char *xml = virDomainGetXMLDesc (look->domain, 0);

  if (!xml)
    return cairn_libvirt_fail (error, "VM '%s' can't be looked at",
                               virDomainGetName (look->domain));
  look->description = cairn_libvirt_description_read (xml, error);
  free (xml);
  if (!look->description)
    return FALSE;
  look->guid = cairn_guid_normalize (look->description->uuid);
  return TRUE;
}

CairnLibvirtLook *
cairn_libvirt_look_new (virDomainPtr domain, GError **error)
{
  g_autoptr (CairnLibvirtLook) look = g_new0 (CairnLibvirtLook, 1);

  look->domain = domain;
  return read_state (look, error) && read_description (look, error) ? g_steal_pointer (&look)
                                                                    : NULL;
}

void
cairn_libvirt_look_free (CairnLibvirtLook *look)
{
  if (!look)
    return;
  virDomainFree (look->domain);
  g_free (look->guid);
  cairn_libvirt_description_free (look->description);
  g_free (look);
}

/* ---- finding ---- */

static virDomainPtr
look_up (virConnectPtr conn, const char *name_or_guid)
{
  g_autofree char *guid = cairn_guid_normalize (name_or_guid);
  virDomainPtr domain = guid ? virDomainLookupByUUIDString (conn, guid) : NULL;

  /* A name may look like a GUID. */
  return domain ? domain : virDomainLookupByName (conn, name_or_guid);
}

CairnLibvirtLook *
cairn_libvirt_look_find (CairnLibvirt *libvirt, const char *name_or_guid, GError **error)
{
  /* A libvirtd that was restarted is noticed by the first call that fails. */
  for (int attempt = 0;; attempt++)
    {
      virConnectPtr conn = cairn_libvirt_connect (libvirt, error);
      virDomainPtr domain = conn ? look_up (conn, name_or_guid) : NULL;

      if (!conn)
        return NULL;
      if (domain)
        return cairn_libvirt_look_new (domain, error);
      if (cairn_libvirt_last_code () == VIR_ERR_NO_DOMAIN)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "libvirt at '%s' has no VM '%s'; `cairn vm list` shows those there are",
                       libvirt->uri, name_or_guid);
          return NULL;
        }
      if (attempt > 0)
        {
          cairn_libvirt_fail (error, "VM '%s' can't be looked up", name_or_guid);
          return NULL;
        }
    }
}

CairnLibvirtDisk *
cairn_libvirt_look_find_disk (const CairnLibvirtLook *look, const char *target)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

gboolean
cairn_libvirt_look_is_stale (const CairnLibvirtLook *look)
{
  return virDomainIsActive (look->domain) != (look->is_running ? 1 : 0);
}

/* ---- bitmaps ---- */

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
read_node (CairnLibvirtLayer *layer, JsonObject *node)
{
  JsonArray *bitmaps = find_array (node, "dirty-bitmaps");
  JsonObject *image = find_object (node, "image");

  if (image)
    read_image (layer, image);
  for (guint i = 0; bitmaps && i < json_array_get_length (bitmaps); i++)
    {
      JsonObject *found = object_at (bitmaps, i);
      CairnLibvirtBitmap *bitmap;

      if (!found || !json_object_has_member (found, "name"))
        continue;
      bitmap = read_bitmap (found);
      g_hash_table_replace (layer->bitmaps, bitmap->name, bitmap);
    }
}

static GHashTable *
layers_by_node (const CairnLibvirtLook *look)
{
  GHashTable *by_node = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      for (guint k = 0; k < disk->layers->len; k++)
        {
          CairnLibvirtLayer *layer = disk->layers->pdata[k];

          if (layer->node)
            g_hash_table_insert (by_node, layer->node, layer);
        }
    }
  return by_node;
}

void
cairn_libvirt_look_forget_bitmaps (CairnLibvirtLook *look)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      for (guint k = 0; k < disk->layers->len; k++)
        g_hash_table_remove_all (((CairnLibvirtLayer *)disk->layers->pdata[k])->bitmaps);
    }
  look->has_bitmaps = FALSE;
}

gboolean
cairn_libvirt_look_read_bitmaps (CairnLibvirtLook *look, GError **error)
{
  static const char command[]
      = "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true}}";
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GHashTable) by_node = NULL;
  JsonArray *nodes;

  if (look->has_bitmaps)
    return TRUE;
  answer = cairn_libvirt_monitor_run (look->domain, look->description->name, command, error);
  if (!answer)
    return FALSE;
  by_node = layers_by_node (look);
  nodes = JSON_NODE_HOLDS_ARRAY (answer) ? json_node_get_array (answer) : NULL;
  for (guint i = 0; nodes && i < json_array_get_length (nodes); i++)
    {
      JsonObject *node = object_at (nodes, i);
      const char *name
          = node ? json_object_get_string_member_with_default (node, "node-name", "") : "";
      CairnLibvirtLayer *layer = g_hash_table_lookup (by_node, name);

      if (layer)
        read_node (layer, node);
    }
  look->has_bitmaps = TRUE;
  return TRUE;
}
