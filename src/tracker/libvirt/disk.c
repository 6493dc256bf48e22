/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads domain XML. */
#include "tracker/libvirt/disk.h"

#include <cairn/error.h>
#include <string.h>

#include "tracker/libvirt/node.h"

/* ---- layers ---- */

static void
bitmap_free (gpointer data)
{
  CairnLibvirtBitmap *bitmap = data;

  g_free (bitmap->name);
  g_free (bitmap);
}

static void
layer_free (CairnLibvirtLayer *layer)
{
  g_free (layer->path);
  g_free (layer->format);
  g_free (layer->node);
  g_hash_table_unref (layer->bitmaps);
  g_free (layer);
}

static char *
find_path (xmlNode *source)
{
  char *path = cairn_libvirt_node_attribute (source, "file");

  return path ? path : cairn_libvirt_node_attribute (source, "dev");
}

/* The layer of SOURCE; INDEX names its node. */
static CairnLibvirtLayer *
layer_new (xmlNode *source, char *index, char *format)
{
  CairnLibvirtLayer *layer = g_new0 (CairnLibvirtLayer, 1);

  layer->path = cairn_libvirt_or_empty (find_path (source));
  layer->format = cairn_libvirt_or_empty (format);
  layer->node = index ? g_strdup_printf ("libvirt-%s-format", index) : NULL;
  layer->bitmaps = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, bitmap_free);
  g_free (index);
  return layer;
}

static void
read_layers (CairnLibvirtDisk *disk, xmlNode *element)
{
  xmlNode *source = cairn_libvirt_node_child (element, "source");
  xmlNode *below = cairn_libvirt_node_child (element, "backingStore");

  g_ptr_array_add (disk->layers,
                   layer_new (source, cairn_libvirt_node_attribute (source, "index"),
                              cairn_libvirt_node_attribute (
                                  cairn_libvirt_node_child (element, "driver"), "type")));
  for (; below && cairn_libvirt_node_child (below, "source");
       below = cairn_libvirt_node_child (below, "backingStore"))
    g_ptr_array_add (disk->layers,
                     layer_new (cairn_libvirt_node_child (below, "source"),
                                cairn_libvirt_node_attribute (below, "index"),
                                cairn_libvirt_node_attribute (
                                    cairn_libvirt_node_child (below, "format"), "type")));
}

/* ---- disks ---- */

static char *
describe_source (const char *type, xmlNode *source)
{
  g_autofree char *protocol = cairn_libvirt_node_attribute (source, "protocol");
  g_autofree char *name = cairn_libvirt_node_attribute (source, "name");
  g_autofree char *pool = cairn_libvirt_node_attribute (source, "pool");
  g_autofree char *volume = cairn_libvirt_node_attribute (source, "volume");
  char *path = find_path (source);

  if (path)
    return path;
  if (protocol)
    return g_strdup_printf ("%s:%s", protocol, name ? name : "");
  if (pool)
    return g_strdup_printf ("%s/%s", pool, volume ? volume : "");
  return source && type ? g_strdup (type) : g_strdup ("");
}

static void
read_secret (CairnLibvirtDisk *disk, xmlNode *element)
{
  xmlNode *source = cairn_libvirt_node_child (element, "source");
  xmlNode *encryption = cairn_libvirt_node_child (source, "encryption");
  xmlNode *secret;

  if (!encryption)
    encryption = cairn_libvirt_node_child (element, "encryption"); /* where older XML has it */
  secret = cairn_libvirt_node_child (encryption, "secret");
  disk->secret = cairn_libvirt_node_attribute (secret, "uuid");
  if (disk->secret || !secret)
    return;
  disk->secret = cairn_libvirt_node_attribute (secret, "usage");
  disk->secret_is_usage = disk->secret != NULL;
}

