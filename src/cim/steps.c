/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of an enumeration, page by page. */
#include "cim/enumeration.h"

typedef struct
{
  GPtrArray *taken; /* of CimInstance: a page */
  guint size;       /* asked for */
} Page;

static void
page_clear (Page *page)
{
  g_clear_pointer (&page->taken, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

static CimPage
begin_page (CimProgress *progress, Page *page)
{
  CimEnumeration *enumeration = progress->enumeration;
  CimPage asked = { .after = enumeration->after,
                    .limit = cim_progress_page_size (progress),
                    .asked = enumeration->class };

  page->taken = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  page->size = asked.limit;
  if (enumeration->kind == CIM_ENUMERATES_CLASS && enumeration->query)
    {
      asked.required = (const char *(*)(gconstpointer, const char *))cim_query_required_text;
      asked.query = enumeration->query;
    }
  return asked;
}

/* Gives what the query wants of a page; MAKE turns an object into what is given. Moves on behind
 * what was looked at. *IS_LAST: the step has no more. */
static void
take_page (CimProgress *progress, const Page *page,
           CimInstance *(*make) (CimProgress *progress, CimInstance *found), gboolean *is_last)
{
  CimEnumeration *enumeration = progress->enumeration;
  const char *server = cim_broker_server (enumeration->broker);
  gboolean filters = enumeration->kind == CIM_ENUMERATES_CLASS && enumeration->query;
  guint i = 0;

  for (; i < page->taken->len && progress->instances->len < progress->wanted; i++)
    {
      g_autoptr (CimInstance) made = make (progress, page->taken->pdata[i]);

      if (made && (!filters || cim_query_matches (enumeration->query, made, server)))
        g_ptr_array_add (progress->instances, g_steal_pointer (&made));
    }
  if (i > 0)
    cim_enumeration_move (enumeration, page->taken->pdata[i - 1]);
  *is_last = page->taken->len < page->size && i == page->taken->len;
}

/* ---- of a class ---- */

static CimInstance *
as_it_is (CimProgress *progress, CimInstance *found)
{
  return cim_instance_ref (found);
}

static const CimSource *
current_source (const CimEnumeration *enumeration)
{
  const CimSourceList *list = cim_sources_of (enumeration->broker, enumeration->class);

  return enumeration->step < list->sources->len
             ? &g_array_index (list->sources, CimSource, enumeration->step)
             : NULL;
}

static gboolean
step_provider (CimProgress *progress, const CimSource *source, GError **error)
{
  g_auto (Page) page = { 0 };
  const CimPage asked = begin_page (progress, &page);
  gboolean is_last;

  if (!source->provider->page (progress->call, source->class, &asked, page.taken, error))
    return FALSE;
  take_page (progress, &page, as_it_is, &is_last);
  if (is_last)
    cim_enumeration_end_step (progress->enumeration);
  return TRUE;
}

/* The next object at end 0 of the association; FALSE for a failure. */
static gboolean
next_outer (CimProgress *progress, const CimSource *source, GError **error)
{
  CimEnumeration *enumeration = progress->enumeration;
  g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  g_clear_pointer (&enumeration->outer, cim_instance_unref);
  g_clear_pointer (&enumeration->after, g_free);
  if (enumeration->outers_ended)
    return TRUE;
  if (!enumeration->outers)
    enumeration->outers = cim_broker_enumerate (enumeration->broker,
                                                cim_namespace_name (enumeration->namespace_flag),
                                                source->association->class_names[0], error);
  if (!enumeration->outers
      || !cim_enumeration_next (enumeration->outers, progress->call, 1, one,
                                &enumeration->outers_ended, error))
    return FALSE;
  if (one->len > 0)
    enumeration->outer = g_ptr_array_steal_index (one, 0);
  return TRUE;
}

static CimInstance *
from_outer (CimProgress *progress, CimInstance *found)
{
  const CimInstance *const ends[2] = { progress->enumeration->outer, found };

  return cim_association_make (progress->call, current_source (progress->enumeration), ends);
}

static gboolean
step_outer (CimProgress *progress, const CimSource *source, GError **error)
{
  CimEnumeration *enumeration = progress->enumeration;
  g_auto (Page) page = { 0 };
  CimPage asked;
  gboolean is_last;

  if (!enumeration->outer)
    {
      if (!next_outer (progress, source, error))
        return FALSE;
      if (!enumeration->outer)
        cim_enumeration_end_step (enumeration);
      return TRUE;
    }
  asked = begin_page (progress, &page);
  asked.required = NULL; /* it is the association's properties that the query is about */
  if (!source->association->across[0](progress->call, enumeration->outer, &asked, page.taken,
                                      error))
    return FALSE;
  take_page (progress, &page, from_outer, &is_last);
  if (is_last)
    {
      g_clear_pointer (&enumeration->outer, cim_instance_unref);
      g_clear_pointer (&enumeration->after, g_free);
    }
  return TRUE;
}

gboolean
cim_enumeration_step_class (CimProgress *progress, gboolean *has_ended, GError **error)
{
  CimEnumeration *enumeration = progress->enumeration;
  const CimSource *source = current_source (enumeration);

  *has_ended = !source;
  if (!source)
    return TRUE;
  if (!(source->class->flags & enumeration->namespace_flag))
    {
      cim_enumeration_end_step (enumeration);
      return TRUE;
    }
  return source->provider ? step_provider (progress, source, error)
                          : step_outer (progress, source, error);
}

/* ---- of an object's associations ---- */

static gboolean
is_role (const char *wanted, const char *role)
{
  return !wanted || g_ascii_strcasecmp (wanted, role) == 0;
}

/* The association and end of the current step: FALSE when the filter or the object's class rules
 * it out. */
static gboolean
applies (const CimProgress *progress, const CimAssociation *association, guint end,
         CimSource *source)
{
  const CimEnumeration *enumeration = progress->enumeration;
  const CimSchema *schema = enumeration->broker->schema;
  unsigned flag = enumeration->namespace_flag;
  const CimClass *wanted = enumeration->association_class; /* of REFERENCES: the ResultClass */
  const CimClass *near = cim_schema_find (schema, flag, association->class_names[end]);

  *source = (CimSource){ .class = cim_schema_find (schema, flag, association->class_name),
                         .association = association };
  return source->class && near && cim_class_is_a (progress->object->class, near)
         && (!wanted || cim_class_is_a (source->class, wanted))
         && is_role (enumeration->filter.role, association->roles[end])
         && is_role (enumeration->filter.result_role, association->roles[1 - end]);
}

/* What is given for an object at the other end: itself, or the association. */
static CimInstance *
from_object (CimProgress *progress, CimInstance *found)
{
  CimEnumeration *enumeration = progress->enumeration;
  const CimAssociation *association
      = enumeration->broker->providers->associations[enumeration->step / 2];
  guint end = enumeration->step % 2;
  const CimInstance *ends[2];
  CimSource source;

  if (enumeration->kind == CIM_ENUMERATES_ASSOCIATED)
    return !enumeration->result_class || cim_class_is_a (found->class, enumeration->result_class)
               ? cim_instance_ref (found)
               : NULL;
  applies (progress, association, end, &source);
  ends[end] = progress->object;
  ends[1 - end] = found;
  return cim_association_make (progress->call, &source, ends);
}

gboolean
cim_enumeration_step_associations (CimProgress *progress, gboolean *has_ended, GError **error)
{
  CimEnumeration *enumeration = progress->enumeration;
  const CimAssociation *association
      = enumeration->broker->providers->associations[enumeration->step / 2];
  guint end = enumeration->step % 2;
  g_auto (Page) page = { 0 };
  CimPage asked;
  CimSource source;
  gboolean is_last;

  *has_ended = !association;
  if (!association)
    return TRUE;
  if (!applies (progress, association, end, &source))
    {
      cim_enumeration_end_step (enumeration);
      return TRUE;
    }
  asked = begin_page (progress, &page);
  if (!association->across[end](progress->call, progress->object, &asked, page.taken, error))
    return FALSE;
  take_page (progress, &page, from_object, &is_last);
  if (is_last)
    cim_enumeration_end_step (enumeration);
  return TRUE;
}
