/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the disk with the copy, and stores how far that is. */
#include "refpoint/adopt.h"
#include "refpoint/compare.h"

/* How often what was found is stored, and how much of the time that may take. */
#define SAVE_EVERY_US (3 * G_USEC_PER_SEC)
#define SAVE_SHARE    20

typedef struct
{
  CairnAdopting *adopting;
  CairnComparison comparison;
  int64_t next_save_us;
} Comparing;

static gboolean
save (Comparing *comparing, GError **error)
{
  int64_t begin = g_get_monotonic_time (), taken;

  comparing->adopting->record->position_bytes = comparing->comparison.position_bytes;
  if (!cairn_adopt_check_base (comparing->adopting, error)
      || !cairn_adoption_save (comparing->adopting->record, error))
    return FALSE;
  taken = g_get_monotonic_time () - begin;
  comparing->next_save_us = begin + taken + MAX (SAVE_EVERY_US, taken * SAVE_SHARE);
  return TRUE;
}

static gboolean
tick (gpointer user, GError **error)
{
  Comparing *comparing = user;
  const CairnAdoptOptions *options = comparing->adopting->options;
  int64_t now = g_get_monotonic_time ();

  if (now >= comparing->adopting->deadline)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT, "it ran past its time limit");
  else if (options->progress
           && !options->progress (comparing->comparison.position_bytes,
                                  comparing->comparison.disk->size_bytes, options->user))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "it was asked to");
  else
    return now < comparing->next_save_us || save (comparing, error);
  return FALSE;
}

gboolean
cairn_adopt_compare (CairnAdopting *adopting, CairnView *disk, GError **error)
{
  CairnAdoptionRecord *record = adopting->record;
  Comparing comparing = { .adopting = adopting,
                          .next_save_us = g_get_monotonic_time () + SAVE_EVERY_US,
                          .comparison = { .disk = disk,
                                          .base = adopting->base,
                                          .granules = record->granules,
                                          .position_bytes = record->position_bytes,
                                          .tick = tick,
                                          .user = &comparing } };
  GError *cause = NULL;

  if (disk->size_bytes != record->granules->size_bytes)
    g_set_error (&cause, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "the disk has %" G_GUINT64_FORMAT " bytes now", disk->size_bytes);
  else
    cairn_comparison_run (&comparing.comparison, &cause);
  if (cause)
    {
      save (&comparing, NULL);
      cairn_adopt_tell_stopped (adopting, cause, error);
      return FALSE;
    }
  return save (&comparing, error);
}
