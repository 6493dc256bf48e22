/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds verdicts about disks of a running domain. docs/verdicts.md tells the same to users.
 *
 * libvirt's external snapshot of a domain with checkpoints makes bitmaps of the same names in the
 * overlay, so a point's changes are the union over the layers from the active one down. How much
 * that union holds isn't known without reading it: at least its largest part, at most their sum.
 */
#include "tracker/libvirt/judge.h"

#include <string.h>

#include "refpoint/judgement.h"
#include "refpoint/witness.h"

/* ---- what a disk is ---- */

static void set_probe (CairnDiskProbe *probe, CairnVerdict verdict, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
set_probe (CairnDiskProbe *probe, CairnVerdict verdict, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  probe->verdict = verdict;
  probe->reason = g_strdup_vprintf (format, args);
  va_end (args);
}

static void
probe_found (const CairnLibvirtLook *look, const CairnLibvirtDisk *disk, CairnDiskProbe *probe)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];

  if (strcmp (disk->device, "disk") != 0 && strcmp (disk->device, "lun") != 0)
    set_probe (probe, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
               "disk '%s' is a %s drive, whose media aren't tracked; it needs no backup of changes",
               disk->target, disk->device);
  else if (strcmp (active->format, "qcow2") != 0)
    set_probe (probe, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
               "disk '%s' ('%s') has the format %s, which can't keep bitmaps; convert it with "
               "'qemu-img convert -O qcow2'",
               disk->target, disk->where, *active->format ? active->format : "raw");
  else if (active->is_old)
    set_probe (probe, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
               "image '%s' is qcow2 version 2, which can't keep bitmaps; shut the VM down and "
               "convert it with 'qemu-img amend -o compat=1.1'",
               disk->where);
  else if (disk->is_readonly)
    set_probe (probe, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
               "disk '%s' is attached read-only, so it can't keep bitmaps; it doesn't change "
               "either",
               disk->target);
  else if (look->is_arriving)
    set_probe (probe, CAIRN_VERDICT_BUSY,
               "VM '%s' is arriving by migration; try again when it is here",
               look->description->name);
  else
    set_probe (probe, CAIRN_VERDICT_TRACKED, "%s", "");
}

void
cairn_libvirt_probe (const CairnLibvirtLook *look, const CairnDisk *disk, CairnDiskProbe *probe)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
  const CairnLibvirtLayer *active = found ? found->layers->pdata[0] : NULL;

  if (!found)
    {
      set_probe (probe, CAIRN_VERDICT_NO_FILE,
                 "disk '%s' isn't attached to the VM; attach it and try again", disk->target);
      return;
    }
  probe->format = g_strdup (active->format);
  probe->virtual_size_bytes = active->virtual_size_bytes;
  probe_found (look, found, probe);
}

/* ---- anchors ---- */

/* What the layers hold of one point, from the active one down as far as they have its bitmap. */
typedef struct
{
  guint n_layers;
  uint64_t least_bytes;            /* the union holds at least that */
  uint64_t most_bytes;             /* and at most that */
  const CairnLibvirtLayer *broken; /* the first whose bitmap can't be trusted */
  CairnBitmapFlags flags;          /* that one's */
  const CairnLibvirtLayer *deeper; /* a layer below a gap that has the bitmap again */
  const CairnLibvirtLayer *bottom; /* where the bitmap begins */
  gboolean has_home;               /* one of them is the image that the anchor was set in */
} Chain;

static gboolean
is_sound (const CairnLibvirtBitmap *bitmap, const CairnAnchor *anchor)
{
  return !bitmap->is_inconsistent && bitmap->is_recording
         && bitmap->granularity_bytes == anchor->granularity_bytes;
}

static uint64_t
add_up (uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void
walk_chain (const CairnLibvirtDisk *disk, const CairnAnchor *anchor, Chain *chain)
{
  gboolean ended = FALSE;

  memset (chain, 0, sizeof *chain);
  for (guint i = 0; i < disk->layers->len; i++)
    {
      const CairnLibvirtLayer *layer = disk->layers->pdata[i];
      const CairnLibvirtBitmap *bitmap = g_hash_table_lookup (layer->bitmaps, anchor->bitmap);

      if (bitmap && ended && !chain->deeper)
        chain->deeper = layer;
      ended = ended || !bitmap;
      if (ended)
        continue;
      chain->n_layers++;
      chain->bottom = layer;
      chain->least_bytes = MAX (chain->least_bytes, bitmap->dirty_bytes);
      chain->most_bytes
          = bitmap->is_uncounted ? UINT64_MAX : add_up (chain->most_bytes, bitmap->dirty_bytes);
      chain->has_home = chain->has_home || strcmp (layer->path, anchor->path) == 0;
      if (!chain->broken && !is_sound (bitmap, anchor))
        {
          chain->broken = layer;
          chain->flags = (CairnBitmapFlags){ bitmap->is_inconsistent, bitmap->is_recording,
                                             bitmap->granularity_bytes };
        }
    }
}

static gboolean
refuse_missing (const CairnLibvirtLook *look, const CairnLibvirtDisk *disk, const Chain *chain,
                const CairnAnchor *anchor, CairnJudgement *judgement)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];

  if (chain->n_layers > 0 && !chain->deeper)
    return FALSE;
  if (chain->n_layers == 0 && look->is_dormant)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_BUSY,
        "VM '%s' is paused since it migrated or was restored, and QEMU reads the bitmaps of "
        "image '%s' when it runs; resume the VM, and try again",
        look->description->name, active->path);
  else if (chain->deeper)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_BACKING_ONLY,
        "bitmap '%s' lies in '%s', a backing image of '%s', and doesn't know what was "
        "written above it; commit the overlay into it, or " CAIRN_ANCHOR_AGAIN,
        anchor->bitmap, chain->deeper->path, active->path);
  else
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_MISSING,
        "image '%s' has no bitmap '%s': it was removed, QEMU was killed before it had "
        "saved it, or the disk was copied or converted without it; " CAIRN_ANCHOR_AGAIN,
        active->path, anchor->bitmap);
  return TRUE;
}

