/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anchors a point on a disk again.
 *
 *   with the VM locked:    the anchor is lost from now on; a catcher records all that is written
 *   without:               the disk is compared with the copy; how far is stored every few seconds
 *   with the VM locked:    what differs and what was caught becomes the point's bitmap, in one
 * step; the anchor is made true in one transaction; the catcher is removed
 *
 * Dying anywhere leaves an intent, with which the same call goes on. The point's old bitmap is
 * removed at the beginning, so that one of its name which is there at the end is the new one. */
#include "refpoint/adopt.h"

#include "refpoint/path.h"

static void
adopting_clear (CairnAdopting *adopting)
{
  if (adopting->base)
    adopting->base->ops->close (adopting->base);
  g_free (adopting->base_files);
  cairn_disk_probe_clear (&adopting->probe);
  cairn_judgement_clear (&adopting->judgement);
  cairn_adoption_free (adopting->record);
  cairn_point_free (adopting->point);
  cairn_operation_end (adopting->operation);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CairnAdopting, adopting_clear)

static gboolean
check_options (CairnService *service, const CairnAdoptOptions *options, GError **error)
{
  static const char what[] = "the copy of the disk";

  if (!options->target || !*options->target)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                           "no disk was named; give the target of one of the VM's");
      return FALSE;
    }
  return cairn_path_check_syntax (options->base, what, error)
         && cairn_path_check_allowed (
             options->base, (const char *const *)service->config->import_paths, what, error);
}

static gboolean
run (CairnAdopting *adopting, GError **error)
{
  CairnView *view = NULL;
  gboolean ok;

  if (!cairn_adopt_open_base (adopting, error)
      || !cairn_adopt_start_or_go_on (adopting, &view, error))
    return FALSE;
  if (!view)
    return cairn_adopt_finish (adopting, error);
  cairn_adopt_leave (adopting);
  ok = cairn_adopt_compare (adopting, view, error);
  /* Before the end: it may be a job that keeps QEMU from other work. */
  view->ops->close (view);
  return ok && cairn_adopt_enter_again (adopting, error) && cairn_adopt_finish (adopting, error);
}

static void
tell (const CairnAdopting *adopting, CairnAdoption *adoption)
{
  const CairnGranules *granules = adopting->record->granules;
  uint64_t tail = granules->size_bytes % granules->granularity_bytes, first, n;

  adoption->compared_bytes = granules->size_bytes;
  adoption->differing_bytes = cairn_granules_total_bytes (granules);
  if (tail
      && cairn_granules_next (granules, granules->n_granules - 1, granules->n_granules, &first, &n))
    adoption->differing_bytes -= granules->granularity_bytes - tail;
}

static GPtrArray *
list_disk (const CairnAdopting *adopting, gboolean is_done)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  const CairnJudgement *judgement = &adopting->judgement;

  if (adopting->disk)
    g_ptr_array_add (disks,
                     cairn_disk_verdict_new (adopting->disk->target, adopting->disk->path,
                                             is_done ? CAIRN_VERDICT_TRACKED : judgement->verdict,
                                             is_done ? NULL : judgement->reason));
  return disks;
}

gboolean
cairn_service_adopt (CairnService *service, const char *id, const CairnAdoptOptions *options,
                     CairnAdoption *adoption, GPtrArray **disks, GError **error)
{
  g_auto (CairnAdopting) adopting
      = { .service = service, .options = options, .deadline = cairn_service_start_call (service) };
  CairnAdoption result = { 0 };
  gboolean ok;

  ok = check_options (service, options, error) && cairn_adopt_enter (&adopting, id, error);
  if (ok)
    {
      adopting.anchor = cairn_adopt_choose_anchor (adopting.point, adopting.operation->vm,
                                                   adopting.disk, options->base, error);
      ok = adopting.anchor && cairn_adopt_judge_anchor (&adopting, error);
    }
  if (ok && adopting.judgement.verdict != CAIRN_VERDICT_TRACKED)
    {
      ok = run (&adopting, error);
      if (ok)
        tell (&adopting, &result);
    }
  if (adoption)
    *adoption = result;
  if (disks)
    *disks = list_disk (&adopting, ok);
  return ok;
}
