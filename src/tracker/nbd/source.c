/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes QEMU's JSON pseudo-protocol file names. Source: qemu(1), "json:" file names. */
#include "tracker/nbd/source.h"

#include <json-glib/json-glib.h>
#include <sys/stat.h>

#include <cairn/error.h>

static void
set_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
set_file (JsonBuilder *builder, const char *path)
{
  struct stat status;
  gboolean is_device = stat (path, &status) == 0 && S_ISBLK (status.st_mode);

  json_builder_set_member_name (builder, "file");
  json_builder_begin_object (builder);
  set_string (builder, "driver", is_device ? "host_device" : "file");
  set_string (builder, "filename", path);
  json_builder_end_object (builder);
}

static gboolean
check_path (const char *path, GError **error)
{
  if (g_utf8_validate (path, -1, NULL))
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                       "the image's path isn't UTF-8; rename it");
  return FALSE;
}

static char *
finish (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  return g_strconcat ("json:", text, NULL);
}

char *
cairn_source_new (const char *path, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!check_path (path, error))
    return NULL;
  json_builder_begin_object (builder);
  set_string (builder, "driver", "qcow2");
  json_builder_set_member_name (builder, "backing");
  json_builder_add_null_value (builder);
  set_file (builder, path);
  return finish (builder);
}

/* Source: QEMU qapi/block-core.json, BlockdevOptionsQcow2 and BlockdevOptionsLUKS. */
static void
set_key (JsonBuilder *builder, const char *format)
{
  if (g_strcmp0 (format, "luks") == 0)
    {
      set_string (builder, "key-secret", CAIRN_SOURCE_SECRET);
      return;
    }
  json_builder_set_member_name (builder, "encrypt");
  json_builder_begin_object (builder);
  set_string (builder, "format", "luks");
  set_string (builder, "key-secret", CAIRN_SOURCE_SECRET);
  json_builder_end_object (builder);
}

char *
cairn_source_describe (const CairnSource *source, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!check_path (source->path, error))
    return NULL;
  json_builder_begin_object (builder);
  if (source->format && *source->format)
    set_string (builder, "driver", source->format);
  if (source->has_key)
    set_key (builder, source->format);
  if (source->is_written)
    {
      json_builder_set_member_name (builder, "force-share");
      json_builder_add_boolean_value (builder, TRUE);
    }
  set_file (builder, source->path);
  return finish (builder);
}
