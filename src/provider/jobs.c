/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs as instances. */
#include "provider/element.h"
#include "provider/job-instance.h"
#include "provider/points.h"
#include "provider/reference.h"
#include "provider/snapshots.h"

static gboolean
is_export (const CairnJobRecord *record)
{
  return record->type == CAIRN_JOB_EXPORT_POINT;
}

/* Jobs of the class, which for exports is one of its own. */
static gboolean
page_jobs (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
           GError **error)
{
  CairnJobs *jobs = cairn_backend_jobs (cairn_backend_of (call));
  gboolean wants_exports = g_str_equal (class->name, CAIRN_EXPORT_JOB);
  /* Every client asks Msvm_ConcreteJob for the job of its method, whatever that was: one that is
   * named by its InstanceID is given as such. */
  gboolean is_named
      = page->asked == class && page->required && page->required (page->query, "InstanceID");
  g_autoptr (GPtrArray) records = cairn_jobs_list (jobs);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < records->len; i++)
    if (is_export (records->pdata[i]) == wants_exports || (is_named && !wants_exports))
      g_ptr_array_add (all, cairn_job_instance (class, records->pdata[i]));
  cim_page_take (page, all, instances);
  return TRUE;
}

static CimInstance *
get_job (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *id = cim_path_key_text (path, "InstanceID");
  g_autoptr (CairnJobRecord) record
      = id ? cairn_jobs_get (cairn_backend_jobs (cairn_backend_of (call)), id) : NULL;
  gboolean is_asked = g_ascii_strcasecmp (path->class_name, class->name) == 0;
  gboolean wants_exports = g_str_equal (class->name, CAIRN_EXPORT_JOB);
  gboolean fits = record && (is_export (record) == wants_exports || (is_asked && !wants_exports));

  if (fits)
    return cairn_job_instance (class, record);
  g_set_error_literal (error, CIM_ERROR, CIM_ERR_NOT_FOUND,
                       "there is no such job (any more): jobs are kept for 5 minutes after their "
                       "end");
  return NULL;
}

const CimProvider cairn_job_provider = {
  .class_name = "Msvm_ConcreteJob",
  .is_quick = TRUE,
  .page = page_jobs,
  .get = get_job,
};

const CimProvider cairn_export_job_provider = {
  .class_name = CAIRN_EXPORT_JOB,
  .is_quick = TRUE,
  .page = page_jobs,
  .get = get_job,
};

/* ---- what they affect ---- */

/* The VM that a job is about; NULL: none that it knows. */
static const char *
vm_of_job (const CairnJobRecord *record)
{
  for (guint i = 0; i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];

      if (element->kind == CAIRN_JOB_ELEMENT_VM)
        return element->id;
    }
  return NULL;
}

/* What is known of a recovery checkpoint that is no more: clients ask for it after they have
 * converted it. */
static CairnSnapshot *
recall_snapshot (const CairnJobRecord *record, const CairnJobElement *element)
{
  CairnSnapshot *snapshot = cairn_snapshot_new ();
  const char *vm = vm_of_job (record);

  snapshot->instance_id = g_strdup (element->id);
  snapshot->point->guid = cairn_setting_vm_guid (element->id);
  snapshot->point->vm_guid = g_strdup (vm ? vm : "");
  snapshot->point->owner = g_strdup ("");
  snapshot->point->label = g_strdup ("");
  if (element->effect == CAIRN_JOB_EFFECT_CREATE)
    snapshot->point->creation_time_ms = record->start_ms;
  return snapshot;
}

static gboolean
append_snapshot (CimCall *call, const CairnJobRecord *record, const CairnJobElement *element,
                 GPtrArray *all, GError **error)
{
  GError *cause = NULL;
  g_autoptr (CairnSnapshot) snapshot = cairn_snapshots_find (call, element->id, &cause);
  CimInstance *settings;

  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (!snapshot)
    snapshot = recall_snapshot (record, element);
  settings = cairn_snapshot_settings_find (call, snapshot, error);
  if (settings)
    g_ptr_array_add (all, settings);
  return settings != NULL;
}

