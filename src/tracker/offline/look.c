/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges, and looks again when the image didn't hold still. */
#include "tracker/offline/look.h"

#include "tracker/offline/judge.h"
#include "tracker/offline/origin.h"

typedef struct
{
  uint64_t offset_bytes, length_bytes;
  GArray *extents; /* the answer, when tracked */
} Window;

static void
clear_judgements (CairnJudgement *judgements, size_t n)
{
  for (size_t i = 0; i < n; i++)
    cairn_judgement_clear (&judgements[i]);
  memset (judgements, 0, n * sizeof *judgements);
}

/* One look. WINDOW, or NULL, is for the only anchor. */
static gboolean
look_once (const CairnDisk *disk, const CairnAnchor *const *anchors, size_t n,
           CairnJudgement *judgements, Window *window, int64_t deadline, CairnImageState *state,
           char **unsettled, GError **error)
{
  g_autoptr (CairnLook) look = cairn_look_new (disk->path, deadline);
  const char *path = disk->path;

  /* From the newest on: evidence.h. */
  for (size_t i = n; i-- > 0;)
    if (!cairn_look_judge (look, anchors[i], &judgements[i], error))
      return FALSE;
  if (window && judgements[0].verdict == CAIRN_VERDICT_TRACKED
      && !cairn_look_extents (look, anchors[0], window->offset_bytes, window->length_bytes,
                              &window->extents, &judgements[0], error))
    return FALSE;
  *state = cairn_look_image (look)->verdict == CAIRN_VERDICT_TRACKED
               ? cairn_look_state (look, &path)
               : CAIRN_IMAGE_SETTLED;
  g_free (*unsettled);
  *unsettled = g_strdup (path);
  return TRUE;
}

static gboolean
look_until_settled (const CairnDisk *disk, const CairnAnchor *const *anchors, size_t n,
                    CairnJudgement *judgements, Window *window, int64_t deadline, GError **error)
{
  CairnImageState state = CAIRN_IMAGE_CHANGED;
  g_autofree char *unsettled = NULL;

  memset (judgements, 0, n * sizeof *judgements);
  for (int i = 0; i < CAIRN_LOOKS && state == CAIRN_IMAGE_CHANGED; i++)
    {
      clear_judgements (judgements, n);
      if (window)
        g_clear_pointer (&window->extents, g_array_unref);
      if (!look_once (disk, anchors, n, judgements, window, deadline, &state, &unsettled, error))
        {
          clear_judgements (judgements, n);
          return FALSE;
        }
    }
  if (state == CAIRN_IMAGE_SETTLED)
    return TRUE;
  for (size_t i = 0; i < n; i++)
    if (judgements[i].verdict != CAIRN_VERDICT_UNANCHORED)
      cairn_judgement_set (&judgements[i], CAIRN_VERDICT_BUSY, CAIRN_BUSY_REASON, unsettled);
  return TRUE;
}

gboolean
cairn_offline_judge (const CairnDisk *disk, const CairnAnchor *const *anchors, size_t n_anchors,
                     CairnJudgement *judgements, int64_t deadline, GError **error)
{
  return look_until_settled (disk, anchors, n_anchors, judgements, NULL, deadline, error);
}

gboolean
cairn_offline_changes (const CairnDisk *disk, const CairnAnchor *anchor, uint64_t offset_bytes,
                       uint64_t length_bytes, GArray **extents, CairnJudgement *judgement,
                       int64_t deadline, GError **error)
{
  Window window = { offset_bytes, length_bytes, NULL };
  g_autoptr (GArray) found = NULL;
  gboolean done;

  done = look_until_settled (disk, &anchor, 1, judgement, &window, deadline, error);
  found = window.extents;
  if (done && judgement->verdict == CAIRN_VERDICT_TRACKED)
    *extents = g_steal_pointer (&found);
  return done;
}

gboolean
cairn_offline_compare_origin (const CairnDisk *disk, const CairnAnchor *anchor,
                              const GArray *extents, CairnJudgement *judgement, int64_t deadline,
                              GError **error)
{
  CairnHolding holding = { .path = disk->path, .extents = extents };
  CairnImageState state = CAIRN_IMAGE_CHANGED;
  CairnJudgement found = { 0 };

  for (int i = 0; i < CAIRN_LOOKS && state == CAIRN_IMAGE_CHANGED; i++)
    {
      g_autoptr (GPtrArray) origins = cairn_layers_new ();
      const char *path;

      cairn_judgement_clear (&found);
      found = (CairnJudgement){ 0 };
      if (!cairn_origin_compare (origins, anchor, &holding, &found, deadline, error))
        return FALSE;
      state = cairn_layers_state (origins, &path);
    }
  if (state != CAIRN_IMAGE_SETTLED)
    cairn_judgement_set (judgement, CAIRN_VERDICT_BUSY, CAIRN_BUSY_REASON, anchor->path);
  else if (found.reason)
    cairn_judgement_set (judgement, found.verdict, "%s", found.reason);
  cairn_judgement_clear (&found);
  return TRUE;
}

void
cairn_offline_measure (const CairnDisk *disk, CairnAnchor *anchor)
{
  CairnImageState state = CAIRN_IMAGE_CHANGED;

  for (int i = 0; i < CAIRN_LOOKS && state == CAIRN_IMAGE_CHANGED; i++)
    {
      g_autoptr (CairnLook) look = cairn_look_new (disk->path, G_MAXINT64);
      const char *path;

      cairn_look_measure (look, anchor);
      state = cairn_look_state (look, &path);
    }
  if (state != CAIRN_IMAGE_SETTLED)
    anchor->allocated_bytes = 0;
}
