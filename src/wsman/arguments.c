/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of methods. */
#include "wsman/arguments.h"

#include <string.h>

#include "cim/embedded.h"
#include "wsman/envelope.h"
#include "wsman/epr.h"
#include "wsman/names.h"

#define INPUT "_INPUT"

static gboolean read_object (CairnXmlDocument *document, CimInstance *object,
                             const CairnXmlNode *node, GError **error);

static gboolean
is_nil (const CairnXmlNode *node)
{
  return wsman_is_true (cairn_xml_attribute (node, WSMAN_NS_XSI, "nil"));
}

static gboolean
fail_value (const CimProperty *property, const char *why, GError **error)
{
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_PARAMETER_VALUE, "parameter %s %s", property->name,
               why);
  return FALSE;
}

/* ---- objects written out: of a reference, or embedded ones ---- */

static const CimClass *
find_class (const char *name)
{
  const CimSchema *schema = cim_schema_get ();
  const CimClass *class = cim_schema_find (schema, CIM_IN_VIRTUALIZATION, name);

  return class ? class : cim_schema_find (schema, CIM_IN_CIMV2, name);
}

/* "q:Msvm_ComputerSystem_Type" of an xsi:type. */
static const CimClass *
class_of_type (const CairnXmlNode *node)
{
  const char *type = cairn_xml_attribute (node, WSMAN_NS_XSI, "type");
  const char *colon = type ? strchr (type, ':') : NULL;
  g_autofree char *name = g_strdup (colon ? colon + 1 : type);

  if (name && g_str_has_suffix (name, "_Type"))
    name[strlen (name) - strlen ("_Type")] = '\0';
  return name ? find_class (name) : NULL;
}

/* By the namespace its properties are in: a resource URI. */
static const CimClass *
class_of_namespace (CairnXmlDocument *document, const CairnXmlNode *node)
{
  WsmanResource resource;

  return node->children && wsman_resource_parse (&document->arena, node->children->ns, &resource)
                 && resource.class_name
             ? find_class (resource.class_name)
             : NULL;
}

/* The class of the object that NODE is or holds; *NODE becomes the element with its properties.
 * OTHERWISE: what is declared. */
static const CimClass *
class_of_object (CairnXmlDocument *document, const CairnXmlNode **node, const char *otherwise)
{
  const CairnXmlNode *child = (*node)->children;
  const CimClass *class = class_of_type (*node);

  if (!class && child && !child->next && child->children && (class = find_class (child->name)))
    *node = child;
  if (!class)
    class = class_of_namespace (document, *node);
  return class || !otherwise ? class : find_class (otherwise);
}

static const CimPath *
path_of_object (CairnXmlDocument *document, const CairnXmlNode *node, const CimProperty *property,
                GError **error)
{
  const CimClass *class = class_of_object (document, &node, property->class_name);
  CimPath *path;
  CimKey *keys;

  if (!class || class->n_keys == 0)
    {
      fail_value (property, "is neither a reference nor an instance; give an endpoint reference",
                  error);
      return NULL;
    }
  path = cairn_arena_alloc (&document->arena, sizeof *path);
  keys = cairn_arena_alloc (&document->arena, class->n_keys * sizeof *keys);
  path->class_name = class->name;
  path->keys = keys;
  for (guint i = 0; i < class->n_keys; i++)
    {
      const char *name = class->properties[class->keys[i]]->name;
      const CairnXmlNode *value = cairn_xml_child (node, NULL, name);

      if (value && !value->children)
        keys[path->n_keys++] = (CimKey){ .name = name, .text = value->text };
    }
  return path;
}

static const CimPath *
read_path (CairnXmlDocument *document, const CairnXmlNode *node, const CimProperty *property,
           GError **error)
{
  g_autoptr (GError) cause = NULL;
  const CimPath *path;

  if (!node->children)
    path = cim_path_parse (&document->arena, cairn_xml_trimmed (document, node), &cause);
  else
    {
      path = wsman_epr_read (document, node, &cause);
      if (!path && !cause)
        path = path_of_object (document, node, property, &cause);
    }
  if (path)
    return path;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_PARAMETER_VALUE, "parameter %s: %s", property->name,
               cause->message);
  return NULL;
}

/* The text of an embedded instance that was sent as elements. */
static const char *
text_of_object (CairnXmlDocument *document, const CairnXmlNode *node, const CimProperty *property,
                GError **error)
{
  const CimClass *class = class_of_object (document, &node, property->class_name);
  g_autoptr (CimInstance) object = class ? cim_instance_new (class) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  if (!class)
    {
      fail_value (property, "holds elements, and wants text; give it as text", error);
      return NULL;
    }
  if (!read_object (document, object, node, error))
    return NULL;
  cim_embedded_append (text, object);
  return cairn_arena_strndup (&document->arena, text->str, text->len);
}

/* ---- values ---- */

