/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps that the store doesn't know, that a crash broke, and those of other products. */
#include "refpoint/attachment.h"
#include "refpoint/doctor.h"
#include "refpoint/guid.h"

/* A point of another VM in this store: two VMs may have the same image, or a copy of it. */
static gboolean
is_known_elsewhere (CairnDiagnosis *diagnosis, const char *name, gboolean *is_known, GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (GError) cause = NULL;

  *is_known = TRUE;
  if (store->ops->get_point (store, name, &point, &cause))
    *is_known = point != NULL;
  else if (cause->code != CAIRN_ERROR_INVALID_PARAMETER) /* several VMs have it */
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  return TRUE;
}

/* *KIND is set when *IS_FAULT. */
static gboolean
classify_unknown (CairnDiagnosis *diagnosis, const char *name, CairnFindingKind *kind,
                  gboolean *is_fault, GError **error)
{
  GHashTable *destroyed = cairn_diagnosis_destroyed (diagnosis, error);
  gboolean is_known;

  if (!destroyed || !is_known_elsewhere (diagnosis, name, &is_known, error))
    return FALSE;
  *is_fault = !is_known;
  *kind = g_hash_table_contains (destroyed, name) ? CAIRN_FINDING_DESTROYED_BITMAP
                                                  : CAIRN_FINDING_ORPHAN_BITMAP;
  return TRUE;
}

static gboolean
classify (CairnDiagnosis *diagnosis, const CairnFoundBitmap *bitmap, CairnFindingKind *kind,
          gboolean *is_fault, GError **error)
{
  *is_fault = TRUE;
  if (!cairn_guid_is_ours (bitmap->name))
    *kind = CAIRN_FINDING_FOREIGN_BITMAP;
  else if (g_hash_table_contains (diagnosis->pending, bitmap->name))
    *is_fault = FALSE;
  else if (!g_hash_table_contains (diagnosis->by_guid, bitmap->name))
    return classify_unknown (diagnosis, bitmap->name, kind, is_fault, error);
  else if (bitmap->is_in_use)
    *kind = CAIRN_FINDING_IN_USE_BITMAP;
  else
    *is_fault = FALSE;
  return TRUE;
}

/* "disk 'vda'", "disks 'vda', 'vdb'"; the caller frees. */
static char *
name_disks (const GPtrArray *disks)
{
  GString *text = g_string_new (disks->len == 1 ? "disk " : "disks ");

  for (guint i = 0; i < disks->len; i++)
    g_string_append_printf (text, "%s'%s'", i ? ", " : "",
                            ((const CairnDisk *)disks->pdata[i])->target);
  return g_string_free (text, FALSE);
}

static void
describe_orphan (CairnDiagnosis *diagnosis, CairnFault *fault, const char *disks)
{
  /* Nothing was ever known of the VM here: its disks may just have come from another host. */
  gboolean may_be_imported
      = diagnosis->points->len == 0 && g_hash_table_size (diagnosis->destroyed) == 0;
  const char *name = diagnosis->vm->name;

  fault->is_spared = may_be_imported && !diagnosis->is_named;
  fault->what = g_strdup_printf ("bitmap '%s' on %s belongs to no reference point of this store",
                                 fault->object, disks);
  if (may_be_imported)
    fault->remedy = g_strdup_printf (
        "it may be that of a point that has yet to be imported here, so first import what belongs "
        "to the disks with `cairn import %s`; or, if there is nothing, remove the bitmap with "
        "`cairn doctor %s --repair`",
        name, name);
  else
    fault->remedy
        = g_strdup_printf ("import its point with `cairn import %s`, or remove the bitmap "
                           "with `cairn doctor %s --repair`",
                           name, name);
}

static void
describe_foreign (CairnDiagnosis *diagnosis, CairnFault *fault, const char *disks)
{
  fault->is_spared = !cairn_diagnosis_is_foreign_named (diagnosis, fault->object);
  fault->what = g_strdup_printf ("bitmap '%s' on %s is another product's", fault->object, disks);
  fault->remedy
      = g_strdup_printf ("it is left alone unless `cairn doctor %s --repair --foreign %s` names it",
                         diagnosis->vm->name, fault->object);
}

