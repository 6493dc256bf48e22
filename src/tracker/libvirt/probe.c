/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at disks: through QEMU while the domain runs, else by its description and offline. */
#include "tracker/libvirt/probe.h"

#include "tracker/libvirt/judge.h"

static void
set_unreachable (CairnDiskProbe *probe, const GError *cause)
{
  probe->verdict = CAIRN_VERDICT_UNREADABLE;
  probe->reason = g_strdup (cause->message);
}

gboolean
cairn_libvirt_probe_by_description (CairnLibvirtTracker *self, const CairnVm *vm,
                                    const CairnDisk *disk, CairnDiskProbe *probe)
{
  CairnLibvirtLook *look = cairn_libvirt_look_at (self, vm, NULL);
  const CairnLibvirtDisk *found = look ? cairn_libvirt_look_find_disk (look, disk->target) : NULL;

  if (!found)
    return FALSE;
  cairn_libvirt_probe (look, disk, probe);
  if (probe->verdict == CAIRN_VERDICT_TRACKED && !found->is_local)
    {
      probe->verdict = CAIRN_VERDICT_UNSUPPORTED_FORMAT;
      g_free (probe->reason);
      probe->reason = g_strdup_printf ("disk '%s' ('%s') isn't a file or block device of this "
                                       "host, so it is tracked only while the VM runs; start the "
                                       "VM",
                                       disk->target, found->where);
    }
  if (probe->verdict != CAIRN_VERDICT_TRACKED)
    return TRUE;
  cairn_disk_probe_clear (probe);
  return FALSE;
}

void
cairn_libvirt_probe_disk (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                          CairnDiskProbe *probe)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;

  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

      cairn_disk_probe_clear (probe);
      if (cause || (look && !cairn_libvirt_look_read_bitmaps (look, &cause)))
        set_unreachable (probe, cause);
      else if (look)
        cairn_libvirt_probe (look, disk, probe);
      else if (!cairn_libvirt_probe_by_description (self, vm, disk, probe))
        self->offline->ops->probe_disk (self->offline, vm, disk, probe);
      if ((!cause && probe->verdict != CAIRN_VERDICT_BUSY)
          || !cairn_libvirt_should_look_again (self, vm, attempt))
        return;
    }
}

/* From the active layer down to the one where the bitmap begins. */
static void
measure_layers (const CairnLibvirtDisk *found, CairnAnchor *anchor)
{
  for (guint i = 0; i < found->layers->len; i++)
    {
      const CairnLibvirtLayer *layer = found->layers->pdata[i];
      const CairnLibvirtBitmap *bitmap = g_hash_table_lookup (layer->bitmaps, anchor->bitmap);

      if (!bitmap)
        return;
      anchor->granularity_bytes = bitmap->granularity_bytes;
      if (!*layer->path)
        continue;
      g_free (anchor->path);
      anchor->path = g_strdup (layer->path);
    }
}

void
cairn_libvirt_measure (CairnTracker *tracker, const CairnVm *vm, const CairnDisk *disk,
                       CairnAnchor *anchor)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, NULL);
  const CairnLibvirtDisk *found;

  if (!look)
    {
      self->offline->ops->measure (self->offline, vm, disk, anchor);
      return;
    }
  anchor->allocated_bytes = 0;
  found = cairn_libvirt_look_find_disk (look, disk->target);
  if (found && anchor->bitmap && cairn_libvirt_look_read_bitmaps (look, NULL))
    measure_layers (found, anchor);
}
