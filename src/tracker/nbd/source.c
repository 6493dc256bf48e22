/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes QEMU's JSON pseudo-protocol file names. Source: qemu(1), "json:" file names. */
#include "tracker/nbd/source.h"

#include <json-glib/json-glib.h>
#include <sys/stat.h>

#include <cairn/error.h>

char *
cairn_source_new (const char *path, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;
  struct stat status;
  gboolean is_device = stat (path, &status) == 0 && S_ISBLK (status.st_mode);

  if (!g_utf8_validate (path, -1, NULL))
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                           "the image's path isn't UTF-8; rename it");
      return NULL;
    }
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "driver");
  json_builder_add_string_value (builder, "qcow2");
  json_builder_set_member_name (builder, "backing");
  json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "file");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "driver");
  json_builder_add_string_value (builder, is_device ? "host_device" : "file");
  json_builder_set_member_name (builder, "filename");
  json_builder_add_string_value (builder, path);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  return g_strconcat ("json:", text, NULL);
}
