/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enumerations: made, gone on with, ended. */
#include "cim/enumeration.h"

/* With a WHERE, how many instances are looked at in one go. */
#define FILTERED_PAGE 256u
#define PAGE_MAX      1024u

static CimEnumeration *
enumeration_new (CimBroker *broker, CimEnumerationKind kind, unsigned namespace_flag)
{
  CimEnumeration *enumeration = g_new0 (CimEnumeration, 1);

  enumeration->broker = broker;
  enumeration->kind = kind;
  enumeration->namespace_flag = namespace_flag;
  return enumeration;
}

void
cim_enumeration_free (CimEnumeration *enumeration)
{
  if (!enumeration)
    return;
  cim_enumeration_free (enumeration->outers);
  g_clear_pointer (&enumeration->outer, cim_instance_unref);
  g_clear_pointer (&enumeration->pending, cim_instance_unref);
  g_clear_pointer (&enumeration->query, cim_query_unref);
  cairn_arena_clear (&enumeration->arena);
  g_free (enumeration->after);
  g_free (enumeration);
}

CimEnumeration *
cim_broker_enumerate (CimBroker *broker, const char *namespace_, const char *class_name,
                      GError **error)
{
  unsigned flag;
  const CimClass *class = cim_broker_find_class (broker, namespace_, class_name, &flag, error);
  CimEnumeration *enumeration = class ? enumeration_new (broker, CIM_ENUMERATES_CLASS, flag) : NULL;

  if (enumeration)
    enumeration->class = class;
  return enumeration;
}

/* A class that a filter names; absent is fine. */
static gboolean
find_filter_class (CimBroker *broker, const char *namespace_, const char *name,
                   const CimClass **class, GError **error)
{
  *class = name ? cim_broker_find_class (broker, namespace_, name, NULL, error) : NULL;
  return !name || *class;
}

/* FILTER's texts are borrowed for the enumeration's life. */
static CimEnumeration *
enumerate_associations (CimBroker *broker, CimEnumerationKind kind, const char *namespace_,
                        const CimAssociationFilter *filter, GError **error)
{
  const char *in = filter->object->namespace_ ? filter->object->namespace_ : namespace_;
  g_autoptr (CimEnumeration) enumeration = NULL;
  unsigned flag;

  if (!cim_broker_find_class (broker, in, filter->object->class_name, &flag, error))
    return NULL;
  enumeration = enumeration_new (broker, kind, flag);
  enumeration->filter = *filter;
  if (filter->class_defs_only)
    {
      g_set_error_literal (error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED,
                           "ClassDefsOnly isn't supported; leave it out and take the instances' "
                           "classes");
      return NULL;
    }
  if (!find_filter_class (broker, in, filter->association_class, &enumeration->association_class,
                          error)
      || !find_filter_class (broker, in, filter->result_class, &enumeration->result_class, error))
    return NULL;
  return g_steal_pointer (&enumeration);
}

/* The same with texts of the caller's. */
static CimEnumeration *
enumerate_copied (CimBroker *broker, CimEnumerationKind kind, const char *namespace_,
                  const CimAssociationFilter *filter, GError **error)
{
  CimEnumeration *enumeration = enumerate_associations (broker, kind, namespace_, filter, error);

  if (!enumeration)
    return NULL;
  enumeration->filter.object = cim_path_copy (&enumeration->arena, filter->object);
  enumeration->filter.association_class = NULL; /* resolved */
  enumeration->filter.result_class = NULL;
  enumeration->filter.role = cairn_arena_strdup (&enumeration->arena, filter->role);
  enumeration->filter.result_role = cairn_arena_strdup (&enumeration->arena, filter->result_role);
  return enumeration;
}

CimEnumeration *
cim_broker_associators (CimBroker *broker, const char *namespace_,
                        const CimAssociationFilter *filter, GError **error)
{
  return enumerate_copied (broker, CIM_ENUMERATES_ASSOCIATED, namespace_, filter, error);
}

CimEnumeration *
cim_broker_references (CimBroker *broker, const char *namespace_,
                       const CimAssociationFilter *filter, GError **error)
{
  return enumerate_copied (broker, CIM_ENUMERATES_REFERRING, namespace_, filter, error);
}