/* xs:dateTime, xs:duration or DMTF's form, bare or in one of WS-CIM's elements. */
static const char *
read_datetime (CairnXmlDocument *document, const CairnXmlNode *node)
{
  const char *text = cairn_xml_trimmed (document, node->children ? node->children : node);
  g_autofree char *dmtf = cim_datetime_from_xml (text);

  return dmtf ? cairn_arena_strdup (&document->arena, dmtf) : text;
}

static const char *
read_text (CairnXmlDocument *document, const CairnXmlNode *node, const CimProperty *property,
           GError **error)
{
  switch (property->type)
    {
    case CIM_STRING:
      return node->children ? text_of_object (document, node, property, error) : node->text;
    case CIM_DATETIME:
      return read_datetime (document, node);
    case CIM_BOOLEAN: /* xs:boolean has four spellings */
      if (strcmp (cairn_xml_trimmed (document, node), "1") == 0)
        return "true";
      if (strcmp (cairn_xml_trimmed (document, node), "0") == 0)
        return "false";
      return cairn_xml_trimmed (document, node);
    default:
      return cairn_xml_trimmed (document, node);
    }
}

/* All members of an array, or the one of a scalar: NODE and those of its name after it. */
static gboolean
set_texts (CairnXmlDocument *document, CimInstance *instance, guint property,
           const CairnXmlNode *node, GError **error)
{
  const CimProperty *declared = instance->class->properties[property];
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();

  for (const CairnXmlNode *p = node; p; p = cairn_xml_next (p, node->ns, node->name))
    {
      const char *text = is_nil (p) ? NULL : read_text (document, p, declared, error);

      if (!text && !is_nil (p))
        return FALSE;
      if (text)
        g_ptr_array_add (texts, (gpointer)text);
    }
  return texts->len == 0
         || cim_instance_parse_texts (instance, property, (const char *const *)texts->pdata,
                                      texts->len, error);
}

static gboolean
set_value (CairnXmlDocument *document, CimInstance *instance, guint property,
           const CairnXmlNode *node, GError **error)
{
  const CimProperty *declared = instance->class->properties[property];
  const CimPath *path;

  if (!(declared->flags & CIM_ARRAY) && cairn_xml_next (node, node->ns, node->name))
    return fail_value (declared, "is given twice; give it once", error);
  if (declared->type != CIM_REFERENCE)
    return set_texts (document, instance, property, node, error);
  if (is_nil (node) || (!node->children && !*cairn_xml_trimmed (document, node)))
    return TRUE;
  path = read_path (document, node, declared, error);
  return path && cim_instance_parse_path (instance, property, path, error);
}

/* An embedded object: what isn't known is passed over. */
static gboolean
read_object (CairnXmlDocument *document, CimInstance *object, const CairnXmlNode *node,
             GError **error)
{
  g_autofree gboolean *is_read = g_new0 (gboolean, object->class->n_properties);

  for (const CairnXmlNode *p = node->children; p; p = p->next)
    {
      int property = cim_class_find_property (object->class, p->name);

      if (property < 0 || is_read[property])
        continue;
      is_read[property] = TRUE;
      if (!set_value (document, object, (guint)property, p, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_argument (CairnXmlDocument *document, const CimResolvedMethod *method, CimInstance *in,
               gboolean *is_read, const CairnXmlNode *node, GError **error)
{
  int property = cim_class_find_property (in->class, node->name);
  gboolean is_empty = is_nil (node) || (!node->children && !*node->text);

  /* Some clients send a place for what they get. */
  if (property >= 0 && !(in->class->properties[property]->flags & CIM_IN) && is_empty)
    return TRUE;
  if (property < 0 || !(in->class->properties[property]->flags & CIM_IN))
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_PARAMETER_NAME,
                   "method %s of %s has no in-parameter '%.100s'; leave it out or correct the name",
                   method->declared->name, method->origin->name, node->name);
      return FALSE;
    }
  if (is_read[property]) /* the first member of an array has brought the others */
    return TRUE;
  is_read[property] = TRUE;
  return set_value (document, in, (guint)property, node, error);
}

static gboolean
check_input (const CimResolvedMethod *method, const CairnXmlNode *input, GError **error)
{
  gsize length = strlen (method->declared->name);

  if (g_ascii_strncasecmp (input->name, method->declared->name, length) == 0
      && g_ascii_strcasecmp (input->name + length, INPUT) == 0)
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
               "the body holds '%.100s', and the method wants %s" INPUT "; correct it", input->name,
               method->declared->name);
  return FALSE;
}

CimInstance *
wsman_arguments_read (CairnXmlDocument *document, const CimResolvedMethod *method,
                      const CairnXmlNode *input, GError **error)
{
  g_autofree gboolean *is_read = g_new0 (gboolean, method->parameters->n_properties);
  g_autoptr (CimInstance) in = NULL;

  if (input && !check_input (method, input, error))
    return NULL;
  in = cim_instance_new (method->parameters);
  for (const CairnXmlNode *node = input ? input->children : NULL; node; node = node->next)
    if (!read_argument (document, method, in, is_read, node, error))
      return NULL;
  return g_steal_pointer (&in);
}
