/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds a running domain's disks still, and reads what is held. */
#include "tracker/libvirt/hold.h"

#include <string.h>

#include "nbd/view.h"
#include "refpoint/deadline.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/changes.h"
#include "tracker/libvirt/edit.h"
#include "tracker/libvirt/job.h"
#include "tracker/libvirt/judge.h"
#include "tracker/libvirt/moved.h"
#include "tracker/libvirt/place.h"
#include "tracker/libvirt/reading.h"
#include "tracker/libvirt/room.h"

/* QEMU's server is one thread, which also serves the guest. Measured with a guest that writes
 * 64 KiB to the same places as fast as it can, on two processors: of its rate remain 90% with one
 * reader and 8 requests under way, 85% with 16, 70% with two readers; while it rests, 500 MiB of
 * changes take 0.71 s, 0.67 and 0.62. Where it writes for the first time since the moment, QEMU
 * keeps what was there, which takes three times as long, whoever reads. */
#define N_READERS   1u
#define N_IN_FLIGHT 8u

typedef struct
{
  CairnFrozen frozen;
  CairnLibvirtTracker *self;  /* borrowed */
  CairnLibvirtBackup *backup; /* NULL = another's */
  char *vm_guid;
  char *vm_name;
  char *name; /* of the freeze */
  char *socket;
  GPtrArray *disks; /* of CairnDisk, owned */
} Held;

/* ---- is it there ---- */

static gboolean
is_held (const Held *held, const CairnLibvirtLook *look)
{
  g_autofree char *name = NULL;

  return look->is_running && cairn_libvirt_is_held (held->self->libvirt, look, &name)
         && strcmp (name, held->name) == 0;
}

static gboolean
fail_not_held (const Held *held, GError **error)
{
  g_set_error (
      error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
      "the disks of VM '%s' aren't held for '%s' any more: it was ended, or the VM stopped "
      "meanwhile; discard it, and freeze the VM once more",
      held->vm_name, held->name);
  return FALSE;
}

static gboolean
require_held (const Held *held, const CairnLibvirtLook *look, GError **error)
{
  return is_held (held, look) || fail_not_held (held, error);
}

/* CAUSE, which is taken, made a reading fail: because nothing is held any more, or is just being
 * ended, if so. */
static gboolean
fail_to_read (const Held *held, const CairnLibvirtLook *look, GError *cause, GError **error)
{
  if (cause->code != CAIRN_ERROR_SYSTEM_NOT_AVAILABLE && is_held (held, look))
    return g_propagate_error (error, cause), FALSE;
  g_error_free (cause);
  return fail_not_held (held, error);
}

/* As it is now: the last look may be hours old, and another domain's by now. */
static CairnLibvirtLook *
look_at_held (const Held *held, GError **error)
{
  g_autoptr (CairnLibvirtLook) look
      = cairn_libvirt_look_find (held->self->libvirt, held->vm_guid, error);

  return look && require_held (held, look, error) ? g_steal_pointer (&look) : NULL;
}

static gboolean
lasts (CairnFrozen *frozen)
{
  const Held *held = (Held *)frozen;
  g_autoptr (GError) cause = NULL;
  g_autoptr (CairnLibvirtLook) look
      = cairn_libvirt_look_find (held->self->libvirt, held->vm_guid, &cause);

  if (!look)
    return cause->code != CAIRN_ERROR_INVALID_PARAMETER;
  return is_held (held, look)
         || cairn_libvirt_job_find (look->domain, held->socket) == CAIRN_LIBVIRT_JOB_UNTOLD;
}

static gboolean
may_last (CairnFrozen *frozen, GError **error)
{
  const Held *held = (Held *)frozen;

  return !held->backup
         || cairn_libvirt_room_check (cairn_libvirt_backup_scratch_places (held->backup),
                                      held->vm_name, error);
}

/* ---- changes ---- */

/* What the job itself serves of the bitmap, as of its moment; NULL without an error when that
 * wasn't among the bases. */
static GArray *
read_served (const Held *held, guint index, const char *bitmap, int64_t deadline, GError **error)
{
  const CairnDisk *disk = held->disks->pdata[index];
  g_autofree char *context = g_strconcat (CAIRN_NBD_DIRTY_PREFIX, bitmap, NULL);
  const char *const contexts[] = { context, NULL };
  g_autoptr (CairnNbdClient) client = cairn_libvirt_connect_held (
      held->self->libvirt, held->vm_guid, held->socket, disk->target, contexts, deadline, error);

  if (!client || !cairn_nbd_client_has_context (client, context))
    return NULL;
  return cairn_nbd_client_dirty (client, context, 0, cairn_nbd_client_size (client), error);
}

static GArray *
read_changes (const Held *held, CairnLibvirtLook *look, guint index, const CairnAnchor *anchor,
              int64_t deadline, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GArray *extents = read_served (held, index, anchor->bitmap, deadline, &cause);

  if (!extents && !cause)
    return cairn_libvirt_read_bitmap (held->self, look, held->disks->pdata[index], anchor, deadline,
                                      error);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  return extents;
}

