/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans an edit: what can be refused is refused here, before anything was touched. */
#include "tracker/offline/plan.h"

#include <string.h>
#include <unistd.h>

#include "tracker/offline/image.h"
#include "tracker/offline/layout.h"

static void
part_free (CairnEditPart *part)
{
  cairn_bitmap_state_free (part->before);
  g_free (part);
}

static gboolean
has_bitmap (const CairnBitmapState *state, const char *name)
{
  return cairn_directory_find (state->directory, name) != NULL;
}

/* QEMU's limits, checked here so that a refusal names the argument. */
gboolean
cairn_edit_check (const CairnEdit *edit, GError **error)
{
  size_t length = strlen (edit->name);

  if (length == 0 || length > MAX_BITMAP_NAME_BYTES
      || !g_utf8_validate (edit->name, (gssize)length, NULL))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "a bitmap's name must be UTF-8 of 1 to %d bytes; choose another",
                 MAX_BITMAP_NAME_BYTES);
  else if (edit->action == CAIRN_QSD_ADD
           && (edit->granularity_bytes & (edit->granularity_bytes - 1)
               || edit->granularity_bytes < UINT64_C (1) << BITMAP_MIN_GRANULARITY_BITS
               || edit->granularity_bytes > UINT64_C (1) << BITMAP_MAX_GRANULARITY_BITS))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "granularity %" G_GUINT64_FORMAT
                 " isn't a power of two from 512 to 2147483648 bytes; use 65536",
                 edit->granularity_bytes);
  else if (g_get_monotonic_time () >= edit->deadline)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
                 "the time for editing bitmap '%s' was over before it began; allow more time",
                 edit->name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
read_number (int fd, off_t offset, uint32_t *number)
{
  uint32_t raw;

  if (pread (fd, &raw, sizeof raw, offset) != (ssize_t)sizeof raw)
    return FALSE;
  *number = GUINT32_FROM_BE (raw);
  return TRUE;
}

/* The reader's refusals, with the image's name. */
void
cairn_claim_fail (const CairnClaim *claim, const GError *cause, GError **error)
{
  if (cause->code == CAIRN_ERROR_INCORRECT_DATA_TYPE)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "image '%s' is damaged: %s; repair it with 'qemu-img check -r all', or restore it",
                 claim->disk->path, cause->message);
  else
    g_set_error (error, CAIRN_ERROR, cause->code, "image '%s': %s", claim->disk->path,
                 cause->message);
}

/* Whether the image could hold a bitmap at all. A disk that is known as raw stays raw, whatever
 * magic its guest has written to its first bytes. */
static gboolean
check_format (const CairnClaim *claim, GError **error)
{
  const char *path = claim->disk->path;
  const char *known = claim->disk->format;
  uint32_t magic = 0, version = 0;

  if ((known && *known && strcmp (known, "qcow2") != 0) || !read_number (claim->fd, 0, &magic)
      || magic != QCOW2_MAGIC)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "image '%s' isn't qcow2 and can't keep a bitmap; convert it with 'qemu-img "
                 "convert -O qcow2'",
                 path);
  else if (!read_number (claim->fd, 4, &version) || version < 3)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "image '%s' is qcow2 of version %u, which can't keep a bitmap; run 'qemu-img "
                 "amend -o compat=1.1' on it",
                 path, version);
  else
    return TRUE;
  return FALSE;
}

/* What QEMU wouldn't open read-write with what we have. */
static gboolean
check_key (const CairnClaim *claim, const CairnBitmapState *state, GError **error)
{
  const CairnQcow2 *image = state->image;

  if (image->is_encrypted && !image->has_luks)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED, "image '%s' " CAIRN_OLD_ENCRYPTION,
                 claim->disk->path);
  else if (image->is_encrypted && !claim->disk->key)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED, "image '%s' " CAIRN_NO_KEY,
                 claim->disk->path);
  else
    return TRUE;
  return FALSE;
}

