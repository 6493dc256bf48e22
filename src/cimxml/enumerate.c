/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EnumerateInstances, EnumerateInstanceNames and ExecQuery; and what all enumerations share. */
#include "cimxml/request.h"

unsigned
cimxml_class_flags (const CimxmlRequest *request)
{
  unsigned booleans = request->parameters.booleans;

  return (booleans & CIMXML_QUALIFIERS ? CIM_XML_QUALIFIERS : 0u)
         | (booleans & CIMXML_CLASS_ORIGIN ? CIM_XML_CLASS_ORIGIN : 0u)
         | (booleans & CIMXML_LOCAL_ONLY ? CIM_XML_LOCAL_ONLY : 0u);
}

void
cimxml_style_set (CimxmlRequest *request)
{
  const char *const *selected = cim_enumeration_properties (request->enumeration);

  request->style = (CimxmlStyle){
    .form = request->operation->form,
    .flags = cimxml_class_flags (request),
    .properties = selected ? selected : request->parameters.properties,
  };
}

/* ---- making the enumeration ---- */

static gboolean
is_listed (const CimxmlParameters *parameters, const char *name)
{
  if (!parameters->properties)
    return TRUE;
  for (guint i = 0; i < parameters->n_properties; i++)
    if (g_ascii_strcasecmp (parameters->properties[i], name) == 0)
      return TRUE;
  return FALSE;
}

/* DeepInheritance is false: what derived classes add is left out. */
static void
keep_to_class (CimxmlRequest *request, const CimClass *class)
{
  CimxmlParameters *parameters = &request->parameters;
  const char **names;
  guint n = 0;

  if (class->subclasses->len == 0)
    return;
  names = cairn_arena_alloc (&request->document->arena, (class->n_properties + 1) * sizeof *names);
  for (guint i = 0; i < class->n_properties; i++)
    if (is_listed (parameters, class->properties[i]->name))
      names[n++] = class->properties[i]->name;
  parameters->properties = names;
  parameters->n_properties = n;
}

gboolean
cimxml_begin_instances (CimxmlRequest *request, GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;
  const CimClass *class = cimxml_find_class (request, parameters->class_name, error);

  if (!class)
    return FALSE;
  if (!(parameters->booleans & CIMXML_DEEP))
    keep_to_class (request, class);
  request->enumeration = cim_broker_enumerate (request->server->broker, request->namespace_,
                                               parameters->class_name, error);
  return request->enumeration != NULL;
}

gboolean
cimxml_begin_query (CimxmlRequest *request, const char *language, const char *query, GError **error)
{
  /* What we read is WQL; the queries that the two have in common mean the same. */
  if (g_ascii_strcasecmp (language, "WQL") != 0 && g_ascii_strcasecmp (language, "DMTF:CQL") != 0
      && g_ascii_strcasecmp (language, "CIM:CQL") != 0)
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
                   "query language '%.64s' isn't supported: use WQL", language);
      return FALSE;
    }
  request->enumeration
      = cim_broker_query (request->server->broker, request->namespace_, query, error);
  return request->enumeration != NULL;
}

/* ---- pages ---- */

gboolean
cimxml_append_page (CimxmlRequest *request, guint limit, gboolean *has_ended, GError **error)
{
  g_autoptr (GPtrArray) instances
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  if (!cim_enumeration_next (request->enumeration, &request->call, limit, instances, has_ended,
                             error))
    return FALSE;
  for (guint i = 0; i < instances->len; i++)
    cimxml_append_object (request->out, request, &request->style, instances->pdata[i]);
  return TRUE;
}

gboolean
cimxml_enumerate_begin (CimxmlRequest *request, GError **error)
{
  if (!cimxml_begin_instances (request, error))
    return FALSE;
  cimxml_style_set (request);
  request->is_quick = cim_enumeration_is_quick (request->enumeration);
  return TRUE;
}

/* Of all classic enumerations: the first page. */
gboolean
cimxml_enumerate_run (CimxmlRequest *request, GError **error)
{
  gboolean has_ended = TRUE;

  g_string_append (request->out, "<IRETURNVALUE>");
  if (!cimxml_append_page (request, CIMXML_PAGE, &has_ended, error))
    return FALSE;
  if (has_ended)
    g_string_append (request->out, "</IRETURNVALUE>");
  request->has_more = !has_ended;
  return TRUE;
}

gboolean
cimxml_query_begin (CimxmlRequest *request, GError **error)
{
  if (!cimxml_begin_query (request, request->parameters.query_language, request->parameters.query,
                           error))
    return FALSE;
  cimxml_style_set (request);
  request->is_quick = cim_enumeration_is_quick (request->enumeration);
  return TRUE;
}

gboolean
cimxml_query_run (CimxmlRequest *request, GError **error)
{
  return cimxml_enumerate_run (request, error);
}
