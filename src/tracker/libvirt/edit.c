/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds bitmaps to a running domain by a checkpoint, and removes them. */
#include "tracker/libvirt/edit.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "refpoint/deadline.h"
#include "tracker/libvirt/checkpoint.h"
#include "tracker/libvirt/freeze.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/monitor.h"

/* ---- adding ---- */

/* Every one of DISKS can take a bitmap of that name. */
static gboolean
check_disks (const CairnLibvirtLook *look, const CairnBitmapOrder *order, GError **error)
{
  for (guint i = 0; i < order->disks->len; i++)
    {
      const CairnDisk *disk = order->disks->pdata[i];
      const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
      const CairnLibvirtLayer *active = found ? found->layers->pdata[0] : NULL;

      if (!found)
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                     "disk '%s' isn't attached to VM '%s' any more; try again", disk->target,
                     look->description->name);
      else if (g_hash_table_contains (active->bitmaps, order->name))
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                     "image '%s' has a bitmap '%s' already; remove that first", active->path,
                     order->name);
      else
        continue;
      return FALSE;
    }
  return TRUE;
}

/* Whether each disk has the bitmap, recording, as libvirt said it would. */
static gboolean
verify (CairnLibvirtLook *look, const CairnBitmapOrder *order, GError **error)
{
  cairn_libvirt_look_forget_bitmaps (look);
  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return FALSE;
  for (guint i = 0; i < order->disks->len; i++)
    {
      const CairnDisk *disk = order->disks->pdata[i];
      const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
      const CairnLibvirtLayer *active = found->layers->pdata[0];
      const CairnLibvirtBitmap *bitmap = g_hash_table_lookup (active->bitmaps, order->name);

      if (bitmap && bitmap->is_recording && bitmap->is_persistent)
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "VM '%s': libvirt made checkpoint '%s', but disk '%s' has no bitmap of it that "
                   "records; check the versions of libvirt and QEMU",
                   look->description->name, order->name, disk->target);
      return FALSE;
    }
  return TRUE;
}

static GPtrArray *
targets_of (const GPtrArray *disks)
{
  GPtrArray *targets = g_ptr_array_new ();

  for (guint i = 0; i < disks->len; i++)
    g_ptr_array_add (targets, ((CairnDisk *)disks->pdata[i])->target);
  return targets;
}

static gboolean
delete_in_gate (CairnLibvirtLook *look, const char *name, GError **error)
{
  gboolean ok;

  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = cairn_libvirt_checkpoint_delete (look, name, FALSE, NULL, error);
  cairn_libvirt_gate_leave (look->libvirt);
  cairn_libvirt_look_forget_bitmaps (look);
  return ok;
}

void
cairn_libvirt_undo_add (CairnLibvirtLook *look, const char *name, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *first = NULL;

  if (delete_in_gate (look, name, &cause))
    return;
  first = g_strdup (error && *error ? (*error)->message : "the point can't be made");
  g_clear_error (error);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_STATUS_UNKNOWN,
               "%s; what was made can't be removed (%s), which the next command tries again", first,
               cause->message);
}

char *
cairn_libvirt_order_xml (const CairnLibvirtLook *look, const CairnBitmapOrder *order)
{
  g_autoptr (GPtrArray) targets = targets_of (order->disks);
  CairnLibvirtCheckpoint checkpoint
      = { .name = order->name, .creation_time_ms = -1, .targets = targets };

  return cairn_libvirt_checkpoint_xml (look, &checkpoint);
}

static gboolean
make_checkpoint (CairnLibvirtLook *look, const CairnBitmapOrder *order, gpointer user,
                 GError **error)
{
  g_autoptr (GPtrArray) targets = targets_of (order->disks);
  CairnLibvirtCheckpoint checkpoint
      = { .name = order->name, .creation_time_ms = -1, .targets = targets };

  return cairn_libvirt_checkpoint_create (look, &checkpoint, error);
}

