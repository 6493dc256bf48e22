/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits bitmaps of shut-off images, all or none, and proves it by reading them back. */
#include "tracker/offline/edit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "refpoint/module.h"
#include "scratch/scratch.h"
#include "tracker/offline/chain.h"
#include "tracker/offline/layout.h"
#include "tracker/offline/plan.h"

static const char *
path_of (const CairnEditPart *part)
{
  return part->claim->disk->path;
}

static gboolean
run_qsd (const CairnEdit *edit, const GPtrArray *parts, CairnQsdOutcome *outcome, GError **error)
{
  g_autofree CairnQsdImage *images = g_new0 (CairnQsdImage, parts->len);
  CairnQsdEdit order = {
    .action = edit->action,
    .bitmap = edit->name,
    .granularity_bytes = edit->granularity_bytes,
    .graft = edit->graft,
    .images = images,
    .n_images = parts->len,
    .deadline = edit->deadline,
  };
  CairnQsdEditFunc entry;

  *outcome = (CairnQsdOutcome){ .ended = TRUE };
  entry = (CairnQsdEditFunc)cairn_module_symbol (CAIRN_QSD_MODULE, CAIRN_QSD_ENTRY, error);
  if (!entry)
    return FALSE;
  for (guint i = 0; i < parts->len; i++)
    {
      const CairnEditPart *part = parts->pdata[i];
      const CairnQcow2 *image = part->before->image;

      images[i].fd = part->claim->fd;
      images[i].path = path_of (part);
      images[i].is_block_device = part->claim->is_block_device;
      images[i].has_data_file = (image->incompatible_features & INCOMPATIBLE_DATA_FILE) != 0;
      images[i].key = image->is_encrypted ? part->claim->disk->key : NULL;
      images[i].virtual_size_bytes = image->virtual_size_bytes;
      images[i].header_bytes = (size_t)image->cluster_bytes;
    }
  return entry (&order, outcome, error);
}

/* Whether the image now is as the edit wants it: the bitmap there and recording, or gone. */
static gboolean
is_done (const CairnEdit *edit, const CairnBitmapState *now)
{
  const CairnBitmapEntry *entry = cairn_directory_find (now->directory, edit->name);

  if (edit->action == CAIRN_QSD_REMOVE)
    return !entry;
  return entry && (entry->flags & (BITMAP_FLAG_IN_USE | BITMAP_FLAG_AUTO)) == BITMAP_FLAG_AUTO
         && UINT64_C (1) << (entry->granularity_bits & 63) == edit->granularity_bytes;
}

/* Whether every other bitmap is what it was; a graft's catcher goes. */
static gboolean
has_kept_others (const CairnEdit *edit, const CairnBitmapState *before, const CairnBitmapState *now)
{
  const CairnBitmapEntry *edited
      = cairn_directory_find (before->directory, edit->graft ? edit->graft->catcher : edit->name);

  for (guint i = 0; i < before->directory->entries->len; i++)
    {
      const CairnBitmapEntry *was
          = &g_array_index (before->directory->entries, CairnBitmapEntry, i);
      const CairnBitmapEntry *is = cairn_bitmap_state_find (now, was);

      if (was != edited
          && (!is || is->flags != was->flags || is->granularity_bits != was->granularity_bits))
        return FALSE;
    }
  return TRUE;
}

static gboolean
fail_lost (const CairnEditPart *part, const char *words, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "image '%s': the bitmaps couldn't be stored%s%s%s; make room on its disk or check "
               "its storage",
               path_of (part), words && *words ? ": '" : "", words && *words ? words : "",
               words && *words ? "'" : "");
  return FALSE;
}

/* How many images came out how. */
typedef struct
{
  gboolean ended; /* as in qsd.h */
  guint n_done;   /* the bitmap is as the edit wants it */
  guint n_kept;   /* every other bitmap is what it was, and the file is written through */
} Result;

static gboolean
sync_part (const CairnEditPart *part, GError **error)
{
  if (fdatasync (part->claim->fd) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "image '%s' can't be written through to its disk: %s; check its storage",
               path_of (part), g_strerror (errno));
  return FALSE;
}

/* Whether every bitmap now is one of before, and at most one is gone. */
static gboolean
is_older (const CairnBitmapState *before, const CairnBitmapState *now)
{
  for (guint i = 0; i < now->directory->entries->len; i++)
    {
      const CairnBitmapEntry *is = &g_array_index (now->directory->entries, CairnBitmapEntry, i);
      const CairnBitmapEntry *was = cairn_bitmap_state_find (before, is);

      if (!was || was->table_offset != is->table_offset)
        return FALSE;
    }
  return now->directory->entries->len + 1 >= before->directory->entries->len;
}

