/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Endpoint references. Each level of nesting is some levels of the document, whose depth is
 * limited. */
#include "wsman/epr.h"

#include <string.h>

#include "wsman/envelope.h"
#include "wsman/names.h"

/* ---- reading ---- */

/* "\\HOST\root\virtualization\v2" in a namespace names the server too. */
static void
split_namespace (CairnArena *arena, const char *text, WsmanSelectors *selectors)
{
  const char *host = text + 2, *end;

  selectors->namespace_ = text;
  if (strncmp (text, "\\\\", 2) != 0 && strncmp (text, "//", 2) != 0)
    return;
  end = strpbrk (host, "\\/");
  if (!end)
    return;
  selectors->server = cairn_arena_strndup (arena, host, (size_t)(end - host));
  selectors->namespace_ = end + 1;
}

static void
read_pseudo_selector (CairnXmlDocument *document, const char *name, const CairnXmlNode *node,
                      WsmanSelectors *selectors)
{
  const char *text = cairn_xml_trimmed (document, node);

  if (g_ascii_strcasecmp (name, "__cimnamespace") == 0)
    split_namespace (&document->arena, text, selectors);
  else if (g_ascii_strcasecmp (name, "__ServerName") == 0
           || g_ascii_strcasecmp (name, "__Server") == 0)
    selectors->server = text;
}

static gboolean
add_key (CairnXmlDocument *document, const CairnXmlNode *node, const char *name, CimKey *keys,
         WsmanSelectors *selectors, GError **error)
{
  for (guint i = 0; i < selectors->n_keys; i++)
    if (g_ascii_strcasecmp (keys[i].name, name) == 0)
      {
        g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_DUPLICATE_SELECTORS,
                     "selector '%.100s' is given twice; give it once", name);
        return FALSE;
      }
  keys[selectors->n_keys].name = name;
  if (!node->children)
    keys[selectors->n_keys].text = cairn_xml_trimmed (document, node);
  else
    {
      keys[selectors->n_keys].path = wsman_epr_read (document, node, error);
      if (!keys[selectors->n_keys].path)
        {
          if (!*error)
            g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SELECTOR_TYPE,
                         "the value of selector '%.100s' is neither text nor an "
                         "a:EndpointReference; give one of them",
                         name);
          return FALSE;
        }
    }
  selectors->n_keys++;
  return TRUE;
}

gboolean
wsman_selectors_read (CairnXmlDocument *document, const CairnXmlNode *set,
                      WsmanSelectors *selectors, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CimKey *keys = NULL;
  guint n = 0;

  *selectors = (WsmanSelectors){ 0 };
  for (const CairnXmlNode *node = cairn_xml_child (set, WSMAN_NS_WSMAN, "Selector"); node;
       node = cairn_xml_next (node, WSMAN_NS_WSMAN, "Selector"))
    n++;
  if (n > 0 && n <= WSMAN_SELECTORS_MAX)
    keys = cairn_arena_alloc (&document->arena, n * sizeof *keys);
  selectors->keys = keys;
  for (const CairnXmlNode *node = keys ? cairn_xml_child (set, WSMAN_NS_WSMAN, "Selector") : NULL;
       node && !cause; node = cairn_xml_next (node, WSMAN_NS_WSMAN, "Selector"))
    {
      const char *name = cairn_xml_attribute (node, NULL, "Name");

      if (!name || !*name)
        g_set_error_literal (&cause, WSMAN_FAULT, WSMAN_FAULT_UNEXPECTED_SELECTORS,
                             "a w:Selector has no Name; name the key it is for");
      else if (strncmp (name, "__", 2) == 0)
        read_pseudo_selector (document, name, node, selectors);
      else
        add_key (document, node, name, keys, selectors, &cause);
    }
  if (n > WSMAN_SELECTORS_MAX)
    g_set_error (&cause, WSMAN_FAULT, WSMAN_FAULT_UNEXPECTED_SELECTORS,
                 "%u selectors are given, and the most is %u; give the class's keys", n,
                 WSMAN_SELECTORS_MAX);
  if (!cause)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* What a:ReferenceParameters (or, in one dialect, a:ReferenceProperties) choose. */
static const CimPath *
read_parameters (CairnXmlDocument *document, const CairnXmlNode *parameters, GError **error)
{
  const CairnXmlNode *uri = cairn_xml_child (parameters, WSMAN_NS_WSMAN, "ResourceURI");
  const CairnXmlNode *set = cairn_xml_child (parameters, WSMAN_NS_WSMAN, "SelectorSet");
  const char *text = uri ? cairn_xml_trimmed (document, uri) : "";
  WsmanSelectors selectors = { 0 };
  WsmanResource resource;
  CimPath *path;

  if (!wsman_resource_parse (&document->arena, text, &resource)
      || resource.family == WSMAN_FAMILY_SCHEMA || !resource.class_name)
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_PARAMETER_VALUE,
                   "resource URI '%.200s' of a reference names no class; correct it", text);
      return NULL;
    }
  if (set && !wsman_selectors_read (document, set, &selectors, error))
    return NULL;
  path = cairn_arena_alloc (&document->arena, sizeof *path);
  *path = (CimPath){
    .server = selectors.server,
    .namespace_ = resource.namespace_ ? resource.namespace_ : selectors.namespace_,
    .class_name = resource.class_name,
    .keys = selectors.keys,
    .n_keys = selectors.n_keys,
  };
  return path;
}

