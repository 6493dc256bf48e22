/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Redefines the checkpoints that libvirt has forgotten, and lists all there are. */
#include "tracker/libvirt/records.h"

#include <string.h>

#include "refpoint/deadline.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/checkpoint.h"
#include "tracker/libvirt/gate.h"

/* ---- what is there ---- */

static void
add_bitmap (CairnInventory *inventory, const CairnDisk *disk, const CairnLibvirtBitmap *found)
{
  CairnFoundBitmap *bitmap = g_new0 (CairnFoundBitmap, 1);

  bitmap->disk = disk;
  bitmap->name = g_strdup (found->name);
  bitmap->is_in_use = found->is_inconsistent;
  bitmap->is_recording = found->is_recording;
  g_ptr_array_add (inventory->bitmaps, bitmap);
}

static int
compare_bitmaps (gconstpointer a, gconstpointer b)
{
  const CairnFoundBitmap *left = *(const CairnFoundBitmap *const *)a;
  const CairnFoundBitmap *right = *(const CairnFoundBitmap *const *)b;
  int by_disk = strcmp (left->disk->target, right->disk->target);

  return by_disk ? by_disk : strcmp (left->name, right->name);
}

static gboolean
has_bitmap (const CairnLibvirtLook *look)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      if (g_hash_table_size (((CairnLibvirtLayer *)disk->layers->pdata[0])->bitmaps) > 0)
        return TRUE;
    }
  return FALSE;
}

/* While a VM is on its way, its QEMU doesn't know the bitmaps. */
static gboolean
check_open (const CairnLibvirtLook *look, GError **error)
{
  if (!look->is_arriving && (!look->is_dormant || has_bitmap (look)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "the bitmaps of VM '%s' can't be listed while it migrates, or after that before it "
               "runs; resume it if it's paused, and try again",
               look->description->name);
  return FALSE;
}

/* The active layers' bitmaps of a running domain. */
static CairnInventory *
take_running (CairnLibvirtLook *look, const CairnVm *vm, GError **error)
{
  g_autoptr (CairnInventory) inventory = cairn_inventory_new ();

  if (!cairn_libvirt_look_read_bitmaps (look, error) || !check_open (look, error))
    return NULL;
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];
      const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
      const CairnLibvirtLayer *active = found ? found->layers->pdata[0] : NULL;
      GHashTableIter each;
      gpointer bitmap;

      if (!found)
        continue;
      g_hash_table_iter_init (&each, active->bitmaps);
      while (g_hash_table_iter_next (&each, NULL, &bitmap))
        add_bitmap (inventory, disk, bitmap);
    }
  g_ptr_array_sort (inventory->bitmaps, compare_bitmaps);
  return g_steal_pointer (&inventory);
}

