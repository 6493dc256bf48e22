/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor's records of points (libvirt's checkpoints): a cache that must follow the store.
 *
 * Other products' records may stand between ours. A record of ours is in its place when the next of
 * ours above it is that of the newest older point that has one.
 */
#include "refpoint/doctor.h"
#include "refpoint/guid.h"

/* How many of POINT's anchors are in STATE; those that are lost count only if WITH_LOST. */
static guint
count_anchors (const CairnDiagnosis *diagnosis, const CairnPoint *point, CairnAnchorState state,
               gboolean with_lost)
{
  guint n = 0;

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      n += (with_lost || !anchor->lost)
           && cairn_diagnosis_anchor_state (diagnosis, anchor) == state;
    }
  return n;
}

/* Whether some bitmap of POINT can be used by the hypervisor; disks that couldn't be looked at may
 * have one. */
static gboolean
may_have_bitmap (const CairnDiagnosis *diagnosis, const CairnPoint *point)
{
  return count_anchors (diagnosis, point, CAIRN_ANCHOR_WHOLE, TRUE) > 0
         || count_anchors (diagnosis, point, CAIRN_ANCHOR_UNREAD, TRUE) > 0;
}

static void
look_at_record (CairnDiagnosis *diagnosis, const CairnFoundRecord *record)
{
  const CairnPoint *point = g_hash_table_lookup (diagnosis->by_guid, record->name);
  CairnFault *fault;

  if (!cairn_guid_is_ours (record->name))
    {
      fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_FOREIGN_CHECKPOINT, record->name);
      fault->is_spared = !cairn_diagnosis_is_foreign_named (diagnosis, record->name);
      fault->what = g_strdup_printf ("checkpoint '%s' is another product's", record->name);
      fault->remedy = g_strdup_printf (
          "it is left alone unless `cairn doctor %s --repair --foreign %s` names it",
          diagnosis->vm->name, record->name);
      return;
    }
  if (g_hash_table_contains (diagnosis->pending, record->name)
      || (point && may_have_bitmap (diagnosis, point)))
    return;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_GHOST_CHECKPOINT, record->name);
  fault->what = g_strdup_printf ("checkpoint '%s' has no %s", record->name,
                                 point ? "usable bitmap on any disk, so no backup can start from it"
                                       : "reference point in this store");
  fault->remedy = cairn_diagnosis_remedy (diagnosis, "remove the hypervisor's record of it");
}

/* The nearest record of a point of ours above RECORD, or NULL; *IS_BROKEN when the way up leads
 * nowhere. */
static const CairnFoundRecord *
find_ours_above (const CairnDiagnosis *diagnosis, const CairnFoundRecord *record,
                 gboolean *is_broken)
{
  const char *parent = record->parent;

  *is_broken = FALSE;
  for (guint left = diagnosis->inventory->records->len; parent && left > 0; left--)
    {
      const CairnFoundRecord *above = g_hash_table_lookup (diagnosis->records, parent);

      if (above && g_hash_table_contains (diagnosis->by_guid, above->name))
        return above;
      if (!above)
        break;
      parent = above->parent;
    }
  *is_broken = parent != NULL;
  return NULL;
}

static void
look_at_parent (CairnDiagnosis *diagnosis, const CairnFoundRecord *record,
                const CairnFoundRecord *wanted)
{
  gboolean is_broken;
  const CairnFoundRecord *above = find_ours_above (diagnosis, record, &is_broken);
  CairnFault *fault;

  if (above == wanted && !is_broken)
    return;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_STALE_PARENT, record->name);
  fault->what = g_strdup_printf (
      "checkpoint '%s' says that it follows %s%s%s, but the point before it is %s%s%s",
      record->name, record->parent ? "'" : "", record->parent ? record->parent : "none",
      record->parent ? "'" : "", wanted ? "'" : "", wanted ? wanted->name : "none",
      wanted ? "'" : "");
  fault->remedy = cairn_diagnosis_remedy (diagnosis, "put the hypervisor's records in order");
}

static void
look_at_point (CairnDiagnosis *diagnosis, const CairnPoint *point)
{
  CairnFault *fault;

  if (count_anchors (diagnosis, point, CAIRN_ANCHOR_WHOLE, FALSE) == 0)
    return;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_MISSING_CHECKPOINT, point->guid);
  fault->what = g_strdup_printf ("the hypervisor has no checkpoint of reference point '%s', which "
                                 "has a whole bitmap",
                                 point->instance_id);
  fault->remedy = cairn_diagnosis_remedy (diagnosis, "tell it");
}

gboolean
cairn_doctor_look_at_records (CairnDiagnosis *diagnosis, GError **error)
{
  const CairnInventory *inventory = diagnosis->inventory;
  const CairnFoundRecord *before = NULL;

  if (!inventory->has_records)
    return TRUE;
  for (guint i = 0; i < inventory->records->len; i++)
    look_at_record (diagnosis, inventory->records->pdata[i]);
  for (guint i = 0; i < diagnosis->points->len; i++)
    {
      const CairnPoint *point = diagnosis->points->pdata[i];
      const CairnFoundRecord *record = g_hash_table_lookup (diagnosis->records, point->guid);

      if (!record)
        look_at_point (diagnosis, point);
      else
        {
          look_at_parent (diagnosis, record, before);
          before = record;
        }
    }
  return TRUE;
}

static gboolean
drop (CairnDiagnosis *diagnosis, const char *name, GError **error)
{
  CairnTracker *tracker = diagnosis->service->tracker;

  return !tracker->ops->drop_record
         || tracker->ops->drop_record (tracker, diagnosis->vm, name, error);
}

gboolean
cairn_doctor_drop_record (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  return drop (diagnosis, fault->object, error);
}

/* A record's parent can't be changed, and one below another can't be defined before it: this one
 * and all younger ones go, the youngest first, and come back in order. */
gboolean
cairn_doctor_rehang_record (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  if (diagnosis->has_settled) /* for an older one: this one came along */
    return TRUE;
  for (guint i = diagnosis->points->len; i-- > 0;)
    {
      const CairnPoint *point = diagnosis->points->pdata[i];

      if (g_hash_table_contains (diagnosis->records, point->guid)
          && !drop (diagnosis, point->guid, error))
        return FALSE;
      if (g_str_equal (point->guid, fault->object))
        break;
    }
  return cairn_diagnosis_settle (diagnosis, error);
}

gboolean
cairn_doctor_add_record (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  return cairn_diagnosis_settle (diagnosis, error);
}
