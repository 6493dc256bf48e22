/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads domain XML. */
#include "tracker/libvirt/disk.h"

#include <cairn/error.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

/* ---- walking ---- */

static gboolean
is_element (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *)node->name, name) == 0;
}

static xmlNode *
find_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
    if (is_element (child, name))
      return child;
  return NULL;
}

/* The attribute, the caller's; NULL when NODE is NULL or lacks it. */
static char *
dup_attribute (xmlNode *node, const char *name)
{
  xmlChar *value = node ? xmlGetNoNsProp (node, (const xmlChar *)name) : NULL;
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}

static char *
dup_text (xmlNode *node)
{
  xmlChar *value = node ? xmlNodeGetContent (node) : NULL;
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}

static char *
or_empty (char *text)
{
  return text ? text : g_strdup ("");
}

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
  char *path = dup_attribute (source, "file");

  return path ? path : dup_attribute (source, "dev");
}

/* The layer of SOURCE; INDEX names its node. */
static CairnLibvirtLayer *
layer_new (xmlNode *source, char *index, char *format)
{
  CairnLibvirtLayer *layer = g_new0 (CairnLibvirtLayer, 1);

  layer->path = or_empty (find_path (source));
  layer->format = or_empty (format);
  layer->node = index ? g_strdup_printf ("libvirt-%s-format", index) : NULL;
  layer->bitmaps = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, bitmap_free);
  g_free (index);
  return layer;
}

static void
read_layers (CairnLibvirtDisk *disk, xmlNode *element)
{
  xmlNode *source = find_child (element, "source");
  xmlNode *below = find_child (element, "backingStore");

  g_ptr_array_add (disk->layers,
                   layer_new (source, dup_attribute (source, "index"),
                              dup_attribute (find_child (element, "driver"), "type")));
  for (; below && find_child (below, "source"); below = find_child (below, "backingStore"))
    g_ptr_array_add (disk->layers,
                     layer_new (find_child (below, "source"), dup_attribute (below, "index"),
                                dup_attribute (find_child (below, "format"), "type")));
}

/* ---- disks ---- */

static char *
describe_source (const char *type, xmlNode *source)
{
  g_autofree char *protocol = dup_attribute (source, "protocol");
  g_autofree char *name = dup_attribute (source, "name");
  g_autofree char *pool = dup_attribute (source, "pool");
  g_autofree char *volume = dup_attribute (source, "volume");
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
  xmlNode *source = find_child (element, "source");
  xmlNode *encryption = find_child (source, "encryption");
  xmlNode *secret;

  if (!encryption)
    encryption = find_child (element, "encryption"); /* where older XML has it */
  secret = find_child (encryption, "secret");
  disk->secret = dup_attribute (secret, "uuid");
  if (disk->secret || !secret)
    return;
  disk->secret = dup_attribute (secret, "usage");
  disk->secret_is_usage = disk->secret != NULL;
}

static CairnLibvirtDisk *
read_disk (xmlNode *element)
{
  CairnLibvirtDisk *disk = g_new0 (CairnLibvirtDisk, 1);
  g_autofree char *type = dup_attribute (element, "type");
  xmlNode *source = find_child (element, "source");

  disk->layers = g_ptr_array_new_with_free_func ((GDestroyNotify)layer_free);
  disk->target = or_empty (dup_attribute (find_child (element, "target"), "dev"));
  disk->device = dup_attribute (element, "device");
  if (!disk->device)
    disk->device = g_strdup ("disk");
  disk->where = describe_source (type, source);
  disk->is_readonly = find_child (element, "readonly") != NULL;
  disk->is_mirrored = find_child (element, "mirror") != NULL;
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
  xmlNode *target = find_child (channel, "target");
  g_autofree char *name = dup_attribute (target, "name");
  g_autofree char *state = dup_attribute (target, "state");

  return g_strcmp0 (name, "org.qemu.guest_agent.0") == 0 && g_strcmp0 (state, "connected") == 0;
}

static void
read_devices (CairnLibvirtDescription *description, xmlNode *devices)
{
  for (xmlNode *child = devices ? devices->children : NULL; child; child = child->next)
    if (is_element (child, "disk"))
      g_ptr_array_add (description->disks, read_disk (child));
    else if (is_element (child, "channel") && is_connected_agent (child))
      description->has_agent = TRUE;
}

static void
read_label (CairnLibvirtDescription *description, xmlNode *root)
{
  for (xmlNode *child = root->children; child; child = child->next)
    {
      g_autofree char *model
          = is_element (child, "seclabel") ? dup_attribute (child, "model") : NULL;

      if (g_strcmp0 (model, "dac") == 0 && !description->dac_label)
        description->dac_label = dup_text (find_child (child, "label"));
    }
}

CairnLibvirtDescription *
cairn_libvirt_description_read (const char *xml, GError **error)
{
  g_autoptr (CairnLibvirtDescription) description = g_new0 (CairnLibvirtDescription, 1);
  xmlDoc *document = xmlReadMemory (xml, (int)strlen (xml), NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlNode *root = document ? xmlDocGetRootElement (document) : NULL;

  description->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_libvirt_disk_free);
  if (!root || !is_element (root, "domain"))
    {
      if (document)
        xmlFreeDoc (document);
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                           "libvirt's description of a domain can't be understood; check that its "
                           "version is at least 9.0");
      return NULL;
    }
  description->name = or_empty (dup_text (find_child (root, "name")));
  description->uuid = or_empty (dup_text (find_child (root, "uuid")));
  read_devices (description, find_child (root, "devices"));
  read_label (description, root);
  xmlFreeDoc (document);
  return g_steal_pointer (&description);
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
