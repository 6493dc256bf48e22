/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resolves names of backing images. */
#include "tracker/offline/backing.h"

#include <string.h>

char *
cairn_backing_path (const char *path, const char *backing)
{
  const char *colon = strchr (backing, ':'), *slash = strchr (backing, '/');
  g_autofree char *dir = NULL;

  if (g_str_has_prefix (backing, "file:"))
    backing += strlen ("file:");
  else if (colon && (!slash || colon < slash))
    return NULL;
  if (g_path_is_absolute (backing))
    return g_strdup (backing);
  dir = g_path_get_dirname (path);
  return g_build_filename (dir, backing, NULL);
}
