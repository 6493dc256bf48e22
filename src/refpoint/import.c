/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ImportReferencePointMetadata: gives a VM its reference points back.
 *
 * What is wrong is found in the order of the method's result table: paths, VM, file access, file
 * type, container, pairing, VM identity, schema, busy, disks. Nothing is changed until all of it is
 * right; then everything is, in one transaction of the store.
 */
#include "refpoint/attachment.h"
#include "refpoint/guid.h"
#include "refpoint/import.h"
#include "refpoint/pair.h"

void
cairn_import_free (CairnImport *result)
{
  if (!result)
    return;
  g_ptr_array_unref (result->instance_ids);
  g_free (result);
}

/* ---- which points ---- */

static int
find_point_index (const CairnMetadata *metadata, const char *guid)
{
  for (guint i = 0; i < metadata->points->len; i++)
    if (g_str_equal (((CairnPoint *)metadata->points->pdata[i])->guid, guid))
      return (int)i;
  return -1;
}

/* Leaves only the points asked for, in the order of the file. */
static gboolean
select_points (CairnMetadata *metadata, const char *const *wanted, GError **error)
{
  g_autoptr (GHashTable) keep = g_hash_table_new (g_direct_hash, g_direct_equal);

  if (!wanted || !*wanted)
    return TRUE;
  for (; *wanted; wanted++)
    {
      g_autofree char *guid = cairn_guid_normalize (*wanted);
      int index;

      if (!guid)
        cairn_instance_id_parse (*wanted, NULL, &guid);
      index = guid ? find_point_index (metadata, guid) : -1;
      if (index < 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "the files hold no reference point '%s'; leave --point away to import all "
                       "they hold",
                       *wanted);
          return FALSE;
        }
      g_hash_table_add (keep, metadata->points->pdata[index]);
    }
  for (guint i = metadata->points->len; i-- > 0;)
    if (!g_hash_table_contains (keep, metadata->points->pdata[i]))
      {
        g_ptr_array_remove_index (metadata->points, i);
        g_ptr_array_remove_index (metadata->dirty, i);
      }
  return TRUE;
}

/* ---- points that are there already ---- */

static gboolean
same_anchor (const CairnAnchor *a, const CairnAnchor *b)
{
  return g_ascii_strcasecmp (a->disk_identifier, b->disk_identifier) == 0
         && a->virtual_size_bytes == b->virtual_size_bytes
         && a->granularity_bytes == b->granularity_bytes && g_strcmp0 (a->bitmap, b->bitmap) == 0
         && g_strcmp0 (a->change_tracking_id, b->change_tracking_id) == 0;
}

/* What a point is; paths, targets and origin are this host's business. */
static gboolean
same_point (const CairnPoint *a, const CairnPoint *b)
{
  if (a->type != b->type || a->consistency != b->consistency
      || a->creation_time_ms != b->creation_time_ms || !g_str_equal (a->owner, b->owner)
      || !g_str_equal (a->label, b->label) || a->anchors->len != b->anchors->len)
    return FALSE;
  for (guint i = 0; i < a->anchors->len; i++)
    if (!same_anchor (a->anchors->pdata[i], b->anchors->pdata[i]))
      return FALSE;
  return TRUE;
}

/* What was lost here isn't brought back by importing again, nor is what was seen of an image
 * forgotten while the disk is that image. */
static void
take_history (CairnPoint *point, const CairnPoint *there, const CairnVm *vm)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];
      const CairnAnchor *known = there->anchors->pdata[i];
      const CairnDisk *disk = cairn_anchor_find_disk (anchor, vm);

      g_free (anchor->lost);
      anchor->lost = g_strdup (known->lost);
      if (disk && g_str_equal (disk->path, known->path))
        anchor->dirty_seen_bytes = known->dirty_seen_bytes;
    }
}

/* THERE bears the InstanceID of POINT and is another one, or another VM's. */
static gboolean
refuse_other (const CairnPoint *point, const CairnPoint *there, const CairnVm *vm, GError **error)
{
  if (g_str_equal (there->vm_guid, vm->guid) || !same_point (there, point))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' is there already with other content, and is left as it is; "
                 "destroy it first if the file's is the right one",
                 point->instance_id);
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' is there already as one of VM %s, and can't be one of '%s' "
                 "(%s) too; destroy it there first, with --force if that VM is gone",
                 point->instance_id, there->vm_guid, vm->name, vm->guid);
  return FALSE;
}

