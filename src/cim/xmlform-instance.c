/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values, paths and instances as CIM-XML. */
#include "cim/schema.h"
#include "cim/xmlform-parts.h"
#include "cim/xmlform.h"
#include "xml/append.h"

#define put cairn_xml_put

/* ---- paths ---- */

static void append_path (GString *out, const CimPath *path, const char *server,
                         unsigned namespace_flag);

static const char *
value_type (CimType type)
{
  if (type == CIM_BOOLEAN)
    return "boolean";
  return cim_type_is_number (type) ? "numeric" : "string";
}

static void
append_key (GString *out, const CimKey *key, const CimProperty *declared)
{
  if (key->path)
    {
      put (out, "<VALUE.REFERENCE>");
      append_path (out, key->path, NULL, 0);
      put (out, "</VALUE.REFERENCE>");
      return;
    }
  put (out, "<KEYVALUE VALUETYPE=\"");
  put (out, value_type (declared ? declared->type : CIM_STRING));
  if (declared)
    {
      put (out, "\" TYPE=\"");
      put (out, cim_type_name (declared->type));
    }
  put (out, "\">");
  cairn_xml_append_escaped (out, key->text ? key->text : "");
  put (out, "</KEYVALUE>");
}

/* The property that KEY names; an unnamed one is the only key there is. */
static const CimProperty *
find_key_property (const CimClass *class, const CimKey *key)
{
  int i;

  if (!class)
    return NULL;
  if (!key->name)
    return class->n_keys == 1 ? class->properties[class->keys[0]] : NULL;
  i = cim_class_find_property (class, key->name);
  return i >= 0 ? class->properties[i] : NULL;
}

/* The keys of a class are the same in both namespaces. */
static const CimClass *
find_class (const char *name)
{
  const CimSchema *schema = cim_schema_get ();
  const CimClass *class = cim_schema_find (schema, CIM_IN_VIRTUALIZATION, name);

  return class ? class : cim_schema_find (schema, CIM_IN_CIMV2, name);
}

void
cim_xml_append_instance_name (GString *out, const CimPath *path, const CimClass *class)
{
  if (!class)
    class = find_class (path->class_name);
  put (out, "<INSTANCENAME CLASSNAME=\"");
  cairn_xml_append_escaped (out, path->class_name);
  put (out, "\">");
  for (guint i = 0; i < path->n_keys; i++)
    {
      const CimKey *key = &path->keys[i];
      const CimProperty *declared = find_key_property (class, key);
      const char *name = key->name ? key->name : declared ? declared->name : NULL;

      if (name)
        {
          put (out, "<KEYBINDING NAME=\"");
          cairn_xml_append_escaped (out, name);
          put (out, "\">");
        }
      append_key (out, key, declared);
      if (name)
        put (out, "</KEYBINDING>");
    }
  put (out, "</INSTANCENAME>");
}

static void
append_namespace (GString *out, const char *name)
{
  g_auto (GStrv) parts = NULL;

  name += strspn (name, "/\\");
  put (out, "<LOCALNAMESPACEPATH>");
  parts = g_strsplit_set (name, "/\\", -1);
  for (char **part = parts; *part; part++)
    {
      put (out, "<NAMESPACE NAME=\"");
      cairn_xml_append_escaped (out, *part);
      put (out, "\"/>");
    }
  put (out, "</LOCALNAMESPACEPATH>");
}

void
cim_xml_append_local_namespace (GString *out, unsigned namespace_flag)
{
  if (namespace_flag == CIM_IN_VIRTUALIZATION)
    put (out, "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"virtualization\"/>"
              "<NAMESPACE NAME=\"v2\"/></LOCALNAMESPACEPATH>");
  else
    append_namespace (out, cim_namespace_name (namespace_flag));
}

static void
append_host (GString *out, const char *server)
{
  put (out, "<HOST>");
  cairn_xml_append_escaped (out, server);
  put (out, "</HOST>");
}

void
cim_xml_append_instance_path (GString *out, const CimPath *path, const CimClass *class,
                              const char *server, unsigned namespace_flag)
{
  put (out, server ? "<INSTANCEPATH><NAMESPACEPATH>" : "<LOCALINSTANCEPATH>");
  if (server)
    append_host (out, server);
  cim_xml_append_local_namespace (out, namespace_flag);
  if (server)
    put (out, "</NAMESPACEPATH>");
  cim_xml_append_instance_name (out, path, class);
  put (out, server ? "</INSTANCEPATH>" : "</LOCALINSTANCEPATH>");
}