/* How an order's checkpoint is made. */
typedef struct
{
  CairnLibvirtMakeFunc make;
  gpointer user;
} Making;

/* With the guest frozen for as long as libvirt takes, when that is asked for. */
static gboolean
make_frozen (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnBitmapOrder *order,
             const Making *making, GError **error)
{
  CairnLibvirtFreeze *freeze = NULL;
  gboolean made;

  if (order->freezes)
    {
      freeze = cairn_libvirt_freeze (self->libvirt, look, order->deadline, error);
      if (!freeze)
        return FALSE;
    }
  made = making->make (look, order, making->user, error);
  /* A guest that thawed by itself meanwhile was not frozen at that moment. */
  if (freeze && !cairn_libvirt_thaw (freeze, made ? error : NULL) && made)
    {
      cairn_libvirt_undo_add (look, order->name, error);
      made = FALSE;
    }
  return made;
}

static gboolean
add_in_gate (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnBitmapOrder *order,
             const Making *making, GError **error)
{
  if (!cairn_libvirt_look_read_bitmaps (look, error) || !check_disks (look, order, error)
      || !cairn_deadline_check (order->deadline, error)
      || !make_frozen (self, look, order, making, error))
    return FALSE;
  if (verify (look, order, error) && cairn_deadline_check (order->deadline, error))
    return TRUE;
  cairn_libvirt_undo_add (look, order->name, error);
  return FALSE;
}

gboolean
cairn_libvirt_add (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnBitmapOrder *order,
                   CairnLibvirtMakeFunc make, gpointer user, GError **error)
{
  const Making making = { make ? make : make_checkpoint, user };
  gboolean ok;

  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = add_in_gate (self, look, order, &making, error);
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

/* ---- removing ---- */

static gboolean
is_given (const GPtrArray *disks, const char *target)
{
  for (guint i = 0; i < disks->len; i++)
    if (strcmp (((CairnDisk *)disks->pdata[i])->target, target) == 0)
      return TRUE;
  return FALSE;
}

/* A recovery knows images by their paths only. */
static gboolean
is_given_path (const GPtrArray *disks, const CairnLibvirtDisk *found)
{
  for (guint i = 0; i < disks->len; i++)
    for (guint k = 0; k < found->layers->len; k++)
      if (strcmp (((CairnDisk *)disks->pdata[i])->path,
                  ((CairnLibvirtLayer *)found->layers->pdata[k])->path)
          == 0)
        return TRUE;
  return FALSE;
}

/* Where bitmap NAME is, among DISKS and elsewhere. */
typedef struct
{
  GPtrArray *nodes; /* of char *: nodes of the given disks that have it, borrowed */
  gboolean is_elsewhere;
  gboolean is_deep; /* below an active layer */
  const char *busy; /* a disk on which a job works with it */
} Holders;

static void
find_holders (const CairnLibvirtLook *look, const GPtrArray *disks, const char *name,
              Holders *holders)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *found = look->description->disks->pdata[i];
      gboolean given = is_given (disks, found->target) || is_given_path (disks, found);

      for (guint k = 0; k < found->layers->len; k++)
        {
          const CairnLibvirtLayer *layer = found->layers->pdata[k];
          const CairnLibvirtBitmap *bitmap = g_hash_table_lookup (layer->bitmaps, name);

          if (!bitmap)
            continue;
          holders->is_elsewhere = holders->is_elsewhere || !given;
          holders->is_deep = holders->is_deep || (given && k > 0);
          if (given && bitmap->is_busy)
            holders->busy = found->target;
          if (given)
            g_ptr_array_add (holders->nodes, layer->node);
        }
    }
}

