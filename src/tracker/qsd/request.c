/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: QEMU qapi/block-core.json, BlockdevOptions; qapi/transaction.json. */
#include "tracker/qsd/request.h"

#include "tracker/qsd/key.h"

static void
set_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
set_int (JsonBuilder *builder, const char *name, uint64_t value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64)value);
}

static void
set_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
begin_object (JsonBuilder *builder, const char *name)
{
  if (name)
    json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
}

static void
set_node_name (JsonBuilder *builder, const char *member, size_t index)
{
  g_autofree char *node = g_strdup_printf ("cairn%zu", index);

  set_string (builder, member, node);
}

/* The driver is said, never probed: a raw guest disk could begin with a qcow2 header of its guest's
 * making. Backing and data files aren't opened: bitmaps lie in this file alone. */
static JsonNode *
describe_image (const CairnQsdImage *image, size_t index)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *file = g_strdup_printf ("/proc/self/fd/%d", image->fd);

  begin_object (builder, NULL);
  set_node_name (builder, "node-name", index);
  set_string (builder, "driver", "qcow2");
  set_boolean (builder, "read-only", FALSE);
  set_boolean (builder, "auto-read-only", FALSE);
  json_builder_set_member_name (builder, "backing");
  json_builder_add_null_value (builder);
  if (image->has_data_file)
    {
      begin_object (builder, "data-file");
      set_string (builder, "driver", "null-co");
      set_int (builder, "size", image->virtual_size_bytes);
      json_builder_end_object (builder);
    }
  if (image->key)
    {
      g_autofree char *key = cairn_key_name (index);

      begin_object (builder, "encrypt");
      set_string (builder, "format", "luks");
      set_string (builder, "key-secret", key);
      json_builder_end_object (builder);
    }
  begin_object (builder, "file");
  set_string (builder, "driver", image->is_block_device ? "host_device" : "file");
  set_string (builder, "filename", file);
  set_string (builder, "locking", "off"); /* the descriptor that it inherits holds the lock */
  set_boolean (builder, "auto-read-only", FALSE);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* The node of a graft's scratch image. */
#define SCRATCH_NODE "scratch"

static char *
make_scratch_option (const CairnQsdGraft *graft)
{
  return g_strdup_printf ("{\"node-name\":\"" SCRATCH_NODE "\",\"driver\":\"qcow2\","
                          "\"read-only\":true,\"file\":{\"driver\":\"file\",\"locking\":\"off\","
                          "\"filename\":\"/proc/self/fd/%d\"}}",
                          graft->scratch_fd);
}

char *
cairn_request_image (const CairnQsdImage *image, size_t index)
{
  g_autoptr (JsonNode) described = describe_image (image, index);

  return json_to_string (described, FALSE);
}

static void
describe_addition (JsonBuilder *builder, const CairnQsdEdit *edit, size_t index)
{
  begin_object (builder, NULL);
  set_string (builder, "type", "block-dirty-bitmap-add");
  begin_object (builder, "data");
  set_node_name (builder, "node", index);
  set_string (builder, "name", edit->bitmap);
  set_boolean (builder, "persistent", TRUE);
  set_int (builder, "granularity", edit->granularity_bytes);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
describe_removal (JsonBuilder *builder, const char *bitmap, size_t index)
{
  begin_object (builder, NULL);
  set_string (builder, "type", "block-dirty-bitmap-remove");
  begin_object (builder, "data");
  set_node_name (builder, "node", index);
  set_string (builder, "name", bitmap);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
describe_source (JsonBuilder *builder, const char *node, const char *bitmap)
{
  begin_object (builder, NULL);
  set_string (builder, "node", node);
  set_string (builder, "name", bitmap);
  json_builder_end_object (builder);
}

/* Merges what the graft says into the bitmap that the same transaction has just added. */
static void
describe_merge (JsonBuilder *builder, const CairnQsdEdit *edit)
{
  begin_object (builder, NULL);
  set_string (builder, "type", "block-dirty-bitmap-merge");
  begin_object (builder, "data");
  set_node_name (builder, "node", 0);
  set_string (builder, "target", edit->bitmap);
  json_builder_set_member_name (builder, "bitmaps");
  json_builder_begin_array (builder);
  describe_source (builder, SCRATCH_NODE, edit->graft->scratch_bitmap);
  describe_source (builder, "cairn0", edit->graft->catcher);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

JsonNode *
cairn_request_transaction (const CairnQsdEdit *edit)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin_object (builder, NULL);
  json_builder_set_member_name (builder, "actions");
  json_builder_begin_array (builder);
  for (size_t i = 0; i < edit->n_images; i++)
    if (edit->action == CAIRN_QSD_ADD)
      describe_addition (builder, edit, i);
    else
      describe_removal (builder, edit->bitmap, i);
  if (edit->graft)
    {
      describe_merge (builder, edit);
      describe_removal (builder, edit->graft->catcher, 0);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static void
add_option (GPtrArray *argv, const char *option, char *value)
{
  g_ptr_array_add (argv, g_strdup (option));
  g_ptr_array_add (argv, value);
}

/* The images come before the monitor, so that they are open when it greets. */
GPtrArray *
cairn_request_command (const CairnQsdEdit *edit, const int *keys, char *program, int socket_fd)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (argv, program);
  add_option (argv, "--chardev", g_strdup_printf ("socket,id=qmp,fd=%d", socket_fd));
  for (size_t i = 0; i < edit->n_images; i++)
    {
      if (keys[i] >= 0)
        add_option (argv, "--object", cairn_key_option (i, keys[i]));
      add_option (argv, "--blockdev", cairn_request_image (&edit->images[i], i));
    }
  if (edit->graft)
    add_option (argv, "--blockdev", make_scratch_option (edit->graft));
  add_option (argv, "--monitor", g_strdup ("chardev=qmp"));
  g_ptr_array_add (argv, NULL);
  return argv;
}
