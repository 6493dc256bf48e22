/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes together what doctor has to know of one VM. */
#include "refpoint/adoption.h"
#include "refpoint/diagnosis.h"

#include "refpoint/attachment.h"
#include "refpoint/doctor.h"

static void
fault_free (CairnFault *fault)
{
  g_free (fault->object);
  g_free (fault->what);
  g_free (fault->remedy);
  g_ptr_array_unref (fault->disks);
  g_free (fault);
}

CairnFault *
cairn_diagnosis_find (const CairnDiagnosis *diagnosis, CairnFindingKind kind, const char *object)
{
  for (guint i = 0; i < diagnosis->faults->len; i++)
    {
      CairnFault *fault = diagnosis->faults->pdata[i];

      if (fault->kind == kind && g_str_equal (fault->object, object))
        return fault;
    }
  return NULL;
}

CairnFault *
cairn_diagnosis_add (CairnDiagnosis *diagnosis, CairnFindingKind kind, const char *object)
{
  CairnFault *fault = g_new0 (CairnFault, 1);

  fault->kind = kind;
  fault->object = g_strdup (object);
  fault->disks = g_ptr_array_new ();
  g_ptr_array_add (diagnosis->faults, fault);
  return fault;
}

char *
cairn_diagnosis_remedy (const CairnDiagnosis *diagnosis, const char *what_to_do)
{
  return g_strdup_printf ("%s with `cairn doctor %s --repair`", what_to_do, diagnosis->vm->name);
}

GHashTable *
cairn_diagnosis_destroyed (CairnDiagnosis *diagnosis, GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autoptr (GPtrArray) guids = NULL;

  if (diagnosis->destroyed)
    return diagnosis->destroyed;
  guids = store->ops->list_destroyed (store, diagnosis->vm->guid, error);
  if (!guids)
    return NULL;
  diagnosis->destroyed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < guids->len; i++)
    g_hash_table_add (diagnosis->destroyed, g_ascii_strup (guids->pdata[i], -1));
  return diagnosis->destroyed;
}

gboolean
cairn_diagnosis_is_foreign_named (const CairnDiagnosis *diagnosis, const char *name)
{
  return diagnosis->options->foreign && g_strv_contains (diagnosis->options->foreign, name);
}

static gboolean
is_unread (const CairnDiagnosis *diagnosis, const CairnDisk *disk)
{
  for (guint i = 0; i < diagnosis->inventory->unread->len; i++)
    {
      const CairnDiskVerdict *verdict = diagnosis->inventory->unread->pdata[i];

      if (g_str_equal (verdict->target, disk->target))
        return TRUE;
    }
  return FALSE;
}

CairnAnchorState
cairn_diagnosis_anchor_state (const CairnDiagnosis *diagnosis, const CairnAnchor *anchor)
{
  const CairnDisk *disk = anchor->bitmap ? cairn_anchor_find_disk (anchor, diagnosis->vm) : NULL;
  const GPtrArray *bitmaps = diagnosis->inventory->bitmaps;

  if (!disk)
    return CAIRN_ANCHOR_ABSENT;
  if (is_unread (diagnosis, disk))
    return CAIRN_ANCHOR_UNREAD;
  for (guint i = 0; i < bitmaps->len; i++)
    {
      const CairnFoundBitmap *bitmap = bitmaps->pdata[i];

      if (bitmap->disk == disk && g_str_equal (bitmap->name, anchor->bitmap))
        return bitmap->is_in_use || !bitmap->is_recording ? CAIRN_ANCHOR_BROKEN
                                                          : CAIRN_ANCHOR_WHOLE;
    }
  return CAIRN_ANCHOR_ABSENT;
}

gboolean
cairn_diagnosis_settle (CairnDiagnosis *diagnosis, GError **error)
{
  if (!diagnosis->has_settled
      && !cairn_service_try_settle (diagnosis->service, diagnosis->vm, diagnosis->deadline, error))
    return FALSE;
  diagnosis->has_settled = TRUE;
  return TRUE;
}

static CairnInventory *
take_inventory (const CairnDiagnosis *diagnosis, gboolean is_known, GError **error)
{
  CairnTracker *tracker = diagnosis->service->tracker;

  return is_known
             ? tracker->ops->take_inventory (tracker, diagnosis->vm, diagnosis->deadline, error)
             : cairn_inventory_new ();
}

/* Whether INTENT tells of something on the VM that was cut off. An adoption, or a copy, may be
 * under way with the VM not locked. */
static gboolean
is_leftover (const CairnDiagnosis *diagnosis, const CairnIntent *intent)
{
  g_autofree char *vm = cairn_intent_find_vm (intent);
  gboolean has_own_lock = intent->kind == CAIRN_INTENT_ADOPT || cairn_intent_is_apart (intent);

  return g_ascii_strcasecmp (vm, diagnosis->vm->guid) == 0
         && !(has_own_lock && cairn_adoption_is_running (diagnosis->service, intent));
}

