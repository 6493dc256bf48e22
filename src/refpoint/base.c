/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which disks can tell what changed since a point. */
#include "refpoint/base.h"

#include <string.h>

#include "refpoint/attachment.h"

void
cairn_base_free (CairnBase *base)
{
  if (!base)
    return;
  cairn_point_free (base->point);
  g_ptr_array_unref (base->anchors);
  g_ptr_array_unref (base->reasons);
  g_free (base);
}

const char **
cairn_base_bitmaps (const CairnBase *base)
{
  const char **names = base ? g_new0 (const char *, base->anchors->len + 1) : NULL;

  for (guint i = 0; base && i < base->anchors->len; i++)
    if (base->anchors->pdata[i])
      names[i] = ((CairnAnchor *)base->anchors->pdata[i])->bitmap;
  return names;
}

/* The place among the point's anchors of DISK's; -1 when it has none. A disk that goes by another
 * target now has its base under the old one. */
static int
find_anchor (const CairnPoint *point, const CairnVm *vm, const CairnDisk *disk)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (cairn_anchor_find_disk (anchor, vm) == disk && strcmp (anchor->target, disk->target) == 0)
        return (int)i;
    }
  return -1;
}

static void
take_disk (CairnBase *base, const CairnVm *vm, const CairnDisk *disk, const CairnPointState *state)
{
  int place = find_anchor (base->point, vm, disk);
  const CairnDiskVerdict *verdict = place >= 0 ? state->disks->pdata[place] : NULL;

  if (verdict && verdict->verdict == CAIRN_VERDICT_TRACKED)
    {
      g_ptr_array_add (base->anchors, base->point->anchors->pdata[place]);
      g_ptr_array_add (base->reasons, g_strdup (""));
      return;
    }
  g_ptr_array_add (base->anchors, NULL);
  g_ptr_array_add (base->reasons,
                   verdict ? g_strdup (verdict->reason)
                           : g_strdup_printf ("reference point '%s' has no anchor on disk '%s'",
                                              base->point->instance_id, disk->target));
}

static gboolean
check_point (const CairnPoint *point, const CairnVm *vm, const char *id, int64_t before_ms,
             GError **error)
{
  if (g_ascii_strcasecmp (point->vm_guid, vm->guid) != 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' isn't one of VM '%s'; name one of its own", id, vm->name);
  else if (point->creation_time_ms >= before_ms)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' isn't older than what is to be copied relative to it; name "
                 "an older one",
                 id);
  else
    return TRUE;
  return FALSE;
}

CairnBase *
cairn_base_find (CairnService *service, const CairnVm *vm, const char *id, int64_t before_ms,
                 int64_t deadline, GError **error)
{
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, id, error);
  g_autoptr (CairnPointState) state = NULL;
  CairnBase *base;

  if (!point || !check_point (point, vm, id, before_ms, error))
    return NULL;
  state = cairn_point_judge (service, vm, point, deadline, error);
  if (!state)
    return NULL;
  base = g_new0 (CairnBase, 1);
  base->point = g_steal_pointer (&point);
  base->anchors = g_ptr_array_new ();
  base->reasons = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < vm->disks->len; i++)
    take_disk (base, vm, vm->disks->pdata[i], state);
  return base;
}
