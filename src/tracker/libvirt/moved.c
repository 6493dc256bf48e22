/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's block copy, pull and commit take the bitmaps along (measured, libvirt 9.0); QEMU's own
 * jobs, and copies of the file, may not, and nothing in the new image shows it. */
#include "tracker/libvirt/moved.h"

#include "tracker/libvirt/changes.h"

static void
set_untold (CairnJudgement *judgement, const CairnAnchor *anchor, const CairnDisk *disk,
            const GError *cause)
{
  judgement->verdict
      = cause->code == CAIRN_ERROR_SYSTEM_IN_USE ? CAIRN_VERDICT_BUSY : CAIRN_VERDICT_UNREADABLE;
  g_free (judgement->reason);
  judgement->reason = g_strdup_printf ("image '%s' isn't where the disk was at the reference point "
                                       "('%s'), and whether all changes came along can't be told "
                                       "now: %s",
                                       disk->path, anchor->path, cause->message);
}

/* Whether QEMU has all images below DISK that libvirt believes in. Where it hasn't, a backup job,
 * which is libvirt's, still shows the bitmaps of those that are gone. */
static gboolean
has_all_layers (const CairnLibvirtLook *look, const CairnDisk *disk)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);

  for (guint i = 0; found && i < found->layers->len; i++)
    if (((const CairnLibvirtLayer *)found->layers->pdata[i])->virtual_size_bytes == 0)
      return FALSE;
  return found != NULL;
}

static GArray *
read_moved (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnDisk *disk,
            const CairnAnchor *anchor, int64_t deadline, GError **error)
{
  if (has_all_layers (look, disk))
    return cairn_libvirt_read_bitmap (self, look, disk, anchor, deadline, error);
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "libvirt doesn't know which images QEMU has below it; shut the VM down and "
                       "start it again");
  return NULL;
}

static gboolean
confirm (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnDisk *disk,
         const CairnAnchor *anchor, CairnJudgement *judgement, int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GArray) extents = NULL;

  if (!g_file_test (anchor->path, G_FILE_TEST_EXISTS))
    return TRUE;
  extents = read_moved (self, look, disk, anchor, deadline, &cause);
  if (extents)
    return self->offline->ops->compare_origin (self->offline, disk, anchor, extents, judgement,
                                               deadline, error);
  if (cause->code != CAIRN_ERROR_TIMEOUT && cause->code != CAIRN_ERROR_OUT_OF_MEMORY
      && cause->code != CAIRN_ERROR_SYSTEM_NOT_AVAILABLE)
    return set_untold (judgement, anchor, disk, cause), TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
cairn_libvirt_confirm_moved (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                             const CairnDisk *disk, const CairnAnchor *const *anchors,
                             size_t n_anchors, CairnJudgement *judgements, int64_t deadline,
                             GError **error)
{
  for (size_t i = 0; i < n_anchors; i++)
    if (judgements[i].verdict == CAIRN_VERDICT_TRACKED && judgements[i].moved_to
        && !confirm (self, look, disk, anchors[i], &judgements[i], deadline, error))
      return FALSE;
  return TRUE;
}