/* As `judge` does it for one anchor. */
static gboolean
judge (const Held *held, CairnLibvirtLook *look, const CairnDisk *disk, const CairnAnchor *anchor,
       CairnJudgement *judgement, int64_t deadline, GError **error)
{
  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return FALSE;
  cairn_libvirt_judge (look, disk, &anchor, 1, judgement);
  return cairn_deadline_check (deadline, error)
         && cairn_libvirt_confirm_moved (held->self, look, disk, &anchor, 1, judgement, deadline,
                                         error);
}

/* Both are as of the moment, or as of now, if the view is there still afterwards. */
static gboolean
tell_changes (CairnFrozen *frozen, guint index, const CairnAnchor *anchor, GArray **extents,
              CairnJudgement *judgement, int64_t deadline, GError **error)
{
  const Held *held = (Held *)frozen;
  g_autoptr (CairnLibvirtLook) look = look_at_held (held, error);
  GError *cause = NULL;
  g_autoptr (GArray) found = NULL;

  if (!look)
    return FALSE;
  if (!judge (held, look, held->disks->pdata[index], anchor, judgement, deadline, &cause))
    return fail_to_read (held, look, cause, error);
  if (judgement->verdict != CAIRN_VERDICT_TRACKED)
    return TRUE;
  found = read_changes (held, look, index, anchor, deadline, &cause);
  if (!found)
    return fail_to_read (held, look, cause, error);
  if (!require_held (held, look, error))
    return FALSE;
  *extents = g_steal_pointer (&found);
  return TRUE;
}

/* ---- views ---- */

/* Reading takes as long as it takes; who reads gives it up. */
static CairnView *
open_view (const Held *held, const char *target, int64_t deadline, GError **error)
{
  static const char *const contexts[] = { CAIRN_NBD_ALLOCATION, NULL };
  CairnNbdClient *clients[N_READERS] = { NULL };

  for (unsigned i = 0; i < N_READERS; i++)
    {
      clients[i] = cairn_libvirt_connect_held (held->self->libvirt, held->vm_guid, held->socket,
                                               target, contexts, deadline, error);
      if (!clients[i])
        {
          while (i-- > 0)
            cairn_nbd_client_close (clients[i]);
          return NULL;
        }
      cairn_nbd_client_set_deadline (clients[i], INT64_MAX);
      cairn_nbd_client_set_in_flight (clients[i], N_IN_FLIGHT);
    }
  return cairn_nbd_view_new (clients, N_READERS, NULL, NULL);
}

static gboolean
open_views (Held *held, int64_t deadline, GError **error)
{
  g_autofree char *path = g_uri_escape_string (held->socket, "/", FALSE);

  for (guint i = 0; i < held->disks->len; i++)
    {
      const CairnDisk *disk = held->disks->pdata[i];
      CairnView *view = open_view (held, disk->target, deadline, error);

      if (!view)
        return FALSE;
      g_ptr_array_add (held->frozen.views, view);
      g_ptr_array_add (held->frozen.addresses,
                       g_strdup_printf ("nbd+unix:///%s?socket=%s", disk->target, path));
    }
  return TRUE;
}

static void
end_held (CairnFrozen *frozen)
{
  Held *held = (Held *)frozen;

  for (guint i = 0; i < frozen->views->len; i++)
    {
      CairnView *view = frozen->views->pdata[i];

      view->ops->close (view);
    }
  cairn_libvirt_backup_end (held->backup);
  g_ptr_array_unref (frozen->views);
  g_ptr_array_unref (frozen->addresses);
  g_ptr_array_unref (held->disks);
  g_free (held->vm_guid);
  g_free (held->vm_name);
  g_free (held->name);
  g_free (held->socket);
  g_free (held);
}

/* Takes BACKUP over. */
static Held *
held_new (CairnLibvirtTracker *self, const CairnLibvirtLook *look, CairnLibvirtBackup *backup,
          const GPtrArray *disks, const char *name)
{
  Held *held = g_new0 (Held, 1);

  held->frozen.views = g_ptr_array_new ();
  held->frozen.addresses = g_ptr_array_new_with_free_func (g_free);
  held->frozen.changes = tell_changes;
  held->frozen.lasts = lasts;
  held->frozen.may_last = may_last;
  held->frozen.end = end_held;
  held->self = self;
  held->backup = backup;
  held->vm_guid = g_strdup (look->guid);
  held->vm_name = g_strdup (look->description->name);
  held->name = g_strdup (name);
  held->socket = cairn_libvirt_place_socket (self->libvirt, look);
  held->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  for (guint i = 0; i < disks->len; i++)
    g_ptr_array_add (held->disks, cairn_disk_copy (disks->pdata[i]));
  return held;
}

/* ---- freezing ---- */

