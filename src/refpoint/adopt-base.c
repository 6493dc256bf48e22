/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy that a disk is compared with, and whether it can be one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/adopt.h"
#include "refpoint/attachment.h"
#include "refpoint/compare.h"
#include "refpoint/path.h"
#include "refpoint/witness.h"

#define WHAT "the copy of the disk"

static gboolean
is_same_file (const char *one, const char *other)
{
  struct stat a, b;

  if (stat (one, &a) != 0 || stat (other, &b) != 0)
    return FALSE;
  if (S_ISBLK (a.st_mode) && S_ISBLK (b.st_mode))
    return a.st_rdev == b.st_rdev;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Neither the disk itself nor an overlay of it: those change with it. */
static gboolean
check_other (const CairnAdopting *adopting, GError **error)
{
  const GPtrArray *paths = adopting->base->paths;

  for (guint i = 0; paths && i < paths->len; i++)
    if (is_same_file (paths->pdata[i], adopting->disk->path))
      {
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                     "image '%s' %s disk '%s' itself; name a copy of it as of the reference point",
                     adopting->options->base, i == 0 ? "is" : "is an overlay of",
                     adopting->disk->target);
        return FALSE;
      }
  return TRUE;
}

/* A copy that was cut off says nothing of what the disk held behind its end. An adopted anchor has
 * the disk's size as of its adoption, and one from Hyper-V none; of a disk that has shrunk what is
 * left counts. */
static gboolean
check_whole (const CairnAdopting *adopting, GError **error)
{
  const CairnAnchor *anchor = adopting->anchor;
  uint64_t size = adopting->base->size_bytes;

  if (!anchor->bitmap || cairn_anchor_is_adopted (anchor)
      || size >= MIN (anchor->virtual_size_bytes, adopting->probe.virtual_size_bytes))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "image '%s' has %" G_GUINT64_FORMAT " bytes, and disk '%s' had %" G_GUINT64_FORMAT
               " at the reference point; name a whole copy (where only zeroes were left out at its "
               "end, 'qemu-img resize' brings them back)",
               adopting->options->base, size, adopting->disk->target, anchor->virtual_size_bytes);
  return FALSE;
}

/* Formats round a disk's size up, so a larger copy is fine when nothing is there. */
static gboolean
check_size (const CairnAdopting *adopting, GError **error)
{
  uint64_t size = adopting->probe.virtual_size_bytes;
  uint64_t from = size / CAIRN_DEFAULT_GRANULARITY * CAIRN_DEFAULT_GRANULARITY;
  gboolean is_empty = TRUE;

  if (adopting->base->size_bytes <= size)
    return TRUE;
  /* From the disk's last granule on; where that is cut off, its bytes are compared anyway. */
  if (from < size)
    from += CAIRN_DEFAULT_GRANULARITY;
  if (!cairn_view_check_zero (adopting->base, from, &is_empty, adopting->deadline, error))
    return FALSE;
  if (!is_empty)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "image '%s' holds more than the %" G_GUINT64_FORMAT
                 " bytes of disk '%s'; name a copy of that disk",
                 adopting->options->base, size, adopting->disk->target);
  return is_empty;
}

/* Whoever names a copy must be able to read it, with all that lies below it. */
static gboolean
check_readable (const CairnAdopting *adopting, GError **error)
{
  const GPtrArray *paths = adopting->base->paths;
  CairnFileRights before;
  gboolean ok = TRUE;

  if (!cairn_caller_become (adopting->service->monitor.caller, &before, error))
    return FALSE;
  for (guint i = 0; ok && paths && i < paths->len; i++)
    {
      int fd = open (paths->pdata[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

      ok = fd >= 0;
      if (ok)
        close (fd);
      else
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                     "image '%s' may not be read by the caller (%s); give that user read access",
                     (const char *)paths->pdata[i], g_strerror (errno));
    }
  cairn_caller_restore (&before);
  return ok;
}

gboolean
cairn_adopt_open_base (CairnAdopting *adopting, GError **error)
{
  CairnService *service = adopting->service;
  const char *path = adopting->options->base;
  g_autoptr (GError) cause = NULL;

  adopting->base = service->open_copy (path, adopting->disk->key, adopting->deadline, &cause);
  if (!adopting->base)
    {
      /* A path is an argument. */
      if (cause->code == CAIRN_ERROR_FILE_NOT_FOUND)
        cause->code = CAIRN_ERROR_INVALID_PARAMETER;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  adopting->base_files = cairn_files_describe (adopting->base->paths);
  return (!service->monitor.caller || check_readable (adopting, error))
         && check_other (adopting, error) && check_whole (adopting, error)
         && check_size (adopting, error);
}

gboolean
cairn_adopt_check_base (const CairnAdopting *adopting, GError **error)
{
  g_autofree char *now = cairn_files_describe (adopting->base->paths);

  if (g_str_equal (now, adopting->base_files))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "image '%s' was written to while it was read; see that nobody does, and repeat the "
               "command, which starts over",
               adopting->options->base);
  return FALSE;
}

/* What was written to the disk since an older point: *EXTENTS, or NULL when that can't be told. */
static gboolean
ask_older (const CairnAdopting *adopting, const CairnPoint *older, GArray **extents, GError **error)
{
  CairnTracker *tracker = adopting->service->tracker;
  const CairnVm *vm = adopting->operation->vm;

  for (guint i = 0; i < older->anchors->len; i++)
    {
      const CairnAnchor *anchor = older->anchors->pdata[i];
      CairnQuestion question
          = { .disk = adopting->disk, .anchor = anchor, .length_bytes = UINT64_MAX };
      gboolean ok;

      if (!anchor->bitmap || anchor->lost || cairn_anchor_find_disk (anchor, vm) != adopting->disk)
        continue;
      ok = tracker->ops->changes (tracker, vm, &question, 1, adopting->deadline, error);
      if (ok && question.judgement.verdict == CAIRN_VERDICT_TRACKED)
        *extents = g_steal_pointer (&question.extents);
      cairn_question_clear (&question);
      return ok;
    }
  return TRUE;
}

gboolean
cairn_adopt_check_evidence (const CairnAdopting *adopting, GError **error)
{
  CairnStore *store = adopting->service->store;
  g_autoptr (GPtrArray) points
      = store->ops->list_points (store, adopting->operation->vm->guid, error);
  g_autoptr (GArray) extents = NULL;
  const CairnPoint *older = NULL;
  uint64_t offset;

  /* The next older point that can answer says most: the others hold all that it does. */
  for (guint i = points ? points->len : 0; i-- > 0 && !extents;)
    {
      older = points->pdata[i];
      if (older->creation_time_ms < adopting->point->creation_time_ms
          && !ask_older (adopting, older, &extents, error))
        return FALSE;
    }
  if (!extents || cairn_granules_are_touched (adopting->record->granules, extents, &offset))
    return points != NULL;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "image '%s' can't be a copy of disk '%s' as of reference point '%s': it differs at "
               "0x%" PRIx64 ", where nothing was written since the older point '%s'; name the "
               "right one",
               adopting->options->base, adopting->disk->target, adopting->point->instance_id,
               offset, older->instance_id);
  return FALSE;
}