const CimPath *
wsman_epr_read (CairnXmlDocument *document, const CairnXmlNode *node, GError **error)
{
  const CairnXmlNode *parameters;
  const CairnXmlNode *wrapped = cairn_xml_child (node, WSMAN_NS_ADDRESSING, "EndpointReference");

  if (wrapped)
    node = wrapped;
  parameters = cairn_xml_child (node, WSMAN_NS_ADDRESSING, "ReferenceParameters");
  return parameters ? read_parameters (document, parameters, error) : NULL;
}

/* ---- writing ---- */

static void
append_selector (GString *out, WsmanFamily family, unsigned namespace_flag, const CimKey *key,
                 const char *name)
{
  wsman_append (out, "<w:Selector Name=\"");
  cairn_xml_append_escaped (out, name);
  wsman_append (out, "\">");
  if (key->path)
    {
      wsman_append (out, "<a:EndpointReference>");
      wsman_epr_append (out, family, namespace_flag, key->path);
      wsman_append (out, "</a:EndpointReference>");
    }
  else
    cairn_xml_append_escaped (out, key->text);
  wsman_append (out, "</w:Selector>");
}

/* The name of a key that stands for the only one there is ("Class="value""). */
static const char *
only_key (unsigned namespace_flag, const CimPath *path)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), namespace_flag, path->class_name);

  return class && class->n_keys > 0 ? class->properties[class->keys[0]]->name : "InstanceID";
}

void
wsman_epr_append (GString *out, WsmanFamily family, unsigned namespace_flag, const CimPath *path)
{
  unsigned own = path->namespace_ ? cim_namespace_parse (path->namespace_) : 0;
  unsigned flag = own ? own : namespace_flag;

  wsman_append (out, "<a:Address>" WSMAN_ANONYMOUS "</a:Address>"
                     "<a:ReferenceParameters><w:ResourceURI>");
  wsman_resource_append (out, family, flag, path->class_name);
  wsman_append (out, "</w:ResourceURI><w:SelectorSet>");
  if (wsman_family_selects_namespace (family))
    {
      wsman_append (out, "<w:Selector Name=\"__cimnamespace\">");
      g_string_append (out, cim_namespace_name (flag));
      wsman_append (out, "</w:Selector>");
    }
  for (guint i = 0; i < path->n_keys; i++)
    {
      const CimKey *key = &path->keys[i];

      append_selector (out, family, flag, key, key->name ? key->name : only_key (flag, path));
    }
  wsman_append (out, "</w:SelectorSet></a:ReferenceParameters>");
}