/* A path with as much as is said, by the arguments or by itself. */
static void
append_path (GString *out, const CimPath *path, const char *server, unsigned namespace_flag)
{
  if (namespace_flag == 0 && path->namespace_)
    {
      namespace_flag = cim_namespace_parse (path->namespace_);
      server = path->server;
    }
  if (namespace_flag)
    cim_xml_append_instance_path (out, path, NULL, server, namespace_flag);
  else
    cim_xml_append_instance_name (out, path, NULL);
}

/* ---- values ---- */

static void
append_reference (GString *out, const CimPath *path, const char *server, unsigned namespace_flag)
{
  put (out, "<VALUE.REFERENCE>");
  append_path (out, path, server, namespace_flag);
  put (out, "</VALUE.REFERENCE>");
}

static void
append_scalar (GString *out, CimType type, uint64_t number, const char *text)
{
  put (out, "<VALUE>");
  if (cim_type_is_number (type))
    cim_number_append (out, type, number);
  else
    cairn_xml_append_escaped (out, text);
  put (out, "</VALUE>");
}

static void
append_array (GString *out, CimType type, const CimValue *value, const char *server,
              unsigned namespace_flag)
{
  const gboolean is_number = cim_type_is_number (type);
  const char *name = type == CIM_REFERENCE ? "VALUE.REFARRAY>" : "VALUE.ARRAY>";

  put (out, "<");
  put (out, name);
  for (guint i = 0; i < value->n; i++)
    if (type == CIM_REFERENCE)
      append_reference (out, value->paths[i], server, namespace_flag);
    else
      append_scalar (out, type, is_number ? value->numbers[i] : 0,
                     is_number ? NULL : value->texts[i]);
  put (out, "</");
  put (out, name);
}

void
cim_xml_append_value (GString *out, const CimProperty *property, const CimValue *value,
                      const char *server, unsigned namespace_flag)
{
  const gboolean is_number = cim_type_is_number (property->type);

  if (!value->is_set)
    return;
  if (property->flags & CIM_ARRAY)
    append_array (out, property->type, value, server, namespace_flag);
  else if (property->type == CIM_REFERENCE)
    append_reference (out, value->path, server, namespace_flag);
  else
    append_scalar (out, property->type, is_number ? value->number : 0,
                   is_number ? NULL : value->text);
}

/* ---- instances ---- */

gboolean
cim_xml_is_wanted (const char *const *properties, const char *name)
{
  if (!properties)
    return TRUE;
  while (*properties && g_ascii_strcasecmp (*properties, name) != 0)
    properties++;
  return *properties != NULL;
}

const char *
cim_xml_append_property_start (GString *out, const CimProperty *property, const CimClass *origin)
{
  const char *element = property->type == CIM_REFERENCE ? "PROPERTY.REFERENCE"
                        : (property->flags & CIM_ARRAY) ? "PROPERTY.ARRAY"
                                                        : "PROPERTY";

  put (out, "<");
  put (out, element);
  put (out, " NAME=\"");
  put (out, property->name);
  put (out, property->type == CIM_REFERENCE ? "\" REFERENCECLASS=\"" : "\" TYPE=\"");
  put (out, property->type != CIM_REFERENCE ? cim_type_name (property->type)
            : property->class_name          ? property->class_name
                                            : "");
  if (origin)
    {
      put (out, "\" CLASSORIGIN=\"");
      put (out, origin->name);
    }
  put (out, "\"");
  if (property->type == CIM_STRING && property->class_name)
    put (out, " EmbeddedObject=\"instance\"");
  return element;
}

void
cim_xml_append_instance (GString *out, const CimInstance *instance, const CimClass *presented,
                         unsigned flags, const char *const *properties)
{
  const CimClass *class = instance->class;
  const CimClass *shown = presented ? presented : class;

  put (out, "<INSTANCE CLASSNAME=\"");
  put (out, shown->name);
  put (out, "\">");
  /* A class's properties come after those it inherits. */
  for (guint i = 0; i < MIN (shown->n_properties, class->n_properties); i++)
    {
      const CimProperty *property = class->properties[i];
      const char *element;

      if (!cim_xml_is_wanted (properties, property->name))
        continue;
      element = cim_xml_append_property_start (
          out, property, flags & CIM_XML_CLASS_ORIGIN ? class->origins[i] : NULL);
      put (out, ">"); /* wbemcli can't read an empty one as <PROPERTY/> */
      cim_xml_append_value (out, property, &instance->values[i], NULL, 0);
      put (out, "</");
      put (out, element);
      put (out, ">");
    }
  put (out, "</INSTANCE>");
}