/* Sorts out the points that are there; one with other content ends the import. */
static gboolean
find_fresh (CairnImporting *import, GError **error)
{
  CairnStore *store = import->operation->service->store;
  const CairnVm *vm = import->operation->vm;

  for (guint i = 0; i < import->metadata->points->len; i++)
    {
      CairnPoint *point = import->metadata->points->pdata[i];
      g_autoptr (CairnPoint) there = NULL;

      g_free (point->vm_guid);
      point->vm_guid = g_strdup (vm->guid);
      if (!store->ops->get_point (store, point->instance_id, &there, error))
        return FALSE;
      if (!there)
        {
          g_ptr_array_add (import->fresh, point);
          continue;
        }
      if (g_str_equal (there->vm_guid, vm->guid) && same_point (there, point))
        {
          take_history (point, there, vm);
          g_hash_table_insert (import->known, point, g_steal_pointer (&there));
          continue;
        }
      return refuse_other (point, there, vm, error);
    }
  return TRUE;
}

/* ---- making it true ---- */

/* Gives the VM's disks the file's identifiers; RENAMED takes old -> new. */
static void
localize_anchor (CairnImporting *import, CairnAnchor *anchor, GHashTable *renamed)
{
  CairnTracker *tracker = import->operation->service->tracker;
  CairnDisk *disk = cairn_anchor_find_disk (anchor, import->operation->vm);

  if (!disk || !anchor->bitmap)
    return;
  if (g_ascii_strcasecmp (disk->identifier, anchor->disk_identifier) != 0)
    {
      g_hash_table_insert (renamed, disk->identifier, g_strdup (anchor->disk_identifier));
      disk->identifier = g_strdup (anchor->disk_identifier);
    }
  g_free (anchor->target);
  anchor->target = g_strdup (disk->target);
  g_free (anchor->path);
  anchor->path = g_strdup (disk->path);
  tracker->ops->measure (tracker, import->operation->vm, disk, anchor);
}

static void
localize_point (CairnImporting *import, CairnPoint *point, GHashTable *renamed)
{
  for (guint i = 0; i < point->anchors->len; i++)
    localize_anchor (import, point->anchors->pdata[i], renamed);
}

/* Renames the point's disks. FALSE when it has none of RENAMED. */
static gboolean
rename_disks (CairnPoint *point, GHashTable *renamed)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < point->anchors->len; i++)
    {
      CairnAnchor *anchor = point->anchors->pdata[i];
      const char *identifier = g_hash_table_lookup (renamed, anchor->disk_identifier);

      if (!identifier)
        continue;
      g_free (anchor->disk_identifier);
      anchor->disk_identifier = g_strdup (identifier);
      changed = TRUE;
    }
  return changed;
}

static gboolean
has_point (const GPtrArray *points, const CairnPoint *point)
{
  for (guint i = 0; i < points->len; i++)
    if (g_str_equal (((CairnPoint *)points->pdata[i])->instance_id, point->instance_id))
      return TRUE;
  return FALSE;
}

/* The points that are here and knew a disk by another identifier, with the new one. A point's disk
 * stays the InstanceID of the disk. */
static gboolean
rename_in_points (CairnImporting *import, GHashTable *renamed, GPtrArray *changed, GError **error)
{
  CairnStore *store = import->operation->service->store;
  g_autoptr (GPtrArray) there = NULL;

  if (g_hash_table_size (renamed) == 0)
    return TRUE;
  there = store->ops->list_points (store, import->operation->vm->guid, error);
  for (guint i = 0; there && i < there->len; i++)
    {
      CairnPoint *whole = NULL;

      if (!rename_disks (there->pdata[i], renamed) || has_point (changed, there->pdata[i]))
        continue;
      /* Lists leave out what a point carries along; replacing it must not lose that. */
      whole = cairn_service_find_point (import->operation->service,
                                        ((CairnPoint *)there->pdata[i])->instance_id, error);
      if (!whole)
        return FALSE;
      rename_disks (whole, renamed);
      g_ptr_array_add (changed, whole);
    }
  return there != NULL;
}

static gboolean
has_moved (const CairnPoint *point, const CairnPoint *before)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *now = point->anchors->pdata[i];
      const CairnAnchor *then = before->anchors->pdata[i];

      if (!g_str_equal (now->path, then->path) || !g_str_equal (now->target, then->target))
        return TRUE;
    }
  return FALSE;
}

/* The points that are here and whose disks have come back to other places, with these. What was
 * known of an image stays while it's at the same place: it may show that a bitmap was cleared. */
