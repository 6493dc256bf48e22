/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters. */
#include "wsman/filter.h"

#include <string.h>

#include "wsman/epr.h"
#include "wsman/names.h"

typedef struct
{
  CimBroker *broker;
  CairnXmlDocument *document;
  const WsmanEnvelope *envelope;
  const CairnXmlNode *filter;
  const CimClass **class;
} Opening;

static gboolean
fail (const char *why, GError **error)
{
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_FILTER, why);
  return FALSE;
}

/* ---- WQL ---- */

/* The class that a SELECT names: its items may be presented as that. */
static void
look_at_query (Opening *opening, const char *text)
{
  g_autoptr (CimQuery) query = cim_query_parse (text, NULL);

  if (query && cim_query_kind (query) == CIM_QUERY_SELECT)
    *opening->class = cim_broker_find_class (opening->broker, opening->envelope->namespace_,
                                             cim_query_class (query), NULL, NULL);
}

static CimEnumeration *
open_wql (Opening *opening, GError **error)
{
  const char *text = opening->filter->text;
  CimEnumeration *enumeration
      = cim_broker_query (opening->broker, opening->envelope->namespace_, text, error);

  if (enumeration)
    look_at_query (opening, text);
  return enumeration;
}

/* ---- associations ---- */

/* The text of a child of the filter; NULL when it isn't there or empty. */
static const char *
word (Opening *opening, const CairnXmlNode *node, const char *name)
{
  const CairnXmlNode *child = cairn_xml_child (node, WSMAN_NS_BINDING, name);
  const char *text = child ? cairn_xml_trimmed (opening->document, child) : "";

  return *text ? text : NULL;
}

static CimEnumeration *
open_association (Opening *opening, GError **error)
{
  const CairnXmlNode *node
      = cairn_xml_child (opening->filter, WSMAN_NS_BINDING, "AssociatedInstances");
  gboolean is_references = !node;
  const CairnXmlNode *object;
  CimAssociationFilter filter;

  if (!node)
    node = cairn_xml_child (opening->filter, WSMAN_NS_BINDING, "AssociationInstances");
  object = node ? cairn_xml_child (node, WSMAN_NS_BINDING, "Object") : NULL;
  if (!object)
    return fail ("the association filter has no b:AssociatedInstances or b:AssociationInstances "
                 "with a b:Object; give one",
                 error),
           NULL;
  filter = (CimAssociationFilter){
    .object = wsman_epr_read (opening->document, object, error),
    .association_class
    = word (opening, node, is_references ? "ResultClassName" : "AssociationClassName"),
    .result_class = is_references ? NULL : word (opening, node, "ResultClassName"),
    .role = word (opening, node, "Role"),
    .result_role = is_references ? NULL : word (opening, node, "ResultRole"),
  };
  if (!filter.object)
    return error && *error ? NULL
                           : (fail ("b:Object holds no endpoint reference; give one", error), NULL);
  return (is_references ? cim_broker_references : cim_broker_associators) (
      opening->broker, opening->envelope->namespace_, &filter, error);
}

/* ---- selectors ---- */

static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '\'');
  for (; *text; text++)
    {
      if (*text == '\'' || *text == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
    }
  g_string_append_c (out, '\'');
}

/* "NAME = value", as WQL. */
static gboolean
append_condition (GString *out, const CimClass *class, const CimKey *key, GError **error)
{
  int i = cim_class_find_property (class, key->name);
  const CimProperty *property = i >= 0 ? class->properties[i] : NULL;
  g_autoptr (GString) path = g_string_new (NULL);
  CimValue value;

  if (!property
      || (cim_type_is_number (property->type)
          && (!key->text || !cim_value_parse (property->type, key->text, &value))))
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_FILTER,
                   "selector '%.100s' of the filter is %s class %s; correct it", key->name,
                   property ? "no value of the property of" : "no property of", class->name);
      return FALSE;
    }
  g_string_append_printf (out, "%s = ", property->name);
  if (cim_type_is_number (property->type))
    cim_number_append (out, property->type, value.number);
  else if (key->text)
    append_quoted (out, key->text);
  else
    {
      cim_path_append (path, key->path);
      append_quoted (out, path->str);
    }
  return TRUE;
}

static CimEnumeration *
open_selectors (Opening *opening, GError **error)
{
  const CairnXmlNode *set = cairn_xml_child (opening->filter, WSMAN_NS_WSMAN, "SelectorSet");
  g_autoptr (GString) query = g_string_new (NULL);
  WsmanSelectors selectors;

  if (!set || !*opening->class)
    return fail (set ? "a selector filter wants a class; name it in w:ResourceURI"
                     : "the selector filter has no w:SelectorSet; give one",
                 error),
           NULL;
  if (!wsman_selectors_read (opening->document, set, &selectors, error))
    return NULL;
  g_string_append_printf (query, "SELECT * FROM %s", (*opening->class)->name);
  for (guint i = 0; i < selectors.n_keys; i++)
    {
      g_string_append (query, i == 0 ? " WHERE " : " AND ");
      if (!append_condition (query, *opening->class, &selectors.keys[i], error))
        return NULL;
    }
  return cim_broker_query (opening->broker, opening->envelope->namespace_, query->str, error);
}

/* ---- which ---- */

static const struct
{
  const char *dialect;
  CimEnumeration *(*open) (Opening *opening, GError **error);
} dialects[] = {
  { WSMAN_DIALECT_WQL, open_wql },
  { WSMAN_DIALECT_ASSOCIATION, open_association },
  { WSMAN_DIALECT_SELECTOR, open_selectors },
};

static CimEnumeration *
open_filter (Opening *opening, GError **error)
{
  const char *dialect = cairn_xml_attribute (opening->filter, NULL, "Dialect");

  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++)
    if (dialect && g_ascii_strcasecmp (dialect, dialects[i].dialect) == 0)
      return dialects[i].open (opening, error);
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_FILTER_DIALECT,
               "filter dialect '%.200s' isn't supported; use " WSMAN_DIALECT_WQL,
               dialect ? dialect : "(none: XPath)");
  return NULL;
}

static CimEnumeration *
open_class (Opening *opening, GError **error)
{
  const char *name = opening->envelope->resource.class_name;

  if (name)
    return cim_broker_enumerate (opening->broker, opening->envelope->namespace_, name, error);
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_RESOURCE,
                       "resource URI '*' wants a filter; give one, or name a class");
  return NULL;
}

/* The class that the resource URI names, if it does. */
static gboolean
find_class (Opening *opening, GError **error)
{
  const char *name = opening->envelope->resource.class_name;

  *opening->class = name ? cim_broker_find_class (opening->broker, opening->envelope->namespace_,
                                                  name, NULL, error)
                         : NULL;
  return !name || *opening->class;
}

CimEnumeration *
wsman_filter_open (CimBroker *broker, CairnXmlDocument *document, const WsmanEnvelope *envelope,
                   const CairnXmlNode *enumerate, const CimClass **class, GError **error)
{
  const CairnXmlNode *wsman = cairn_xml_child (enumerate, WSMAN_NS_WSMAN, "Filter");
  const CairnXmlNode *plain = cairn_xml_child (enumerate, WSMAN_NS_ENUMERATION, "Filter");
  Opening opening = { broker, document, envelope, wsman ? wsman : plain, class };

  if (!find_class (&opening, error))
    return NULL;
  if (wsman && plain)
    return fail ("there are two filters, w:Filter and n:Filter; give one", error), NULL;
  return opening.filter ? open_filter (&opening, error) : open_class (&opening, error);
}
