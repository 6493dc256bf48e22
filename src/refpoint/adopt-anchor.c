/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds which of a point's anchors an adoption is about. */
#include "refpoint/adopt.h"
#include "refpoint/attachment.h"

#include <string.h>

/* The last part of a path of this host, or of Windows. */
static const char *
file_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *backslash = strrchr (path, '\\');
  const char *last = slash > backslash ? slash : backslash;

  return last ? last + 1 : path;
}

/* The anchor that means DISK by what is known of it here. */
static CairnAnchor *
find_tied (const CairnPoint *point, const CairnVm *vm, const CairnDisk *disk)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];

      if (cairn_anchor_find_disk (anchor, vm) == disk)
        return anchor;
    }
  return NULL;
}

/* The only anchor without a bitmap whose file has the name of BASE (NULL = any); NULL when there is
 * none, or several. */
static CairnAnchor *
find_unanchored (const CairnPoint *point, const char *base)
{
  CairnAnchor *found = NULL;

  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];

      if (anchor->bitmap
          || (base && g_ascii_strcasecmp (file_name (anchor->path), file_name (base)) != 0))
        continue;
      if (found)
        return NULL;
      found = anchor;
    }
  return found;
}

static char *
list_choices (const CairnPoint *point)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      g_string_append_printf (list, "%s'%s' ('%s')", i ? ", " : "", anchor->target, anchor->path);
    }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

CairnAnchor *
cairn_adopt_choose_anchor (const CairnPoint *point, const CairnVm *vm, const CairnDisk *disk,
                           const char *base, GError **error)
{
  CairnAnchor *anchor = find_tied (point, vm, disk);
  g_autofree char *choices = NULL;

  if (!anchor)
    anchor = find_unanchored (point, base);
  if (!anchor)
    anchor = find_unanchored (point, NULL);
  if (anchor)
    return anchor;
  choices = list_choices (point);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' has no disk that is '%s' for sure; its disks are %s: name the "
               "VM's disk of that target, or a copy with that file name",
               point->instance_id, disk->target, *choices ? choices : "none");
  return NULL;
}
