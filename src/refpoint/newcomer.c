/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the disks that a point doesn't know. */
#include "refpoint/newcomer.h"

#include "refpoint/attachment.h"

typedef enum
{
  UNKNOWN,
  TRACKABLE,
  UNTRACKABLE,
} Kind;

struct CairnNewcomers
{
  CairnService *service;
  const CairnVm *vm;
  Kind *kinds; /* of the VM's disks */
};

CairnNewcomers *
cairn_newcomers_new (CairnService *service, const CairnVm *vm)
{
  CairnNewcomers *newcomers = g_new0 (CairnNewcomers, 1);

  newcomers->service = service;
  newcomers->vm = vm;
  newcomers->kinds = g_new0 (Kind, vm ? vm->disks->len : 0);
  return newcomers;
}

void
cairn_newcomers_free (CairnNewcomers *newcomers)
{
  if (!newcomers)
    return;
  g_free (newcomers->kinds);
  g_free (newcomers);
}

/* Whether disk INDEX could be tracked. One that is busy or can't be read now may well be. */
static gboolean
is_trackable (CairnNewcomers *newcomers, guint index)
{
  CairnTracker *tracker = newcomers->service->tracker;
  const CairnDisk *disk = newcomers->vm->disks->pdata[index];
  CairnDiskProbe probe = { 0 };
  Kind *kind = &newcomers->kinds[index];

  if (*kind == UNKNOWN && disk->format && *disk->format && !g_str_equal (disk->format, "qcow2"))
    *kind = UNTRACKABLE;
  if (*kind == UNKNOWN)
    {
      tracker->ops->probe_disk (tracker, newcomers->vm, disk, &probe);
      *kind = probe.verdict == CAIRN_VERDICT_UNSUPPORTED_FORMAT ? UNTRACKABLE : TRACKABLE;
      cairn_disk_probe_clear (&probe);
    }
  return *kind == TRACKABLE;
}

/* Marks in KNOWN the VM's disks that POINT has. FALSE when it has one that might be any of them. */
static gboolean
mark_known (const CairnVm *vm, const CairnPoint *point, gboolean *known)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];
      CairnDisk *disk = cairn_anchor_find_disk (anchor, vm);
      guint index;

      if (!disk && !anchor->bitmap)
        return FALSE;
      if (disk && g_ptr_array_find (vm->disks, disk, &index))
        known[index] = TRUE;
    }
  return TRUE;
}

void
cairn_newcomers_append (CairnNewcomers *newcomers, const CairnPoint *point, GPtrArray *verdicts)
{
  const CairnVm *vm = newcomers->vm;
  guint n = vm ? vm->disks->len : 0;
  g_autofree gboolean *known = g_new0 (gboolean, n);

  if (!mark_known (vm, point, known))
    return;
  for (guint i = 0; i < n; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      g_autofree char *reason = NULL;

      if (known[i] || !is_trackable (newcomers, i))
        continue;
      reason = g_strdup_printf (
          "disk '%s' ('%s') isn't part of the reference point: it was attached after that was "
          "made, or couldn't be tracked then; back this disk up in full",
          disk->target, disk->path);
      g_ptr_array_add (verdicts, cairn_disk_verdict_new (disk->target, disk->path,
                                                         CAIRN_VERDICT_UNANCHORED, reason));
    }
}

void
cairn_newcomers_append_to_all (CairnService *service, const CairnVm *vm, GPtrArray *states)
{
  g_autoptr (CairnNewcomers) newcomers = cairn_newcomers_new (service, vm);

  for (guint i = 0; i < states->len; i++)
    {
      CairnPointState *state = states->pdata[i];

      cairn_newcomers_append (newcomers, state->point, state->disks);
    }
}