CimEnumeration *
cim_broker_query (CimBroker *broker, const char *namespace_, const char *text, GError **error)
{
  g_autoptr (CimQuery) query = cim_query_parse (text, error);
  g_autoptr (CimEnumeration) enumeration = NULL;
  CimQueryKind kind;

  if (!query)
    return NULL;
  kind = cim_query_kind (query);
  if (kind == CIM_QUERY_SELECT)
    enumeration = cim_broker_enumerate (broker, namespace_, cim_query_class (query), error);
  else
    enumeration = enumerate_associations (broker,
                                          kind == CIM_QUERY_ASSOCIATORS ? CIM_ENUMERATES_ASSOCIATED
                                                                        : CIM_ENUMERATES_REFERRING,
                                          namespace_, cim_query_association (query), error);
  if (!enumeration
      || (kind == CIM_QUERY_SELECT && !cim_query_check (query, enumeration->class, error)))
    return NULL;
  enumeration->query = g_steal_pointer (&query);
  return g_steal_pointer (&enumeration);
}

/* ---- going on ---- */

guint
cim_progress_page_size (const CimProgress *progress)
{
  guint missing = MIN (progress->wanted - progress->instances->len, PAGE_MAX);

  return progress->enumeration->kind == CIM_ENUMERATES_CLASS && progress->enumeration->query
             ? MAX (missing, FILTERED_PAGE)
             : missing;
}

void
cim_enumeration_move (CimEnumeration *enumeration, const CimInstance *last_taken)
{
  g_free (enumeration->after);
  enumeration->after = cim_instance_position (last_taken);
}

void
cim_enumeration_end_step (CimEnumeration *enumeration)
{
  g_clear_pointer (&enumeration->after, g_free);
  g_clear_pointer (&enumeration->outers, cim_enumeration_free);
  g_clear_pointer (&enumeration->outer, cim_instance_unref);
  enumeration->outers_ended = FALSE;
  enumeration->step++;
}

static gboolean
go_on (CimProgress *progress, gboolean *has_ended, GError **error)
{
  CimEnumeration *enumeration = progress->enumeration;

  while (!*has_ended && progress->instances->len < progress->wanted)
    if (!cim_call_check_deadline (progress->call, error)
        || !(enumeration->kind == CIM_ENUMERATES_CLASS
                 ? cim_enumeration_step_class (progress, has_ended, error)
                 : cim_enumeration_step_associations (progress, has_ended, error)))
      return FALSE;
  return TRUE;
}

gboolean
cim_enumeration_next (CimEnumeration *enumeration, CimCall *call, guint limit, GPtrArray *instances,
                      gboolean *has_ended, GError **error)
{
  guint first = instances->len;
  g_autoptr (CimInstance) object = NULL;
  CimProgress progress = { enumeration, call, NULL, instances, first };

  /* One more than is given, to know whether there are more. */
  progress.wanted = first + MIN (limit, G_MAXUINT - first - 1) + 1;
  *has_ended = FALSE;
  if (enumeration->kind != CIM_ENUMERATES_CLASS)
    {
      CimPath path = *enumeration->filter.object;

      path.namespace_ = cim_namespace_name (enumeration->namespace_flag);
      object = cim_broker_get (enumeration->broker, call, &path, error);
      if (!object)
        return FALSE;
      progress.object = object;
    }
  if (enumeration->pending)
    g_ptr_array_add (instances, g_steal_pointer (&enumeration->pending));
  if (!go_on (&progress, has_ended, error))
    return FALSE;
  if (instances->len == progress.wanted)
    {
      enumeration->pending = g_ptr_array_steal_index (instances, instances->len - 1);
      *has_ended = FALSE;
    }
  return TRUE;
}

/* ---- questions ---- */

const char *const *
cim_enumeration_properties (const CimEnumeration *enumeration)
{
  return enumeration->query ? cim_query_properties (enumeration->query) : NULL;
}

unsigned
cim_enumeration_namespace (const CimEnumeration *enumeration)
{
  return enumeration->namespace_flag;
}

size_t
cim_enumeration_bytes (const CimEnumeration *enumeration)
{
  return sizeof *enumeration + enumeration->arena.total_bytes
         + (enumeration->query ? cim_query_bytes (enumeration->query) : 0)
         + (enumeration->outers ? cim_enumeration_bytes (enumeration->outers) : 0);
}

gboolean
cim_enumeration_is_quick (const CimEnumeration *enumeration)
{
  const CimAssociation *const *p = enumeration->broker->providers->associations;

  if (enumeration->kind == CIM_ENUMERATES_CLASS)
    return cim_sources_of (enumeration->broker, enumeration->class)->is_quick;
  for (; *p; p++)
    if (!(*p)->is_quick)
      return FALSE;
  return cim_broker_get_is_quick (enumeration->broker, enumeration->filter.object);
}