/* Goes back to a header with whole bitmaps. */
static void
restore_part (const CairnEditPart *part, const GPtrArray *headers)
{
  int fd = part->claim->fd;

  for (guint i = 0; i < headers->len; i++)
    {
      g_autoptr (CairnBitmapState) now = NULL;

      if (cairn_bitmap_state_restore (fd, headers->pdata[i], NULL))
        now = cairn_bitmap_state_read (fd, NULL);
      if (now && is_older (part->before, now))
        return;
    }
}

/* The state of one image after QSD, once what QSD left amiss is mended. */
static CairnBitmapState *
mend_part (const CairnEditPart *part, const GPtrArray *lost_headers, guint *n_mended,
           GError **error)
{
  g_autoptr (CairnBitmapState) now = NULL;
  g_autoptr (GError) cause = NULL;
  int fd = part->claim->fd;

  if (lost_headers)
    restore_part (part, lost_headers);
  if (cairn_bitmap_state_mend (fd, part->before, n_mended, &cause))
    now = cairn_bitmap_state_read (fd, &cause);
  if (!now)
    cairn_claim_fail (part->claim, cause, error);
  return g_steal_pointer (&now);
}

/* Mends and reads back image INDEX. */
static gboolean
settle_part (const CairnEdit *edit, const GPtrArray *parts, guint index,
             const CairnQsdOutcome *outcome, Result *result, GError **error)
{
  const CairnEditPart *part = parts->pdata[index];
  const GPtrArray *lost_headers
      = outcome->lost_headers ? outcome->lost_headers->pdata[index] : NULL;
  guint n_mended = 0;
  g_autoptr (CairnBitmapState) now = mend_part (part, lost_headers, &n_mended, error);
  gboolean done, kept;

  if (!now)
    return FALSE;
  done = is_done (edit, now);
  kept = has_kept_others (edit, part->before, now);
  result->n_done += done;
  if (n_mended || !kept || !done)
    fail_lost (part, outcome->words, error);
  else
    kept = sync_part (part, error);
  result->n_kept += kept;
  return done && kept && !n_mended;
}

/* Runs the edit and settles every part; the first trouble is the error. */
static gboolean
run_and_settle (const CairnEdit *edit, const GPtrArray *parts, Result *result, GError **error)
{
  g_autoptr (GError) failure = NULL;
  CairnQsdOutcome outcome;

  run_qsd (edit, parts, &outcome, &failure);
  *result = (Result){ .ended = outcome.ended };
  for (guint i = 0; i < parts->len && !outcome.ended; i++)
    ((CairnEditPart *)parts->pdata[i])->claim->is_left = TRUE;
  for (guint i = 0; i < parts->len && outcome.ended; i++)
    settle_part (edit, parts, i, &outcome, result, failure ? NULL : &failure);
  g_free (outcome.words);
  g_clear_pointer (&outcome.lost_headers, g_ptr_array_unref);
  if (!failure)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
append_to_message (GError *error, const char *more, const GError *cause)
{
  g_autofree char *message = g_strdup_printf ("%s; moreover %s%s%s", error->message, more,
                                              cause ? ": " : "", cause ? cause->message : "");

  g_free (error->message);
  error->message = g_steal_pointer (&message);
}

/* Removes the bitmap from all PARTS that (still) have it: takes a half-made addition back, brings a
 * half-made removal to its end. */
static gboolean
clean_up (const CairnEdit *edit, const GPtrArray *parts, GError **error)
{
  CairnEdit removal = *edit;
  g_autoptr (GPtrArray) rest = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GError) unread = NULL;
  Result result;

  removal.action = CAIRN_QSD_REMOVE;
  removal.graft = NULL;
  removal.deadline = g_get_monotonic_time () + CAIRN_UNDO_MS * G_TIME_SPAN_MILLISECOND;
  rest = cairn_edit_plan_removal (&removal, parts, &unread);
  if (rest->len > 0 && !run_and_settle (&removal, rest, &result, &failure)
      && (result.n_done < rest->len || result.n_kept < rest->len))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!unread)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&unread));
  return FALSE;
}

/* After a failure: all or none. TRUE: it is done after all. */
static gboolean
recover (const CairnEdit *edit, const GPtrArray *parts, const Result *result, GError *failure)
{
  g_autoptr (GError) cause = NULL;
  gboolean removes = edit->action == CAIRN_QSD_REMOVE;
  gboolean ok = TRUE;

  if (!result->ended)
    {
      append_to_message (failure, "its images stay locked until it ends", NULL);
      return FALSE;
    }
  if (result->n_done > 0 && !(removes && result->n_done == parts->len))
    ok = clean_up (edit, parts, &cause);
  if (!ok)
    append_to_message (failure, "the bitmap is still on some of the images",
                       strcmp (cause->message, failure->message) == 0 ? NULL : cause);
  if (result->n_kept < parts->len)
    append_to_message (failure,
                       "other bitmaps of the images may be lost: check the reference points of "
                       "these disks, and where one is refused " CAIRN_START_OVER,
                       NULL);
  /* A removal can't be taken back: gone from all of them is done, whatever else went wrong. */
  return removes && ok && result->n_done > 0;
}