static CairnLibvirtDisk *
read_disk (xmlNode *element)
{
  CairnLibvirtDisk *disk = g_new0 (CairnLibvirtDisk, 1);
  g_autofree char *type = cairn_libvirt_node_attribute (element, "type");
  xmlNode *source = cairn_libvirt_node_child (element, "source");

  disk->layers = g_ptr_array_new_with_free_func ((GDestroyNotify)layer_free);
  disk->target = cairn_libvirt_or_empty (
      cairn_libvirt_node_attribute (cairn_libvirt_node_child (element, "target"), "dev"));
  disk->device = cairn_libvirt_node_attribute (element, "device");
  if (!disk->device)
    disk->device = g_strdup ("disk");
  disk->where = describe_source (type, source);
  disk->is_readonly = cairn_libvirt_node_child (element, "readonly") != NULL;
  disk->is_mirrored = cairn_libvirt_node_child (element, "mirror") != NULL;
  read_secret (disk, element);
  read_layers (disk, element);
  disk->is_local = *((CairnLibvirtLayer *)disk->layers->pdata[0])->path != '\0';
  return disk;
}

void
cairn_libvirt_disk_free (CairnLibvirtDisk *disk)
{
  g_free (disk->target);
  g_free (disk->device);
  g_free (disk->where);
  g_free (disk->secret);
  g_ptr_array_unref (disk->layers);
  g_free (disk);
}

/* ---- the domain ---- */

static gboolean
is_connected_agent (xmlNode *channel)
{
  xmlNode *target = cairn_libvirt_node_child (channel, "target");
  g_autofree char *name = cairn_libvirt_node_attribute (target, "name");
  g_autofree char *state = cairn_libvirt_node_attribute (target, "state");

  return g_strcmp0 (name, "org.qemu.guest_agent.0") == 0 && g_strcmp0 (state, "connected") == 0;
}

static void
read_devices (CairnLibvirtDescription *description, xmlNode *devices)
{
  for (xmlNode *child = devices ? devices->children : NULL; child; child = child->next)
    if (cairn_libvirt_node_is (child, "disk"))
      g_ptr_array_add (description->disks, read_disk (child));
    else if (cairn_libvirt_node_is (child, "channel") && is_connected_agent (child))
      description->has_agent = TRUE;
}

static void
read_label (CairnLibvirtDescription *description, xmlNode *root)
{
  for (xmlNode *child = root->children; child; child = child->next)
    {
      g_autofree char *model = cairn_libvirt_node_is (child, "seclabel")
                                   ? cairn_libvirt_node_attribute (child, "model")
                                   : NULL;

      if (g_strcmp0 (model, "dac") == 0 && !description->dac_label)
        description->dac_label
            = cairn_libvirt_node_text (cairn_libvirt_node_child (child, "label"));
    }
}

CairnLibvirtDescription *
cairn_libvirt_description_of (xmlNode *root)
{
  CairnLibvirtDescription *description = g_new0 (CairnLibvirtDescription, 1);

  description->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_libvirt_disk_free);
  description->name
      = cairn_libvirt_or_empty (cairn_libvirt_node_text (cairn_libvirt_node_child (root, "name")));
  description->uuid
      = cairn_libvirt_or_empty (cairn_libvirt_node_text (cairn_libvirt_node_child (root, "uuid")));
  read_devices (description, cairn_libvirt_node_child (root, "devices"));
  read_label (description, root);
  return description;
}

CairnLibvirtDescription *
cairn_libvirt_description_read (const char *xml, GError **error)
{
  xmlDoc *document = cairn_libvirt_domain_parse (xml, error);
  CairnLibvirtDescription *description
      = document ? cairn_libvirt_description_of (xmlDocGetRootElement (document)) : NULL;

  if (document)
    xmlFreeDoc (document);
  return description;
}

void
cairn_libvirt_description_free (CairnLibvirtDescription *description)
{
  if (!description)
    return;
  g_free (description->name);
  g_free (description->uuid);
  g_free (description->dac_label);
  g_ptr_array_unref (description->disks);
  g_free (description);
}
