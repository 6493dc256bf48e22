/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes as CIM-XML, with their qualifiers.
 *
 * Source of the qualifiers' flavors: DSP0004, CIM Infrastructure, section 5.6.3.
 */
#include "cim/xmlform-parts.h"
#include "cim/xmlform.h"
#include "xml/append.h"

#define put          cairn_xml_put

#define FIXED        " OVERRIDABLE=\"false\"" /* DisableOverride */
#define RESTRICTED   " TOSUBCLASS=\"false\""
#define TRANSLATABLE " TRANSLATABLE=\"true\""
#define NO_FLAVOR    ""

static void
append_start (GString *out, const char *name, const char *type, const char *flavor)
{
  put (out, "<QUALIFIER NAME=\"");
  put (out, name);
  put (out, "\" TYPE=\"");
  put (out, type);
  put (out, "\"");
  put (out, flavor);
  put (out, ">");
}

static void
append_true (GString *out, gboolean is_true, const char *name, const char *flavor)
{
  if (!is_true)
    return;
  append_start (out, name, "boolean", flavor);
  put (out, "<VALUE>true</VALUE></QUALIFIER>");
}

static void
append_text (GString *out, const char *name, const char *text, const char *flavor)
{
  if (!text)
    return;
  append_start (out, name, "string", flavor);
  put (out, "<VALUE>");
  cairn_xml_append_escaped (out, text);
  put (out, "</VALUE></QUALIFIER>");
}

/* Every other text of PAIRS. */
static void
append_texts (GString *out, const char *name, const char *const *pairs, const char *flavor)
{
  append_start (out, name, "string", flavor);
  put (out, "<VALUE.ARRAY>");
  for (; *pairs; pairs += 2)
    {
      put (out, "<VALUE>");
      cairn_xml_append_escaped (out, *pairs);
      put (out, "</VALUE>");
      if (!pairs[1])
        break;
    }
  put (out, "</VALUE.ARRAY></QUALIFIER>");
}

/* PAIRS: a value and its text, again and again, then NULL. */
static void
append_value_map (GString *out, const char *const *pairs)
{
  if (!pairs || !*pairs)
    return;
  append_texts (out, "ValueMap", pairs, NO_FLAVOR);
  append_texts (out, "Values", pairs + 1, TRANSLATABLE);
}

static void
append_feature_qualifiers (GString *out, const CimProperty *feature)
{
  append_true (out, feature->flags & CIM_KEY, "Key", FIXED);
  append_true (out, feature->flags & CIM_REQUIRED, "Required", NO_FLAVOR);
  append_true (out, feature->flags & CIM_IN, "In", FIXED);
  append_true (out, feature->flags & CIM_OUT, "Out", FIXED);
  append_text (out, "Description", feature->description, TRANSLATABLE);
  if (feature->type == CIM_STRING)
    append_text (out, "EmbeddedInstance", feature->class_name, NO_FLAVOR);
  if (feature->max_len)
    {
      append_start (out, "MaxLen", "uint32", NO_FLAVOR);
      put (out, "<VALUE>");
      cim_number_append (out, CIM_UINT32, feature->max_len);
      put (out, "</VALUE></QUALIFIER>");
    }
  append_value_map (out, feature->values);
}

static void
append_property (GString *out, const CimClass *class, guint i, unsigned flags)
{
  const CimProperty *property = class->properties[i];
  const CimClass *origin = class->origins[i];
  const char *element
      = cim_xml_append_property_start (out, property, flags & CIM_XML_CLASS_ORIGIN ? origin : NULL);

  if (origin != class)
    put (out, " PROPAGATED=\"true\"");
  put (out, ">");
  if (flags & CIM_XML_QUALIFIERS)
    {
      append_true (out, TRUE, "Read", NO_FLAVOR);
      append_true (out, property->flags & CIM_WRITE, "Write", NO_FLAVOR);
      append_feature_qualifiers (out, property);
    }
  put (out, "</");
  put (out, element);
  put (out, ">");
}

static void
append_parameter (GString *out, const CimProperty *parameter, gboolean has_qualifiers)
{
  const gboolean is_array = (parameter->flags & CIM_ARRAY) != 0;
  const gboolean is_reference = parameter->type == CIM_REFERENCE;
  const char *element = is_reference ? (is_array ? "PARAMETER.REFARRAY" : "PARAMETER.REFERENCE")
                        : is_array   ? "PARAMETER.ARRAY"
                                     : "PARAMETER";

  put (out, "<");
  put (out, element);
  put (out, " NAME=\"");
  put (out, parameter->name);
  put (out, is_reference ? "\" REFERENCECLASS=\"" : "\" TYPE=\"");
  put (out, !is_reference           ? cim_type_name (parameter->type)
            : parameter->class_name ? parameter->class_name
                                    : "");
  put (out, "\">");
  if (has_qualifiers)
    append_feature_qualifiers (out, parameter);
  put (out, "</");
  put (out, element);
  put (out, ">");
}

static void
append_method (GString *out, const CimClass *class, const CimResolvedMethod *method, unsigned flags)
{
  const CimMethod *declared = method->declared;

  put (out, "<METHOD NAME=\"");
  put (out, declared->name);
  put (out, "\" TYPE=\"uint32\"");
  if (flags & CIM_XML_CLASS_ORIGIN)
    {
      put (out, " CLASSORIGIN=\"");
      put (out, method->origin->name);
      put (out, "\"");
    }
  if (method->origin != class)
    put (out, " PROPAGATED=\"true\"");
  put (out, ">");
  if (flags & CIM_XML_QUALIFIERS)
    {
      append_text (out, "Description", declared->description, TRANSLATABLE);
      append_value_map (out, declared->values);
    }
  for (guint i = 0; i < declared->n_parameters; i++)
    append_parameter (out, &declared->parameters[i], (flags & CIM_XML_QUALIFIERS) != 0);
  put (out, "</METHOD>");
}

static void
append_class_qualifiers (GString *out, const CimClass *class)
{
  append_true (out, class->flags & CIM_ASSOCIATION, "Association", FIXED);
  append_true (out, class->flags & CIM_ABSTRACT, "Abstract", RESTRICTED);
  append_true (out, class->flags & CIM_DYNAMIC, "Dynamic", NO_FLAVOR);
  append_true (out, class->flags & CIM_SINGLETON, "Singleton", NO_FLAVOR);
  if (class->declaration)
    append_text (out, "Description", class->declaration->description, TRANSLATABLE);
}

void
cim_xml_append_class (GString *out, const CimClass *class, unsigned flags,
                      const char *const *properties)
{
  const gboolean is_local = (flags & CIM_XML_LOCAL_ONLY) != 0;

  put (out, "<CLASS NAME=\"");
  put (out, class->name);
  if (class->superclass)
    {
      put (out, "\" SUPERCLASS=\"");
      put (out, class->superclass->name);
    }
  put (out, "\">");
  if (flags & CIM_XML_QUALIFIERS)
    append_class_qualifiers (out, class);
  for (guint i = 0; i < class->n_properties; i++)
    if ((!is_local || class->origins[i] == class)
        && cim_xml_is_wanted (properties, class->properties[i]->name))
      append_property (out, class, i, flags);
  for (guint i = 0; i < class->n_methods; i++)
    if (!is_local || class->methods[i].origin == class)
      append_method (out, class, &class->methods[i], flags);
  put (out, "</CLASS>");
}
