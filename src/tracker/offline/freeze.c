/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds images still by lock bytes on descriptors of our own. */
#include "tracker/offline/freeze.h"

#include <fcntl.h>
#include <unistd.h>

#include "tracker/offline/claim.h"
#include "tracker/offline/image.h"
#include "tracker/offline/locks.h"
#include "tracker/offline/look.h"
#include "tracker/offline/view.h"

#define PAUSE_US       10000

#define DENIES_WRITING 201

typedef struct
{
  CairnFrozen frozen;
  GPtrArray *disks; /* of CairnDisk, owned */
  GArray *fds;      /* of int: each has the lock bytes of one image */
} Held;

/* Read-locked by who reads, and by who denies writing and resizing. */
static gboolean
place_bytes (int fd)
{
  static const off_t bytes[] = { 100, DENIES_WRITING, 203 };

  for (size_t i = 0; i < G_N_ELEMENTS (bytes); i++)
    {
      struct flock wanted
          = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = bytes[i], .l_len = 1 };

      if (fcntl (fd, F_OFD_SETLK, &wanted) != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
hold_file (Held *held, const char *path, int64_t deadline, GError **error)
{
  int64_t patience = MIN (g_get_monotonic_time () + CAIRN_IMAGE_LOCK_MS * 1000, deadline);
  uint64_t file_bytes;
  int fd = cairn_image_open_file (path, &file_bytes, error);

  if (fd < 0)
    return g_prefix_error (error, "image '%s': ", path), FALSE;
  g_array_append_val (held->fds, fd);
  for (;;)
    {
      gboolean is_written = TRUE;

      /* Bytes first, then the look: of two who come at once at least one sees the other. */
      if (place_bytes (fd) && !cairn_image_lock_is_held (fd, &is_written, error))
        return g_prefix_error (error, "image '%s': ", path), FALSE;
      if (!is_written)
        return TRUE;
      if (g_get_monotonic_time () >= patience)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE, CAIRN_BUSY_REASON, path);
          return FALSE;
        }
      g_usleep (PAUSE_US);
    }
}

/* Nobody writes meanwhile: what the bitmap has now it had at the moment. */
static gboolean
tell_changes (CairnFrozen *frozen, guint index, const CairnAnchor *anchor, GArray **extents,
              CairnJudgement *judgement, int64_t deadline, GError **error)
{
  const Held *held = (Held *)frozen;

  return cairn_offline_changes (held->disks->pdata[index], anchor, 0, UINT64_MAX, extents,
                                judgement, deadline, error);
}

static void
end_hold (CairnFrozen *frozen)
{
  Held *held = (Held *)frozen;

  for (guint i = 0; i < frozen->views->len; i++)
    {
      CairnView *view = frozen->views->pdata[i];

      view->ops->close (view);
    }
  for (guint i = 0; i < held->fds->len; i++)
    close (g_array_index (held->fds, int, i));
  g_ptr_array_unref (frozen->views);
  g_ptr_array_unref (frozen->addresses);
  g_ptr_array_unref (held->disks);
  g_array_unref (held->fds);
  g_free (held);
}

/* The view is opened once more under the lock: what was read of the image's tables before it may be
 * old. */
static gboolean
hold_disk (Held *held, const CairnDisk *disk, int64_t deadline, GError **error)
{
  CairnView *view = cairn_offline_view_disk (disk, deadline, error);
  gboolean ok = view != NULL;

  for (guint i = 0; ok && view->paths && i < view->paths->len; i++)
    ok = hold_file (held, view->paths->pdata[i], deadline, error);
  if (view)
    view->ops->close (view);
  view = ok ? cairn_offline_view_disk (disk, INT64_MAX, error) : NULL;
  if (view)
    {
      g_ptr_array_add (held->frozen.views, view);
      g_ptr_array_add (held->frozen.addresses, g_strdup (disk->path));
      g_ptr_array_add (held->disks, cairn_disk_copy (disk));
    }
  return view != NULL;
}

CairnFrozen *
cairn_offline_hold (const GPtrArray *disks, int64_t deadline, GError **error)
{
  Held *held = g_new0 (Held, 1);

  held->frozen.views = g_ptr_array_new ();
  held->frozen.addresses = g_ptr_array_new_with_free_func (g_free);
  held->frozen.changes = tell_changes;
  held->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  held->frozen.end = end_hold;
  held->fds = g_array_new (FALSE, FALSE, sizeof (int));
  for (guint i = 0; i < disks->len; i++)
    if (!hold_disk (held, disks->pdata[i], deadline, error))
      {
        end_hold (&held->frozen);
        return NULL;
      }
  return &held->frozen;
}

/* ---- what another holds ---- */

static gboolean
fail_not_held (const char *path, const char *name, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "image '%s' isn't held for '%s' any more: that was ended, or the VM ran meanwhile; "
               "discard it, and freeze the VM once more",
               path, name);
  return FALSE;
}

/* Whether another open file denies writing. */
static gboolean
is_held (const char *path, GError **error)
{
  struct flock wanted
      = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = DENIES_WRITING, .l_len = 1 };
  uint64_t file_bytes;
  int fd = cairn_image_open_file (path, &file_bytes, error);
  gboolean held;

  if (fd < 0)
    return g_prefix_error (error, "image '%s': ", path), FALSE;
  held = fcntl (fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
  close (fd);
  return held;
}

/* The bitmap was added at the moment. */
static gboolean
look_for_changes (const CairnDisk *disk, uint64_t size_bytes, const char *name, int64_t deadline,
                  gboolean *unchanged, GError **error)
{
  g_autoptr (CairnAnchor) anchor = cairn_anchor_new ();
  g_autoptr (GArray) extents = NULL;
  CairnJudgement judgement = { 0 };
  gboolean ok;

  anchor->path = g_strdup (disk->path);
  anchor->format = g_strdup ("qcow2");
  anchor->bitmap = g_strdup (name);
  anchor->virtual_size_bytes = size_bytes;
  anchor->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  ok = cairn_offline_changes (disk, anchor, 0, UINT64_MAX, &extents, &judgement, deadline, error);
  *unchanged = !extents || extents->len == 0;
  cairn_judgement_clear (&judgement);
  return ok;
}

static gboolean
require_disk_held (const CairnDisk *disk, const char *name, int64_t deadline, GError **error)
{
  CairnView *view = cairn_offline_view_disk (disk, deadline, error);
  gboolean ok = view != NULL, unchanged = TRUE;

  for (guint i = 0; ok && view->paths && i < view->paths->len; i++)
    {
      g_autoptr (GError) cause = NULL;

      ok = is_held (view->paths->pdata[i], &cause);
      if (cause)
        g_propagate_error (error, g_steal_pointer (&cause));
      else if (!ok)
        fail_not_held (view->paths->pdata[i], name, error);
    }
  ok = ok && look_for_changes (disk, view->size_bytes, name, deadline, &unchanged, error)
       && (unchanged || fail_not_held (disk->path, name, error));
  if (view)
    view->ops->close (view);
  return ok;
}

CairnFrozen *
cairn_offline_open_held (const GPtrArray *disks, const char *name, int64_t deadline, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    if (!require_disk_held (disks->pdata[i], name, deadline, error))
      return NULL;
  return cairn_offline_hold (disks, deadline, error);
}