static JsonNode *
removal_of (const GPtrArray *nodes, const char *name)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "actions");
  json_builder_begin_array (builder);
  for (guint i = 0; i < nodes->len; i++)
    {
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "type");
      json_builder_add_string_value (builder, "block-dirty-bitmap-remove");
      json_builder_set_member_name (builder, "data");
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "node");
      json_builder_add_string_value (builder, nodes->pdata[i]);
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, name);
      json_builder_end_object (builder);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* All of NODES in one transaction. */
static gboolean
remove_from_nodes (const CairnLibvirtLook *look, const GPtrArray *nodes, const char *name,
                   GError **error)
{
  g_autoptr (JsonNode) answer = NULL;

  if (nodes->len == 0)
    return TRUE;
  answer = cairn_libvirt_monitor_call (look->domain, look->description->name, "transaction",
                                       removal_of (nodes, name), error);
  return answer != NULL;
}

static gboolean
remove_held (CairnLibvirtLook *look, const Holders *holders, const char *name, GError **error)
{
  gboolean found = FALSE;

  /* libvirt opens images below the active one for writing; nobody else can. */
  if (!holders->is_elsewhere && holders->nodes->len > 0
      && cairn_libvirt_checkpoint_delete (look, name, FALSE, &found,
                                          holders->is_deep ? error : NULL)
      && found)
    return TRUE;
  if (found && holders->is_deep)
    return FALSE;
  return remove_from_nodes (look, holders->nodes, name, error)
         && (holders->is_elsewhere
             || cairn_libvirt_checkpoint_delete (look, name, TRUE, NULL, error));
}

static gboolean
check_holders (const CairnLibvirtLook *look, const Holders *holders, const char *name,
               GError **error)
{
  if (holders->busy)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "bitmap '%s' of disk '%s' of VM '%s' is used by a backup that is running; wait "
                 "for its end, and try again",
                 name, holders->busy, look->description->name);
  else if (look->is_dormant && holders->nodes->len == 0)
    g_set_error (
        error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
        "bitmap '%s' of VM '%s', which is paused since it migrated or was restored, may be there "
        "once QEMU reads its images; resume the VM, and try again",
        name, look->description->name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
remove_in_gate (CairnLibvirtLook *look, const GPtrArray *disks, const char *name, GError **error)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  Holders holders = { .nodes = nodes };
  gboolean ok;

  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return FALSE;
  find_holders (look, disks, name, &holders);
  if (!check_holders (look, &holders, name, error))
    return FALSE;
  ok = remove_held (look, &holders, name, error);
  cairn_libvirt_look_forget_bitmaps (look);
  return ok;
}

gboolean
cairn_libvirt_remove (CairnLibvirtLook *look, const GPtrArray *disks, const char *name,
                      GError **error)
{
  gboolean ok;

  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  cairn_libvirt_look_forget_bitmaps (look); /* they may have changed while we waited */
  ok = remove_in_gate (look, disks, name, error);
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

/* ---- shut off ---- */

static gboolean
is_elsewhere (const CairnInventory *inventory, const GPtrArray *disks, const char *name)
{
  for (guint i = 0; i < inventory->bitmaps->len; i++)
    {
      const CairnFoundBitmap *bitmap = inventory->bitmaps->pdata[i];

      if (strcmp (bitmap->name, name) == 0 && !is_given (disks, bitmap->disk->target))
        return TRUE;
    }
  return FALSE;
}

void
cairn_libvirt_forget_unused (CairnLibvirtTracker *self, const CairnVm *vm, const GPtrArray *disks,
                             const char *name)
{
  CairnLibvirtLook *look = cairn_libvirt_look_at (self, vm, NULL);
  g_autoptr (CairnInventory) inventory = NULL;

  if (!look)
    return;
  if (disks->len < vm->disks->len)
    inventory = self->offline->ops->take_inventory (self->offline, vm, G_MAXINT64, NULL);
  if (!inventory || !is_elsewhere (inventory, disks, name))
    cairn_libvirt_checkpoint_delete (look, name, TRUE, NULL, NULL);
}