static void
add_part (GPtrArray *parts, CairnClaim *claim, CairnBitmapState *before)
{
  CairnEditPart *part = g_new0 (CairnEditPart, 1);

  part->claim = claim;
  part->before = before;
  g_ptr_array_add (parts, part);
}

/* Whether the bitmap that caught writes can be believed. */
static gboolean
check_catcher (const CairnEdit *edit, const CairnClaim *claim, const CairnBitmapState *state,
               GError **error)
{
  const CairnBitmapEntry *entry
      = edit->graft ? cairn_directory_find (state->directory, edit->graft->catcher) : NULL;

  if (!edit->graft
      || (entry && (entry->flags & (BITMAP_FLAG_IN_USE | BITMAP_FLAG_AUTO)) == BITMAP_FLAG_AUTO))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "bitmap '%s' in image '%s', which was to catch writes meanwhile, %s; repeat the "
               "command to start over",
               edit->graft->catcher, claim->disk->path,
               !entry                              ? "isn't there any more"
               : entry->flags & BITMAP_FLAG_IN_USE ? "was left in use by a crash of QEMU"
                                                   : "was disabled");
  return FALSE;
}

static gboolean
plan_add (const CairnEdit *edit, CairnClaim *claim, GPtrArray *parts, GError **error)
{
  g_autoptr (CairnBitmapState) state = NULL;
  g_autoptr (GError) cause = NULL;

  if (!check_format (claim, error))
    return FALSE;
  state = cairn_bitmap_state_read (claim->fd, &cause);
  if (!state)
    return cairn_claim_fail (claim, cause, error), FALSE;
  if (edit->may_exist && has_bitmap (state, edit->name))
    return TRUE;
  if (has_bitmap (state, edit->name))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "image '%s' has a bitmap '%s' already; remove it or choose another name",
                   claim->disk->path, edit->name);
      return FALSE;
    }
  if (!check_catcher (edit, claim, state, error) || !check_key (claim, state, error))
    return FALSE;
  add_part (parts, claim, g_steal_pointer (&state));
  return TRUE;
}

/* An image that can't have the bitmap, or hasn't, is done. */
static gboolean
plan_remove (const CairnEdit *edit, CairnClaim *claim, GPtrArray *parts, GError **error)
{
  g_autoptr (CairnBitmapState) state = NULL;
  g_autoptr (GError) cause = NULL;

  if (!check_format (claim, NULL))
    return TRUE;
  state = cairn_bitmap_state_read (claim->fd, &cause);
  if (!state)
    return cairn_claim_fail (claim, cause, error), FALSE;
  if (!has_bitmap (state, edit->name))
    return TRUE;
  if (!check_key (claim, state, error))
    return FALSE;
  add_part (parts, claim, g_steal_pointer (&state));
  return TRUE;
}

GPtrArray *
cairn_edit_plan (const CairnEdit *edit, const GArray *claims, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)part_free);

  for (guint i = 0; i < claims->len; i++)
    {
      CairnClaim *claim = &g_array_index (claims, CairnClaim, i);
      gboolean ok = edit->action == CAIRN_QSD_ADD ? plan_add (edit, claim, parts, error)
                                                  : plan_remove (edit, claim, parts, error);

      if (!ok)
        return NULL;
    }
  return g_steal_pointer (&parts);
}

GPtrArray *
cairn_edit_plan_removal (const CairnEdit *edit, const GPtrArray *parts, GError **error)
{
  GPtrArray *having = g_ptr_array_new_with_free_func ((GDestroyNotify)part_free);

  for (guint i = 0; i < parts->len; i++)
    {
      g_autoptr (GError) unread = NULL;

      if (!plan_remove (edit, ((const CairnEditPart *)parts->pdata[i])->claim, having, &unread)
          && error && !*error)
        g_propagate_error (error, g_steal_pointer (&unread));
    }
  return having;
}
