/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The associators and references of a class: what instances of it may be associated with, from the
 * schema alone. Source: DSP0200, section 5.3.2.13. */
#include "cimxml/request.h"

typedef struct
{
  CimxmlRequest *request;
  const CimClass *source;
  const CimClass *association_class, *result_class; /* NULL = any */
  const char *role, *result_role;                   /* the same */
  GHashTable *shown;                                /* each once */
} Search;

static void
append_class (Search *search, const CimClass *class)
{
  CimxmlRequest *request = search->request;
  GString *out = request->out;
  gboolean has_class = request->operation->form == CIMXML_OBJECT_WITH_PATH;

  if (!g_hash_table_add (search->shown, (gpointer) class))
    return;
  g_string_append (out, has_class ? "<VALUE.OBJECTWITHPATH>" : "<OBJECTPATH>");
  g_string_append (out, "<CLASSPATH><NAMESPACEPATH><HOST>");
  cairn_xml_append_escaped (out, cim_broker_server (request->server->broker));
  g_string_append (out, "</HOST>");
  cim_xml_append_local_namespace (out, request->namespace_flag);
  g_string_append (out, "</NAMESPACEPATH><CLASSNAME NAME=\"");
  g_string_append (out, class->name);
  g_string_append (out, "\"/></CLASSPATH>");
  if (has_class)
    cim_xml_append_class (out, class, cimxml_class_flags (request), request->parameters.properties);
  g_string_append (out, has_class ? "</VALUE.OBJECTWITHPATH>" : "</OBJECTPATH>");
}

static gboolean
is_role (const char *wanted, const char *name)
{
  return !wanted || g_ascii_strcasecmp (wanted, name) == 0;
}

/* The class that an end refers to; NULL when the property is no reference. */
static const CimClass *
end_class (const Search *search, const CimProperty *property)
{
  const CimSchema *schema = cim_broker_schema (search->request->server->broker);

  if (property->type != CIM_REFERENCE || !property->class_name)
    return NULL;
  return cim_schema_find (schema, search->request->namespace_flag, property->class_name);
}

/* The source is at end I of ASSOCIATION; what is at the others? */
static void
look_across (Search *search, const CimClass *association, guint i, gboolean is_references)
{
  if (is_references)
    {
      append_class (search, association);
      return;
    }
  for (guint other = 0; other < association->n_properties; other++)
    {
      const CimProperty *property = association->properties[other];
      const CimClass *end = other != i ? end_class (search, property) : NULL;

      if (end && is_role (search->result_role, property->name)
          && (!search->result_class || cim_class_is_a (end, search->result_class)))
        append_class (search, end);
    }
}

static void
look_at (Search *search, const CimClass *association, gboolean is_references)
{
  if (!(association->flags & CIM_ASSOCIATION)
      || (search->association_class && !cim_class_is_a (association, search->association_class)))
    return;
  for (guint i = 0; i < association->n_properties; i++)
    {
      const CimClass *end = end_class (search, association->properties[i]);

      if (end && cim_class_is_a (search->source, end)
          && is_role (search->role, association->properties[i]->name))
        look_across (search, association, i, is_references);
    }
}

static gboolean
find_filter_class (const CimxmlRequest *request, const char *name, const CimClass **class,
                   GError **error)
{
  *class = name ? cimxml_find_class (request, name, error) : NULL;
  return !name || *class;
}

gboolean
cimxml_append_class_associators (CimxmlRequest *request, gboolean is_references, GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;
  const char *association = is_references ? parameters->result_class : parameters->assoc_class;
  g_autoptr (GHashTable) shown = g_hash_table_new (NULL, NULL);
  Search search = { .request = request,
                    .role = parameters->role,
                    .result_role = parameters->result_role,
                    .shown = shown };
  const GPtrArray *classes;

  search.source = cimxml_find_class (request, parameters->path->class_name, error);
  if (!search.source || !find_filter_class (request, association, &search.association_class, error)
      || (!is_references
          && !find_filter_class (request, parameters->result_class, &search.result_class, error)))
    return FALSE;
  classes = cim_schema_list (cim_broker_schema (request->server->broker), request->namespace_flag);
  g_string_append (request->out, "<IRETURNVALUE>");
  for (guint i = 0; i < classes->len; i++)
    look_at (&search, classes->pdata[i], is_references);
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}
