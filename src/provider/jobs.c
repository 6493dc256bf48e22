/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs as instances. */
#include "provider/job-instance.h"
#include "provider/points.h"
#include "provider/reference.h"

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

static gboolean
append_element (CimCall *call, const CairnJobElement *element, GPtrArray *all, GError **error)
{
  if (element->kind == CAIRN_JOB_ELEMENT_VM)
    return cairn_backend_append_instance (call, CAIRN_SYSTEM_CLASS, "Name", element->id, all,
                                          error);
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
    if (!append_element (call, record->elements->pdata[i], all, error))
      return FALSE;
  cim_page_take (page, all, instances);
  return TRUE;
}

/* The id that a job knows the object by; NULL for one that no job affects. */
static const char *
element_id (const CimInstance *object, CairnJobElementKind *kind)
{
  gboolean is_vm = g_str_equal (object->class->name, CAIRN_SYSTEM_CLASS);

  *kind = is_vm ? CAIRN_JOB_ELEMENT_VM : CAIRN_JOB_ELEMENT_POINT;
  if (is_vm)
    return cim_instance_text (object, "Name");
  return g_str_equal (object->class->name, CAIRN_POINT_CLASS)
             ? cim_instance_text (object, "InstanceID")
             : NULL;
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
