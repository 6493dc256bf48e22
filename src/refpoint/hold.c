/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freezes a VM and holds it. */
#include "refpoint/hold.h"

#include <string.h>
#include <unistd.h>

#include "refpoint/create.h"
#include "refpoint/guid.h"
#include "refpoint/snapshots.h"

/* How long the owner of a checkpoint's end waits for the VM: other operations take seconds. */
#define GIVE_UP_MS 30000
#define PAUSE_US   50000

/* ---- the freeze ---- */

typedef struct
{
  CairnHold *hold;
  const char *const *bases;
} Freeze;

static gboolean
freeze (CairnTracker *tracker, const CairnBitmapOrder *order, gpointer user, GError **error)
{
  const Freeze *one = user;

  one->hold->frozen
      = tracker->ops->freeze (tracker, order, one->hold->vm->disks, one->bases, error);
  return one->hold->frozen != NULL;
}

static CairnFrozenDisk *
frozen_disk (const CairnDisk *disk, const CairnFrozen *frozen, guint index)
{
  CairnFrozenDisk *ours = g_new0 (CairnFrozenDisk, 1);

  ours->identifier = g_strdup (disk->identifier);
  ours->target = g_strdup (disk->target);
  ours->address = g_strdup (frozen->addresses->pdata[index]);
  ours->virtual_size_bytes = ((CairnView *)frozen->views->pdata[index])->size_bytes;
  return ours;
}

static void
complete (CairnStoreChange *change, gpointer user)
{
  CairnHold *hold = ((Freeze *)user)->hold;

  for (guint i = 0; i < hold->vm->disks->len; i++)
    g_ptr_array_add (hold->snapshot->disks,
                     frozen_disk (hold->vm->disks->pdata[i], hold->frozen, i));
  change->put_snapshot = hold->snapshot;
}

static void
end_view (gpointer user)
{
  CairnHold *hold = ((Freeze *)user)->hold;

  if (hold->frozen)
    hold->frozen->end (g_steal_pointer (&hold->frozen));
}

/* ---- beginning ---- */

static gboolean
require_none (const CairnOperation *operation, GError **error)
{
  CairnStore *store = operation->service->store;
  g_autoptr (GPtrArray) others = store->ops->list_snapshots (store, operation->vm->guid, error);
  const CairnSnapshot *other;

  if (!others || others->len == 0)
    return others != NULL;
  other = others->pdata[0];
  if (other->expires_ms == 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                   "VM '%s' is being backed up by process %" G_GINT64_FORMAT
                   "; wait for its end, then try again",
                   operation->vm->name, other->holder_pid);
      return FALSE;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "VM '%s' has recovery checkpoint '%s', which process %" G_GINT64_FORMAT
               " holds; wait for its end, or end it with `cairn convert` or `cairn discard`",
               operation->vm->name, other->instance_id, other->holder_pid);
  return FALSE;
}

/* An encrypted disk's data would be read in the clear. */
static gboolean
require_plain (const CairnVm *vm, GError **error)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];

      if (!disk->key)
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "disk '%s' of VM '%s' is encrypted, and such disks can't be held or backed up "
                   "yet, since their data would lie there in the clear; copy it by other means",
                   disk->target, vm->name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
prepare (CairnHold *hold, CairnOperation *operation, const CairnFreezeOptions *options,
         CairnPointType type, GPtrArray *tracked, GPtrArray **verdicts, GError **error)
{
  const CairnCreateOptions create
      = { .consistency = options->consistency, .owner = options->owner, .label = options->label };
  CairnStore *store = hold->service->store;
  CairnPoint *point = hold->snapshot->point;

  if (!cairn_create_check (&create, error)
      || !cairn_create_prepare (operation, &create, point, tracked, verdicts, error))
    return FALSE;
  point->type = type;
  point->has_associated_data = type == CAIRN_POINT_TYPE_LOG;
  hold->snapshot->instance_id = cairn_snapshot_id_format (point->guid);
  hold->snapshot->holder_pid = getpid ();
  if (options->lease_ms >= 0)
    hold->snapshot->expires_ms = g_get_real_time () / 1000
                                 + (options->lease_ms ? options->lease_ms : CAIRN_LEASE_DEFAULT_MS);
  hold->lock
      = store->ops->lock_vm (store, hold->snapshot->point->guid, g_get_monotonic_time (), error);
  return hold->lock != NULL;
}

void
cairn_hold_leave_out_media (CairnOperation *operation)
{
  GPtrArray *disks = operation->vm->disks;

  for (guint i = disks->len; i > 0; i--)
    if (((const CairnDisk *)disks->pdata[i - 1])->is_medium)
      g_ptr_array_remove_index (disks, i - 1);
}

CairnHold *
cairn_hold_begin (CairnOperation *operation, const CairnFreezeOptions *options, CairnPointType type,
                  const CairnBase *base, GPtrArray **verdicts, GError **error)
{
  g_autoptr (CairnHold) hold = g_new0 (CairnHold, 1);
  g_autoptr (GPtrArray) tracked = g_ptr_array_new ();
  g_autoptr (GPtrArray) unasked = NULL;
  g_autofree const char **bases = cairn_base_bitmaps (base);
  Freeze one = { .hold = hold, .bases = bases };
  const CairnAnchoring anchoring
      = { .add = freeze, .complete = complete, .take_back = end_view, .user = &one };

  hold->service = operation->service;
  hold->vm = cairn_vm_copy (operation->vm);
  hold->snapshot = cairn_snapshot_new ();
  if (!require_none (operation, error) || !require_plain (operation->vm, error)
      || !prepare (hold, operation, options, type, tracked, verdicts ? verdicts : &unasked, error))
    return NULL;
  if (cairn_create_anchor (operation, hold->snapshot->point, tracked, &anchoring, error))
    return g_steal_pointer (&hold);
  /* They aren't why. */
  if (verdicts)
    g_clear_pointer (verdicts, g_ptr_array_unref);
  return NULL;
}

/* ---- ending ---- */

void
cairn_hold_end (CairnHold *hold)
{
  CairnStore *store;

  if (!hold)
    return;
  store = hold->service->store;
  if (hold->frozen)
    hold->frozen->end (hold->frozen);
  if (hold->lock)
    store->ops->unlock_vm (hold->lock);
  cairn_snapshot_free (hold->snapshot);
  cairn_vm_free (hold->vm);
  g_free (hold);
}

void
cairn_hold_give_up (CairnHold *hold)
{
  CairnService *service = hold->service;
  int64_t end = g_get_monotonic_time () + GIVE_UP_MS * G_TIME_SPAN_MILLISECOND;
  g_autoptr (CairnHold) ended = hold;
  g_autoptr (CairnOperation) operation = NULL;

  hold->frozen->end (g_steal_pointer (&hold->frozen));
  /* Who ends it from elsewhere has the VM's lock, and waits for us. */
  while (cairn_snapshot_is_there (service, hold->snapshot))
    {
      operation = cairn_operation_begin_without_vm (service, hold->vm->guid, end, NULL);
      if (operation || g_get_monotonic_time () >= end)
        break;
      g_usleep (PAUSE_US);
    }
  /* With the VM's lock nobody else takes it for abandoned. */
  if (operation)
    service->store->ops->unlock_vm (g_steal_pointer (&hold->lock));
  if (operation && cairn_snapshot_is_there (service, hold->snapshot))
    cairn_snapshot_remove (service, hold->snapshot, NULL);
}