/* A bitmap never shrinks, and an older one holds all that a newer one does. */
static gboolean
refuse_shrunk (const Chain *chain, const CairnAnchor *anchor, uint64_t newer_least_bytes,
               CairnJudgement *judgement)
{
  uint64_t should = MAX (anchor->dirty_seen_bytes, newer_least_bytes);

  if (chain->most_bytes >= should)
    return FALSE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_DISABLED,
                       "bitmap '%s' holds %" G_GUINT64_FORMAT
                       " bytes of changes, and %" G_GUINT64_FORMAT
                       " are known: it was cleared, or removed and made anew; " CAIRN_ANCHOR_AGAIN,
                       anchor->bitmap, chain->most_bytes, should);
  return TRUE;
}

/* What newer bitmaps hold at least. */
typedef struct
{
  uint64_t bytes;
  const CairnAnchor *witness; /* the oldest of them; borrowed; NULL: none yet */
} Newer;

static void
remember (Newer *newer, const CairnAnchor *anchor, const Chain *chain)
{
  if (cairn_anchor_is_adopted (anchor))
    return;
  newer->witness = anchor;
  newer->bytes = MAX (newer->bytes, chain->least_bytes);
}

/* Judges one anchor; NEWER grows by it. */
static void
judge_anchor (const CairnLibvirtLook *look, const CairnLibvirtDisk *disk, const CairnAnchor *anchor,
              Newer *newer, CairnJudgement *judgement)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];
  uint64_t newer_bytes = 0;
  Chain chain;

  if (!anchor->bitmap)
    {
      cairn_judgement_set (
          judgement, CAIRN_VERDICT_UNANCHORED,
          "no bitmap was ever tied to this reference point on disk '%s'; " CAIRN_ANCHOR_AGAIN,
          disk->target);
      return;
    }
  walk_chain (disk, anchor, &chain);
  if (newer->witness && cairn_anchor_must_cover (anchor, newer->witness))
    newer_bytes = newer->bytes;
  if (cairn_judgement_refuse_size (judgement, active->path, anchor, active->virtual_size_bytes)
      || refuse_missing (look, disk, &chain, anchor, judgement)
      || (chain.broken
          && cairn_judgement_refuse_flags (judgement, chain.broken->path, anchor, &chain.flags))
      || refuse_shrunk (&chain, anchor, newer_bytes, judgement))
    return;
  cairn_judgement_set (judgement, CAIRN_VERDICT_TRACKED, "%s", "");
  judgement->dirty_bytes = chain.least_bytes;
  if (!chain.has_home && disk->is_local && *chain.bottom->path)
    judgement->moved_to = g_strdup (chain.bottom->path);
  remember (newer, anchor, &chain);
}

void
cairn_libvirt_judge (const CairnLibvirtLook *look, const CairnDisk *disk,
                     const CairnAnchor *const *anchors, size_t n_anchors,
                     CairnJudgement *judgements)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
  CairnDiskProbe probe = { 0 };
  Newer newer = { 0 };

  cairn_libvirt_probe (look, disk, &probe);
  /* What a commit works on is open for writing, and marked so in the file. */
  if (probe.verdict == CAIRN_VERDICT_TRACKED && found->is_mirrored && found->layers->len > 1)
    set_probe (&probe, CAIRN_VERDICT_BUSY,
               "a block job is working on the images of disk '%s'; wait for its end, and try again",
               disk->target);
  for (size_t i = n_anchors; i-- > 0;)
    if (probe.verdict == CAIRN_VERDICT_TRACKED)
      judge_anchor (look, found, anchors[i], &newer, &judgements[i]);
    else
      cairn_judgement_set (&judgements[i], probe.verdict, "%s", probe.reason);
  cairn_disk_probe_clear (&probe);
}