static void
follow_disks (CairnImporting *import, GHashTable *renamed, GPtrArray *changed)
{
  for (guint i = 0; i < import->metadata->points->len; i++)
    {
      const CairnPoint *judged = import->metadata->points->pdata[i];
      const CairnPoint *before = g_hash_table_lookup (import->known, judged);
      CairnPoint *point = before ? cairn_point_copy (before) : NULL;

      if (!point)
        continue;
      localize_point (import, point, renamed);
      for (guint k = 0; k < point->anchors->len; k++)
        ((CairnAnchor *)point->anchors->pdata[k])->dirty_seen_bytes
            = ((CairnAnchor *)judged->anchors->pdata[k])->dirty_seen_bytes;
      if (has_moved (point, before))
        g_ptr_array_add (changed, point);
      else
        cairn_point_free (point);
    }
}

static gboolean
store_points (CairnImporting *import, GError **error)
{
  CairnService *service = import->operation->service;
  g_autoptr (GHashTable) renamed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  g_autoptr (CairnVm) record = NULL;
  CairnStoreChange change = { .put_points = import->fresh, .replace_points = changed };

  for (guint i = 0; i < import->fresh->len; i++)
    localize_point (import, import->fresh->pdata[i], renamed);
  follow_disks (import, renamed, changed);
  if (!rename_in_points (import, renamed, changed, error))
    return FALSE;
  if (g_hash_table_size (renamed) > 0)
    cairn_service_keep_vm (import->operation->vm, &change, &record);
  if (!cairn_deadline_check (import->operation->deadline, error)
      || !cairn_service_proceed (service, 95, error))
    return FALSE;
  if ((import->fresh->len > 0 || changed->len > 0 || record)
      && !cairn_service_apply (service, &change, error))
    return FALSE;
  cairn_service_settle (service, import->operation->vm, import->operation->deadline);
  return TRUE;
}

static gboolean
run (CairnImporting *import, gboolean check_only, GError **error)
{
  g_autofree char *object
      = g_strdup_printf ("the metadata for VM '%s'", import->operation->vm->name);

  return find_fresh (import, error) && cairn_import_judge (import, error)
         && cairn_verdicts_require (import->verdicts, object, "imported", error)
         && (check_only || store_points (import, error));
}

static CairnImport *
result_of (const CairnMetadata *metadata)
{
  CairnImport *result = g_new0 (CairnImport, 1);

  result->instance_ids = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < metadata->points->len; i++)
    g_ptr_array_add (result->instance_ids,
                     g_strdup (((CairnPoint *)metadata->points->pdata[i])->instance_id));
  return result;
}

/* The part under the VM's lock. */
static gboolean
import_locked (CairnService *service, const char *vm_guid, CairnMetadata *metadata,
               gboolean check_only, int64_t deadline, GPtrArray **verdicts, GError **error)
{
  g_autoptr (CairnOperation) operation = cairn_operation_begin (service, vm_guid, deadline, error);
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL,
                                                        (GDestroyNotify)cairn_point_free);
  g_autoptr (GPtrArray) judged
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  g_autoptr (GHashTable) by_disk = g_hash_table_new (g_str_hash, g_str_equal);
  CairnImporting import = { operation, metadata, fresh, known, judged, by_disk };
  gboolean ok;

  if (!operation)
    return FALSE;
  ok = run (&import, check_only, error);
  if (verdicts && judged->len > 0)
    *verdicts = g_steal_pointer (&judged);
  return ok;
}

gboolean
cairn_service_import_reference_point_metadata (CairnService *service, const char *vm_name,
                                               const char *config_file_path,
                                               const char *runtime_state_file_path,
                                               const CairnImportOptions *options,
                                               CairnImport **result, GPtrArray **verdicts,
                                               GError **error)
{
  static const CairnImportOptions everything = { 0 };
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (CairnPair) pair = NULL;
  g_autoptr (CairnMetadata) metadata = NULL;

  if (!options)
    options = &everything;
  if (!cairn_pair_check_paths (service, config_file_path, runtime_state_file_path, error))
    return FALSE;
  if (cairn_service_proceed (service, 0, error))
    vm = cairn_service_find_vm (service, vm_name, error);
  pair = vm ? cairn_pair_open (service->monitor.caller, config_file_path, runtime_state_file_path,
                               error)
            : NULL;
  metadata = pair ? cairn_pair_read (pair, vm, error) : NULL;
  if (!metadata || !select_points (metadata, options->points, error)
      || !import_locked (service, vm->guid, metadata, options->check_only, deadline, verdicts,
                         error))
    return FALSE;
  if (result)
    *result = result_of (metadata);
  return TRUE;
}