static gboolean
check_disk (const CairnLibvirtLook *look, const char *target, GError **error)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, target);

  if (!found)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                 "disk '%s' isn't attached to VM '%s' any more; try again", target,
                 look->description->name);
  else if (found->secret)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "disk '%s' of VM '%s' is encrypted, and what is held of such a disk would lie on "
                 "this host in the clear; copy it by other means",
                 target, look->description->name);
  else if (strcmp (found->device, "disk") != 0 && strcmp (found->device, "lun") != 0)
    g_set_error (
        error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
        "disk '%s' of VM '%s' is a %s drive, whose media can't be held still; leave it out", target,
        look->description->name, found->device);
  else
    return TRUE;
  return FALSE;
}

static gboolean
is_whole (const CairnLibvirtLook *look, const char *target, const char *bitmap)
{
  const CairnLibvirtDisk *disk = cairn_libvirt_look_find_disk (look, target);
  const CairnLibvirtLayer *active = disk->layers->pdata[0];
  const CairnLibvirtBitmap *found = g_hash_table_lookup (active->bitmaps, bitmap);

  return found && found->is_recording && !found->is_inconsistent;
}

typedef struct
{
  CairnLibvirtBackup *backup;
  CairnLibvirtBackupOrder *order;
  const char *const *bases;
} Making;

/* Of the bases those that are there: one that isn't would fail all, and be told of by `changes`. */
static const char **
choose_bitmaps (const CairnLibvirtLook *look, const Making *making)
{
  const GPtrArray *targets = making->order->targets;
  const char **bitmaps = g_new0 (const char *, targets->len + 1);

  for (guint i = 0; making->bases && i < targets->len; i++)
    if (making->bases[i] && is_whole (look, targets->pdata[i], making->bases[i]))
      bitmaps[i] = making->bases[i];
  return bitmaps;
}

/* One step for libvirt: the job and the checkpoint. Where libvirt finds something amiss with the
 * bases, the job begins without, and `changes` reads them otherwise. */
static gboolean
make_job (CairnLibvirtLook *look, const CairnBitmapOrder *order, gpointer user, GError **error)
{
  const Making *making = user;
  g_autofree const char **bitmaps = choose_bitmaps (look, making);
  g_autofree char *checkpoint
      = order->disks->len > 0 ? cairn_libvirt_order_xml (look, order) : NULL;
  g_autoptr (GError) cause = NULL;

  making->order->bitmaps = bitmaps;
  making->order->checkpoint_xml = checkpoint;
  if (cairn_libvirt_backup_start (making->backup, look, making->order, &cause))
    return TRUE;
  making->order->bitmaps = NULL;
  if (cause->code != CAIRN_ERROR_INVALID_STATE)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    return cairn_libvirt_backup_start (making->backup, look, making->order, error);
  return FALSE;
}

static gboolean
begin_job (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnBitmapOrder *order,
           CairnLibvirtBackupOrder *wanted, const char *const *bases, CairnLibvirtBackup **backup,
           GError **error)
{
  Making making = { .order = wanted, .bases = bases };

  making.backup = cairn_libvirt_backup_prepare (self->libvirt, look, wanted, error);
  *backup = making.backup;
  return making.backup
         && cairn_libvirt_room_check (cairn_libvirt_backup_scratch_places (making.backup),
                                      look->description->name, error)
         && cairn_libvirt_add (self, look, order, make_job, &making, error);
}

CairnFrozen *
cairn_libvirt_hold (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                    const CairnBitmapOrder *order, const GPtrArray *disks, const char *const *bases,
                    GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  CairnLibvirtBackupOrder wanted
      = { .targets = targets, .is_long = TRUE, .deadline = order->deadline };
  CairnLibvirtBackup *backup = NULL;
  Held *held;

  for (guint i = 0; i < disks->len; i++)
    {
      char *target = ((CairnDisk *)disks->pdata[i])->target;

      if (!check_disk (look, target, error))
        return NULL;
      g_ptr_array_add (targets, target);
    }
  if (!begin_job (self, look, order, &wanted, bases, &backup, error))
    {
      cairn_libvirt_backup_end (backup);
      return NULL;
    }
  held = held_new (self, look, backup, disks, order->name);
  if (cairn_libvirt_backup_mark (backup, order->name, error)
      && open_views (held, order->deadline, error))
    return &held->frozen;
  end_held (&held->frozen);
  if (order->disks->len > 0)
    cairn_libvirt_undo_add (look, order->name, error);
  return NULL;
}

CairnFrozen *
cairn_libvirt_open_held (CairnLibvirtTracker *self, CairnLibvirtLook *look, const GPtrArray *disks,
                         const char *name, int64_t deadline, GError **error)
{
  Held *held = held_new (self, look, NULL, disks, name);
  GError *cause = NULL;
  gboolean ok = require_held (held, look, error);

  if (ok && !open_views (held, deadline, &cause))
    ok = fail_to_read (held, look, cause, error);
  /* Looked at once more afterwards: the next job's views would be others. */
  if (ok && require_held (held, look, error))
    return &held->frozen;
  end_held (&held->frozen);
  return NULL;
}
