/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the JSON of `qemu-img info`. Source: QEMU qapi/block-core.json, ImageInfo. */
#include "tracker/nbd/describe.h"

#include <json-glib/json-glib.h>

#include <cairn/error.h>

#include "tracker/nbd/child.h"
#include "tracker/nbd/source.h"

/* NULL instead of json-glib's criticals where the shape is another. */
static JsonObject *
object_member (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonArray *
array_member (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static const char *
string_of (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : "";
}

static uint64_t
size_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  gint64 value = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_int (node) : 0;

  return value < 0 ? 0 : (uint64_t)value;
}

static CairnNbdBitmap *
read_bitmap (JsonObject *object)
{
  CairnNbdBitmap *bitmap = g_new0 (CairnNbdBitmap, 1);
  JsonArray *flags = array_member (object, "flags");

  bitmap->name = g_strdup (string_of (json_object_get_member (object, "name")));
  bitmap->granularity_bytes = size_member (object, "granularity");
  for (guint i = 0; flags && i < json_array_get_length (flags); i++)
    {
      const char *flag = string_of (json_array_get_element (flags, i));

      bitmap->is_recording |= strcmp (flag, "auto") == 0;
      bitmap->is_in_use |= strcmp (flag, "in-use") == 0;
    }
  return bitmap;
}

static char *
dup_member (JsonObject *object, const char *name)
{
  const char *value = string_of (json_object_get_member (object, name));

  return *value ? g_strdup (value) : NULL;
}

static CairnNbdImage *
read_image (JsonObject *root)
{
  CairnNbdImage *image = g_new0 (CairnNbdImage, 1);
  JsonArray *bitmaps
      = array_member (object_member (object_member (root, "format-specific"), "data"), "bitmaps");

  image->virtual_size_bytes = size_member (root, "virtual-size");
  image->backing_file = dup_member (root, "full-backing-filename");
  image->backing_format = dup_member (root, "backing-filename-format");
  image->bitmaps = g_ptr_array_new ();
  for (guint i = 0; bitmaps && i < json_array_get_length (bitmaps); i++)
    {
      JsonNode *node = json_array_get_element (bitmaps, i);

      if (JSON_NODE_HOLDS_OBJECT (node))
        g_ptr_array_add (image->bitmaps, read_bitmap (json_node_get_object (node)));
    }
  return image;
}

CairnNbdImage *
cairn_nbd_describe (const char *path, int64_t deadline, GError **error)
{
  g_autofree char *source = cairn_source_new (path, error);
  const char *argv[] = { "qemu-img", "info", "--output=json", source, NULL };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *output = NULL;
  JsonNode *root;

  if (!source || !cairn_child_run (argv, deadline, &output, error))
    return NULL;
  if (!json_parser_load_from_data (parser, output, -1, NULL)
      || !(root = json_parser_get_root (parser)) || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                           "qemu-img answered with something else than JSON");
      return NULL;
    }
  return read_image (json_node_get_object (root));
}