static CairnInventory *
take_bitmaps (CairnLibvirtTracker *self, const CairnVm *vm, int64_t deadline, GError **error)
{
  CairnTracker *offline = self->offline;
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at_running (self, vm, &cause);

  if (look)
    return cairn_deadline_check (deadline, error) ? take_running (look, vm, error) : NULL;
  if (!cause)
    return offline->ops->take_inventory (offline, vm, deadline, error);
  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

CairnInventory *
cairn_libvirt_take_inventory (CairnTracker *tracker, const CairnVm *vm, int64_t deadline,
                              GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  g_autoptr (CairnInventory) inventory = take_bitmaps (self, vm, deadline, error);
  CairnLibvirtLook *look = inventory ? cairn_libvirt_look_at (self, vm, error) : NULL;

  if (!look || !cairn_libvirt_checkpoint_take_records (look, inventory->records, error))
    return NULL;
  inventory->has_records = TRUE;
  if (look->is_running)
    inventory->leftover_job = cairn_libvirt_backup_find_leftover (self->libvirt, look);
  return g_steal_pointer (&inventory);
}

gboolean
cairn_libvirt_drop_record (CairnTracker *tracker, const CairnVm *vm, const char *name,
                           GError **error)
{
  CairnLibvirtLook *look = cairn_libvirt_look_at ((CairnLibvirtTracker *)tracker, vm, error);

  return look && cairn_libvirt_checkpoint_delete (look, name, TRUE, NULL, error);
}

/* ---- settling ---- */

static const CairnPoint *
first_unknown (const GPtrArray *points, GHashTable *known)
{
  for (guint i = 0; i < points->len; i++)
    if (!g_hash_table_contains (known, ((CairnPoint *)points->pdata[i])->guid))
      return points->pdata[i];
  return NULL;
}

/* Targets of the disks that have a whole bitmap NAME. */
static GPtrArray *
holders_of (const CairnInventory *inventory, const char *name)
{
  GPtrArray *targets = g_ptr_array_new ();

  for (guint i = 0; i < inventory->bitmaps->len; i++)
    {
      const CairnFoundBitmap *bitmap = inventory->bitmaps->pdata[i];

      if (strcmp (bitmap->name, name) == 0 && !bitmap->is_in_use && bitmap->is_recording)
        g_ptr_array_add (targets, bitmap->disk->target);
    }
  return targets;
}

/* Validating asks QEMU for its bitmaps. */
static gboolean
redefine (CairnLibvirtLook *look, const CairnLibvirtCheckpoint *checkpoint, GError **error)
{
  gboolean ok;

  if (!look->is_running)
    return cairn_libvirt_checkpoint_redefine (look, checkpoint, error);
  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = cairn_libvirt_checkpoint_redefine (look, checkpoint, error);
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

/* Redefines what is unknown, oldest first; each follows the next older one that libvirt knows. The
 * first failure is the error; the others are tried all the same. */
static gboolean
redefine_unknown (CairnLibvirtLook *look, const GPtrArray *points, GHashTable *known,
                  const CairnInventory *inventory, GPtrArray *added, GError **error)
{
  const char *parent = NULL;
  gboolean ok = TRUE;

  for (guint i = 0; i < points->len; i++)
    {
      const CairnPoint *point = points->pdata[i];
      g_autoptr (GPtrArray) targets = NULL;
      CairnLibvirtCheckpoint checkpoint
          = { .name = point->guid, .parent = parent, .creation_time_ms = point->creation_time_ms };

      if (!g_hash_table_contains (known, point->guid))
        {
          checkpoint.targets = targets = holders_of (inventory, point->guid);
          /* Without a bitmap it would be a ghost, which spoils libvirt's backups. */
          if (targets->len == 0)
            continue;
          if (!redefine (look, &checkpoint, ok ? error : NULL))
            {
              ok = FALSE;
              continue;
            }
          g_ptr_array_add (added, g_strdup (point->guid));
        }
      parent = point->guid;
    }
  return ok;
}

gboolean
cairn_libvirt_lacks_record (CairnTracker *tracker, const CairnVm *vm, const char *name)
{
  CairnLibvirtLook *look = cairn_libvirt_look_at ((CairnLibvirtTracker *)tracker, vm, NULL);

  return look && !cairn_libvirt_checkpoint_is_known (look, name);
}

static GHashTable *
known_names (const CairnLibvirtLook *look, GError **error)
{
  g_autoptr (GPtrArray) names = cairn_libvirt_checkpoint_list (look, error);
  GHashTable *known;

  if (!names)
    return NULL;
  known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < names->len; i++)
    g_hash_table_add (known, g_strdup (names->pdata[i]));
  return known;
}

gboolean
cairn_libvirt_settle (CairnTracker *tracker, const CairnVm *vm, const GPtrArray *points,
                      GPtrArray *added, int64_t deadline, GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  CairnLibvirtLook *look = cairn_libvirt_look_at (self, vm, error);
  g_autoptr (GHashTable) known = look ? known_names (look, error) : NULL;
  g_autoptr (CairnInventory) inventory = NULL;

  if (!known)
    return FALSE;
  if (!first_unknown (points, known))
    return TRUE;
  if (!cairn_libvirt_look_require_here (look, error))
    return FALSE;
  inventory = take_bitmaps (self, vm, deadline, error);
  return inventory && redefine_unknown (look, points, known, inventory, added, error);
}