static gboolean
perform (const CairnEdit *edit, const GPtrArray *parts, GError **error)
{
  g_autoptr (GError) failure = NULL;
  Result result;

  if (run_and_settle (edit, parts, &result, &failure) || recover (edit, parts, &result, failure))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
edit_claims (const CairnEdit *edit, const GArray *claims, GError **error)
{
  g_autoptr (GPtrArray) parts = cairn_edit_plan (edit, claims, error);

  return parts && (parts->len == 0 || perform (edit, parts, error));
}

static gboolean
edit_disks (const CairnEdit *edit, const GPtrArray *disks, GError **error)
{
  CairnClaimPolicy policy = edit->action == CAIRN_QSD_ADD ? CAIRN_CLAIM_ALL : CAIRN_CLAIM_PRESENT;
  g_autoptr (GArray) claims = NULL;

  if (!cairn_edit_check (edit, error))
    return FALSE;
  claims = cairn_claims_take (disks, policy, edit->deadline, error);
  return claims && edit_claims (edit, claims, error);
}

/* The images below DISK that have bitmap NAME. */
static void
find_below (const CairnDisk *disk, const char *name, int64_t deadline, GPtrArray *below)
{
  g_autoptr (CairnChain) chain = cairn_chain_open (disk->path);

  if (cairn_chain_top (chain)->image->verdict != CAIRN_VERDICT_TRACKED
      || !cairn_chain_complete (chain, deadline, NULL))
    return;
  for (guint i = 1; i < chain->layers->len; i++)
    {
      CairnLayer *layer = chain->layers->pdata[i];
      CairnLayerBitmap found;
      CairnDisk *copy;

      if (!cairn_layer_find (layer, name, &found, deadline, NULL) || !found.is_there)
        continue;
      copy = cairn_disk_copy (disk);
      g_free (copy->path);
      copy->path = g_strdup (layer->image->path);
      g_ptr_array_add (below, copy);
    }
}

/* Backing images may be shared with running VMs, or only readable: what can't be removed there
 * stays, and says nothing to anybody once the disk itself doesn't have it. */
static void
remove_below (const CairnEdit *edit, const GPtrArray *disks)
{
  g_autoptr (GPtrArray) below = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  for (guint i = 0; i < disks->len; i++)
    find_below (disks->pdata[i], edit->name, edit->deadline, below);
  for (guint i = 0; i < below->len; i++)
    {
      g_autoptr (GArray) claims = NULL;

      g_ptr_array_set_size (one, 0);
      g_ptr_array_add (one, below->pdata[i]);
      /* Without waiting for who has it open. */
      claims = cairn_claims_take (one, CAIRN_CLAIM_PRESENT, g_get_monotonic_time (), NULL);
      if (claims)
        edit_claims (edit, claims, NULL);
    }
}

gboolean
cairn_offline_add (const GPtrArray *disks, const char *name, uint64_t granularity_bytes,
                   int64_t deadline, GError **error)
{
  CairnEdit edit = { .action = CAIRN_QSD_ADD,
                     .name = name,
                     .granularity_bytes = granularity_bytes,
                     .deadline = deadline };

  return edit_disks (&edit, disks, error);
}

gboolean
cairn_offline_ensure (const CairnDisk *disk, const char *name, uint64_t granularity_bytes,
                      int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  CairnEdit edit = { .action = CAIRN_QSD_ADD,
                     .name = name,
                     .granularity_bytes = granularity_bytes,
                     .may_exist = TRUE,
                     .deadline = deadline };

  g_ptr_array_add (disks, (gpointer)disk);
  return edit_disks (&edit, disks, error);
}

gboolean
cairn_offline_graft (const CairnDisk *disk, const char *name, const CairnGranules *granules,
                     const char *catcher, int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  CairnQsdGraft graft = { .scratch_bitmap = CAIRN_SCRATCH_BITMAP, .catcher = catcher };
  CairnEdit edit = { .action = CAIRN_QSD_ADD,
                     .name = name,
                     .granularity_bytes = granules->granularity_bytes,
                     .graft = &graft,
                     .deadline = deadline };
  gboolean ok;

  graft.scratch_fd = cairn_scratch_new (granules, error);
  if (graft.scratch_fd < 0)
    return FALSE;
  g_ptr_array_add (disks, (gpointer)disk);
  ok = edit_disks (&edit, disks, error);
  close (graft.scratch_fd);
  return ok;
}

gboolean
cairn_offline_remove (const GPtrArray *disks, const char *name, int64_t deadline, GError **error)
{
  CairnEdit edit = { .action = CAIRN_QSD_REMOVE, .name = name, .deadline = deadline };

  if (!edit_disks (&edit, disks, error))
    return FALSE;
  remove_below (&edit, disks);
  return TRUE;
}
