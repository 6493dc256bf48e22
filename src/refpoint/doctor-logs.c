/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points whose log is gone, and logs whose point is. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "refpoint/data.h"
#include "refpoint/doctor.h"
#include "refpoint/guid.h"
#include "refpoint/logs.h"
#include "refpoint/module.h"
#include "refpoint/publish.h"

#define GUID_LENGTH 36u

/* Whether some intent of the store knows the point or the directory. */
static gboolean
is_pending (const GPtrArray *intents, const char *instance_id, const char *path)
{
  for (guint i = 0; i < intents->len; i++)
    {
      const CairnIntent *intent = intents->pdata[i];

      if (instance_id && g_ascii_strcasecmp (intent->point, instance_id) == 0)
        return TRUE;
      for (guint k = 0; path && k < intent->final_files->len; k++)
        if (strcmp (intent->final_files->pdata[k], path) == 0
            || strcmp (intent->temporary_files->pdata[k], path) == 0)
          return TRUE;
    }
  return FALSE;
}

/* ---- points whose log is gone ---- */

static void
look_at_point (CairnDiagnosis *diagnosis, const CairnPoint *point, const GPtrArray *intents)
{
  g_autofree char *place = cairn_logs_place (diagnosis->service, point->guid);
  g_autofree char *manifest = g_build_filename (place, CAIRN_DATA_MANIFEST, NULL);
  CairnFault *fault;

  /* What may not be looked at isn't gone. */
  if (access (manifest, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)
      || is_pending (intents, point->instance_id, NULL))
    return;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_MISSING_LOG, point->instance_id);
  fault->what = g_strdup_printf ("the data of reference point '%s' isn't in '%s' any more",
                                 point->instance_id, place);
  fault->remedy = cairn_diagnosis_remedy (diagnosis, "bring it back, or have it forgotten");
}

gboolean
cairn_doctor_forget_log (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  g_autoptr (CairnPoint) point
      = cairn_service_find_point (diagnosis->service, fault->object, error);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  CairnStoreChange change = { .replace_points = points };

  if (!point)
    return FALSE;
  point->has_associated_data = FALSE;
  g_ptr_array_add (points, point);
  return cairn_service_apply (diagnosis->service, &change, error);
}

/* ---- logs whose point is gone ---- */

/* The point that a directory of NAME is of, also while it is being removed; the caller frees. */
static char *
point_in_name (const char *name)
{
  const char *begin = *name == '.' ? name + 1 : name;
  g_autofree char *guid = g_strndup (begin, GUID_LENGTH);

  return cairn_guid_is_ours (guid) ? g_steal_pointer (&guid) : NULL;
}

/* The VM that the log in PATH is of; NULL when it doesn't say. */
static char *
vm_in_manifest (const char *path)
{
  const CairnDataModule *module = cairn_module_symbol (CAIRN_DATA_MODULE, CAIRN_DATA_SYMBOL, NULL);
  CairnDataManifest *manifest = module ? module->read_manifest (path, NULL) : NULL;
  char *vm_guid = manifest ? g_strdup (manifest->vm_guid) : NULL;

  if (manifest)
    module->manifest_free (manifest);
  return vm_guid;
}

static gboolean
is_held (const GPtrArray *snapshots, const char *guid)
{
  for (guint i = 0; i < snapshots->len; i++)
    if (g_ascii_strcasecmp (((CairnSnapshot *)snapshots->pdata[i])->point->guid, guid) == 0)
      return TRUE;
  return FALSE;
}

/* Asked after the directory was seen: what is just being made or removed is known by now. */
static gboolean
is_needed (CairnDiagnosis *diagnosis, const char *path, const char *guid, gboolean *needed,
           GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autoptr (GPtrArray) snapshots = store->ops->list_snapshots (store, NULL, error);
  g_autoptr (GPtrArray) intents = snapshots ? store->ops->list_intents (store, NULL, error) : NULL;
  g_autoptr (CairnPoint) point = NULL;

  if (!intents || !store->ops->get_point (store, guid, &point, error))
    return FALSE;
  *needed = (point && point->has_associated_data) || is_held (snapshots, guid)
            || is_pending (intents, NULL, path);
  return TRUE;
}

/* A log of a point that this store never knew may be another store's. */
static gboolean
add_leftover (CairnDiagnosis *diagnosis, const char *path, const char *guid, GError **error)
{
  GHashTable *destroyed = cairn_diagnosis_destroyed (diagnosis, error);
  CairnFault *fault;

  if (!destroyed)
    return FALSE;
  fault = cairn_diagnosis_add (diagnosis, CAIRN_FINDING_LEFTOVER_LOG, path);
  fault->is_spared = !g_hash_table_contains (destroyed, guid)
                     && !g_hash_table_contains (diagnosis->by_guid, guid);
  fault->what = g_strdup_printf (
      "directory '%s' holds the data of reference point '%s', %s", path, guid,
      fault->is_spared ? "which this store doesn't know" : "which is of no use any more");
  fault->remedy = fault->is_spared ? g_strdup ("remove the directory unless it is another store's")
                                   : cairn_diagnosis_remedy (diagnosis, "remove it");
  return TRUE;
}

static gboolean
look_at_entry (CairnDiagnosis *diagnosis, const char *logs, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (logs, name, NULL);
  g_autofree char *guid = point_in_name (name);
  g_autofree char *vm_guid = NULL;
  const CairnPoint *point = guid ? g_hash_table_lookup (diagnosis->by_guid, guid) : NULL;
  gboolean needed = FALSE;

  if (!guid || (point && point->has_associated_data))
    return TRUE;
  vm_guid = vm_in_manifest (path);
  if (!vm_guid || g_ascii_strcasecmp (vm_guid, diagnosis->vm->guid) != 0)
    return TRUE;
  if (!is_needed (diagnosis, path, guid, &needed, error))
    return FALSE;
  return needed || access (path, F_OK) != 0 || add_leftover (diagnosis, path, guid, error);
}

gboolean
cairn_doctor_look_at_logs (CairnDiagnosis *diagnosis, GError **error)
{
  CairnStore *store = diagnosis->service->store;
  g_autofree char *logs = cairn_logs_place (diagnosis->service, NULL);
  g_autoptr (GPtrArray) intents = store->ops->list_intents (store, NULL, error);
  g_autoptr (GDir) entries = g_dir_open (logs, 0, NULL);
  const char *name;

  if (!intents)
    return FALSE;
  for (guint i = 0; i < diagnosis->points->len; i++)
    if (((CairnPoint *)diagnosis->points->pdata[i])->has_associated_data)
      look_at_point (diagnosis, diagnosis->points->pdata[i], intents);
  while (entries && (name = g_dir_read_name (entries)))
    if (!look_at_entry (diagnosis, logs, name, error))
      return FALSE;
  return TRUE;
}

gboolean
cairn_doctor_remove_log (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error)
{
  CairnService *service = diagnosis->service;
  g_autoptr (CairnIntent) intent = cairn_intent_new (CAIRN_INTENT_FORGET, diagnosis->vm->guid);
  CairnStoreChange begin = { .put_intent = intent };
  CairnStoreChange done = { .remove_intent = intent->id };

  g_ptr_array_add (intent->final_files, g_strdup (fault->object));
  g_ptr_array_add (intent->temporary_files,
                   cairn_publish_temporary_name (fault->object, intent->id));
  return cairn_service_apply (service, &begin, error) && cairn_logs_remove (intent, error)
         && cairn_service_apply (service, &done, error);
}