static gboolean
append_element (CimCall *call, const CairnJobRecord *record, const CairnJobElement *element,
                GPtrArray *all, GError **error)
{
  switch (element->kind)
    {
    case CAIRN_JOB_ELEMENT_VM:
      return cairn_backend_append_instance (call, CAIRN_SYSTEM_CLASS, "Name", element->id, all,
                                            error);
    case CAIRN_JOB_ELEMENT_SNAPSHOT:
      return append_snapshot (call, record, element, all, error);
    case CAIRN_JOB_ELEMENT_POINT:
      break;
    }
  return cairn_backend_append_instance (call, CAIRN_POINT_CLASS, "InstanceID", element->id, all,
                                        error);
}

static gboolean
elements_of_job (CimCall *call, const CimInstance *source, const CimPage *page,
                 GPtrArray *instances, GError **error)
{
  g_autoptr (CairnJobRecord) record = cairn_jobs_get (cairn_backend_jobs (cairn_backend_of (call)),
                                                      cim_instance_text (source, "InstanceID"));
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; record && i < record->elements->len; i++)
    if (!append_element (call, record, record->elements->pdata[i], all, error))
      return FALSE;
  cim_page_take (page, all, instances);
  return TRUE;
}

/* The id that a job knows the object by; NULL for one that no job affects. */
static const char *
element_id (const CimInstance *object, CairnJobElementKind *kind)
{
  static const struct
  {
    const char *class_name, *key;
    CairnJobElementKind kind;
  } kinds[] = {
    { CAIRN_SYSTEM_CLASS, "Name", CAIRN_JOB_ELEMENT_VM },
    { CAIRN_POINT_CLASS, "InstanceID", CAIRN_JOB_ELEMENT_POINT },
    { CAIRN_SETTINGS_CLASS, "InstanceID", CAIRN_JOB_ELEMENT_SNAPSHOT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (object->class->name, kinds[i].class_name))
      return *kind = kinds[i].kind, cim_instance_text (object, kinds[i].key);
  return NULL;
}

static const CairnJobElement *
find_element (const CairnJobRecord *record, const CimInstance *object)
{
  CairnJobElementKind kind;
  const char *id = element_id (object, &kind);

  for (guint i = 0; id && i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];

      if (element->kind == kind && g_ascii_strcasecmp (element->id, id) == 0)
        return element;
    }
  return NULL;
}

static gboolean
jobs_of_element (CimCall *call, const CimInstance *source, const CimPage *page,
                 GPtrArray *instances, GError **error)
{
  g_autoptr (GPtrArray) records = cairn_jobs_list (cairn_backend_jobs (cairn_backend_of (call)));
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < records->len; i++)
    if (find_element (records->pdata[i], source))
      g_ptr_array_add (all,
                       cairn_job_instance (cairn_job_class (records->pdata[i]), records->pdata[i]));
  cim_page_take (page, all, instances);
  return TRUE;
}

static void
fill_effects (CimCall *call, CimInstance *association, const CimInstance *const ends[2])
{
  g_autoptr (CairnJobRecord) record = cairn_jobs_get (cairn_backend_jobs (cairn_backend_of (call)),
                                                      cim_instance_text (ends[0], "InstanceID"));
  const CairnJobElement *element = record ? find_element (record, ends[1]) : NULL;
  const uint64_t effects[] = { element ? element->effect : CAIRN_JOB_EFFECT_OTHER };

  cim_instance_set_numbers (association, "ElementEffects", effects, 1);
}

const CimAssociation cairn_affected_element = {
  .class_name = "Msvm_AffectedJobElement",
  .roles = { "AffectingElement", "AffectedElement" },
  .class_names = { "CIM_ConcreteJob", "CIM_ManagedElement" },
  .across = { elements_of_job, jobs_of_element },
  .fill = fill_effects,
};