static void
describe (CairnDiagnosis *diagnosis, CairnFault *fault)
{
  g_autofree char *disks = name_disks (fault->disks);

  switch ((int)fault->kind)
    {
    case CAIRN_FINDING_ORPHAN_BITMAP:
      describe_orphan (diagnosis, fault, disks);
      break;
    case CAIRN_FINDING_FOREIGN_BITMAP:
      describe_foreign (diagnosis, fault, disks);
      break;
    case CAIRN_FINDING_DESTROYED_BITMAP:
      fault->what = g_strdup_printf ("bitmap '%s' on %s is that of a reference point that was "
                                     "destroyed, and came back, as with an older copy of the image",
                                     fault->object, disks);
      fault->remedy = cairn_diagnosis_remedy (diagnosis, "remove it");
      break;
    case CAIRN_FINDING_IN_USE_BITMAP:
      fault->what = g_strdup_printf (
          "bitmap '%s' on %s was left in use by a crash of QEMU, so it lacks changes",
          fault->object, disks);
      fault->remedy = cairn_diagnosis_remedy (diagnosis, "remove it");
      break;
    }
}

gboolean
cairn_doctor_look_at_bitmaps (CairnDiagnosis *diagnosis, GError **error)
{
  const GPtrArray *bitmaps = diagnosis->inventory->bitmaps;

  for (guint i = 0; i < bitmaps->len; i++)
    {
      const CairnFoundBitmap *bitmap = bitmaps->pdata[i];
      CairnFindingKind kind = CAIRN_FINDING_FOREIGN_BITMAP;
      CairnFault *fault;
      gboolean is_fault;

      if (!classify (diagnosis, bitmap, &kind, &is_fault, error))
        return FALSE;
      if (!is_fault)
        continue;
      fault = cairn_diagnosis_find (diagnosis, kind, bitmap->name);
      if (!fault)
        fault = cairn_diagnosis_add (diagnosis, kind, bitmap->name);
      g_ptr_array_add (fault->disks, (gpointer)bitmap->disk);
    }
  for (guint i = 0; i < diagnosis->faults->len; i++)
    describe (diagnosis, diagnosis->faults->pdata[i]);
  return TRUE;
}

gboolean
cairn_doctor_remove_bitmap (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  CairnTracker *tracker = diagnosis->service->tracker;

  return tracker->ops->remove_bitmap (tracker, diagnosis->vm, fault->disks, fault->object,
                                      diagnosis->deadline, error);
}

/* Marks the anchors that the fault's disks have lost; how many there are. */
static guint
mark_lost (const CairnDiagnosis *diagnosis, const CairnFault *fault, CairnPoint *point)
{
  guint n_marked = 0;

  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];
      CairnDisk *disk = cairn_anchor_find_disk (anchor, diagnosis->vm);

      if (g_strcmp0 (anchor->bitmap, fault->object) != 0
          || !g_ptr_array_find (fault->disks, disk, NULL))
        continue;
      if (!anchor->lost)
        anchor->lost = g_strdup (cairn_verdict_name (CAIRN_VERDICT_IN_USE));
      n_marked++;
    }
  return n_marked;
}

/* The store is told first, on stable storage: a look may have noted it already, but such a note is
 * only a hint, and a bitmap that is gone no longer shows that it was broken. */
gboolean
cairn_doctor_lose_bitmap (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  const CairnPoint *known = g_hash_table_lookup (diagnosis->by_guid, fault->object);
  g_autoptr (CairnPoint) point
      = cairn_service_find_point (diagnosis->service, known->instance_id, error);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange change = { .replace_points = points };

  if (!point)
    return FALSE;
  g_ptr_array_add (points, point);
  if (mark_lost (diagnosis, fault, point) > 0
      && !cairn_service_apply (diagnosis->service, &change, error))
    return FALSE;
  return cairn_doctor_remove_bitmap (diagnosis, fault, error);
}