/* Of all VMs, since two may have the same image; the VM's own leftovers are kept. */
static gboolean
read_intents (CairnDiagnosis *diagnosis, GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autoptr (GPtrArray) intents = store->ops->list_intents (store, NULL, error);

  if (!intents)
    return FALSE;
  diagnosis->intents = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_intent_free);
  for (guint i = intents->len; i-- > 0;)
    {
      const CairnIntent *intent = intents->pdata[i];

      g_hash_table_add (diagnosis->pending, g_ascii_strup (intent->bitmap, -1));
      if (is_leftover (diagnosis, intent))
        g_ptr_array_insert (diagnosis->intents, 0, g_ptr_array_steal_index (intents, i));
    }
  return TRUE;
}

/* Of all VMs, for the same reason. */
static gboolean
read_snapshots (CairnDiagnosis *diagnosis, GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autoptr (GPtrArray) all = store->ops->list_snapshots (store, NULL, error);

  if (!all)
    return FALSE;
  diagnosis->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_snapshot_free);
  for (guint i = all->len; i-- > 0;)
    {
      const CairnPoint *point = ((CairnSnapshot *)all->pdata[i])->point;

      g_hash_table_add (diagnosis->pending, g_ascii_strup (point->guid, -1));
      if (g_ascii_strcasecmp (point->vm_guid, diagnosis->vm->guid) == 0)
        g_ptr_array_insert (diagnosis->snapshots, 0, g_ptr_array_steal_index (all, i));
    }
  return TRUE;
}

static gboolean
read_store (CairnDiagnosis *diagnosis, GError **error)
{
  CairnStore *store = diagnosis->service->store;

  diagnosis->points = store->ops->list_points (store, diagnosis->vm->guid, error);
  if (!diagnosis->points || !read_intents (diagnosis, error) || !read_snapshots (diagnosis, error))
    return FALSE;
  for (guint i = 0; i < diagnosis->points->len; i++)
    {
      CairnPoint *point = diagnosis->points->pdata[i];

      g_hash_table_insert (diagnosis->by_guid, point->guid, point);
    }
  return TRUE;
}

static gboolean
find_faults (CairnDiagnosis *diagnosis, GError **error)
{
  static gboolean (*const looks[]) (CairnDiagnosis *, GError **) = {
    cairn_doctor_look_at_intents, cairn_doctor_look_at_snapshots, cairn_doctor_look_at_disks,
    cairn_doctor_look_at_bitmaps, cairn_doctor_look_at_records,   cairn_doctor_look_at_logs,
  };

  for (size_t i = 0; i < G_N_ELEMENTS (looks); i++)
    if (!looks[i](diagnosis, error))
      return FALSE;
  return TRUE;
}

CairnDiagnosis *
cairn_diagnosis_take (CairnService *service, const CairnVm *vm, gboolean is_known,
                      gboolean is_named, const CairnDoctorOptions *options, int64_t deadline,
                      GError **error)
{
  g_autoptr (CairnDiagnosis) diagnosis = g_new0 (CairnDiagnosis, 1);

  *diagnosis = (CairnDiagnosis){
    .service = service, .vm = vm, .options = options, .is_named = is_named, .deadline = deadline
  };
  diagnosis->faults = g_ptr_array_new_with_free_func ((GDestroyNotify)fault_free);
  diagnosis->by_guid = g_hash_table_new (g_str_hash, g_str_equal);
  diagnosis->records = g_hash_table_new (g_str_hash, g_str_equal);
  diagnosis->pending = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  /* The disks before the store: without the lock (a store that may only be read) a point that is
   * just being made has its intent, or is there, by the time its bitmap is seen. */
  diagnosis->inventory = take_inventory (diagnosis, is_known, error);
  if (!diagnosis->inventory || !read_store (diagnosis, error))
    return NULL;
  for (guint i = 0; i < diagnosis->inventory->records->len; i++)
    {
      CairnFoundRecord *record = diagnosis->inventory->records->pdata[i];

      g_hash_table_insert (diagnosis->records, record->name, record);
    }
  return find_faults (diagnosis, error) ? g_steal_pointer (&diagnosis) : NULL;
}

void
cairn_diagnosis_free (CairnDiagnosis *diagnosis)
{
  if (!diagnosis)
    return;
  cairn_inventory_free (diagnosis->inventory);
  g_clear_pointer (&diagnosis->points, g_ptr_array_unref);
  g_clear_pointer (&diagnosis->intents, g_ptr_array_unref);
  g_clear_pointer (&diagnosis->snapshots, g_ptr_array_unref);
  g_clear_pointer (&diagnosis->destroyed, g_hash_table_unref);
  g_hash_table_unref (diagnosis->by_guid);
  g_hash_table_unref (diagnosis->records);
  g_hash_table_unref (diagnosis->pending);
  g_ptr_array_unref (diagnosis->faults);
  g_free (diagnosis);
}
