/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes as MOF. */
#include "cim/mof.h"

/* Those of section 5.6.3 of the specification as it declares them; Dynamic and Singleton are WMI's.
 */
static const char qualifier_declarations[]
    = "Qualifier Abstract : boolean = false, Scope(class, association, indication),\n"
      "    Flavor(EnableOverride, Restricted);\n"
      "Qualifier Association : boolean = false, Scope(association),\n"
      "    Flavor(DisableOverride, ToSubclass);\n"
      "Qualifier Description : string = null, Scope(any),\n"
      "    Flavor(EnableOverride, ToSubclass, Translatable);\n"
      "Qualifier Dynamic : boolean = false, Scope(class, association),\n"
      "    Flavor(EnableOverride, Restricted);\n"
      "Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter),\n"
      "    Flavor(EnableOverride, ToSubclass);\n"
      "Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);\n"
      "Qualifier Key : boolean = false, Scope(property, reference),\n"
      "    Flavor(DisableOverride, ToSubclass);\n"
      "Qualifier MaxLen : uint32 = null, Scope(property, method, parameter),\n"
      "    Flavor(EnableOverride, ToSubclass);\n"
      "Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);\n"
      "Qualifier Override : string = null, Scope(property, reference, method),\n"
      "    Flavor(EnableOverride, Restricted);\n"
      "Qualifier Required : boolean = false, Scope(property, reference, method, parameter),\n"
      "    Flavor(EnableOverride, ToSubclass);\n"
      "Qualifier Singleton : boolean = false, Scope(class), Flavor(EnableOverride, Restricted);\n"
      "Qualifier ValueMap : string[], Scope(property, method, parameter),\n"
      "    Flavor(EnableOverride, ToSubclass);\n"
      "Qualifier Values : string[], Scope(property, method, parameter),\n"
      "    Flavor(EnableOverride, ToSubclass, Translatable);\n"
      "Qualifier Write : boolean = false, Scope(property, reference),\n"
      "    Flavor(EnableOverride, ToSubclass);\n";

/* A list of qualifiers, one on a line: opened by its first, closed if there was one. */
typedef struct
{
  GString *out;
  const char *indent;
  gboolean is_open;
} Qualifiers;

/* TEXT in quotes. The specification's escapes; other control characters as \xNNNN. */
static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (; *text; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (out, "\\%c", *text);
    else if (*text == '\n')
      g_string_append (out, "\\n");
    else if ((unsigned char)*text < ' ' || *text == '\x7f')
      g_string_append_printf (out, "\\x%04X", (unsigned)*text);
    else
      g_string_append_c (out, *text);
  g_string_append_c (out, '"');
}

static void
begin (Qualifiers *qualifiers, const char *name)
{
  g_string_append_printf (qualifiers->out, qualifiers->is_open ? ",\n%s " : "%s[",
                          qualifiers->indent);
  g_string_append (qualifiers->out, name);
  qualifiers->is_open = TRUE;
}

static void
append_true (Qualifiers *qualifiers, const char *name, gboolean is_true)
{
  if (is_true)
    begin (qualifiers, name);
}

static void
append_text (Qualifiers *qualifiers, const char *name, const char *text)
{
  if (!text)
    return;
  begin (qualifiers, name);
  g_string_append (qualifiers->out, " (");
  append_quoted (qualifiers->out, text);
  g_string_append_c (qualifiers->out, ')');
}

/* PAIRS of a value and its text: the values as ValueMap, the texts as Values. */
static void
append_value_map (Qualifiers *qualifiers, const char *const *pairs)
{
  static const char *const names[] = { "ValueMap", "Values" };

  for (guint which = 0; pairs && which < G_N_ELEMENTS (names); which++)
    {
      begin (qualifiers, names[which]);
      for (guint i = which; i == which || pairs[i - which]; i += 2)
        {
          g_string_append (qualifiers->out, i == which ? " {" : ", ");
          append_quoted (qualifiers->out, pairs[i]);
        }
      g_string_append_c (qualifiers->out, '}');
    }
}

static void
end (Qualifiers *qualifiers)
{
  if (qualifiers->is_open)
    g_string_append (qualifiers->out, "]\n");
}

/* Of a property or parameter. */
static void
append_feature_qualifiers (Qualifiers *qualifiers, const CimProperty *feature)
{
  append_true (qualifiers, "Required", feature->flags & CIM_REQUIRED);
  append_text (qualifiers, "Description", feature->description);
  if (feature->type == CIM_STRING)
    append_text (qualifiers, "EmbeddedInstance", feature->class_name);
  if (feature->max_len)
    {
      begin (qualifiers, "MaxLen");
      g_string_append_printf (qualifiers->out, " (%u)", feature->max_len);
    }
  append_value_map (qualifiers, feature->values);
}

/* "uint16 Name[]", "Class REF Name" */
static void
append_declarator (GString *out, const char *indent, const CimProperty *feature)
{
  const gboolean is_reference = feature->type == CIM_REFERENCE;

  g_string_append_printf (out, "%s%s%s %s%s", indent,
                          is_reference ? feature->class_name : cim_type_name (feature->type),
                          is_reference ? " REF" : "", feature->name,
                          feature->flags & CIM_ARRAY ? "[]" : "");
}

/* What CLASS's superclass has under that name; NULL. */
static const CimProperty *
overridden_property (const CimClass *class, const char *name)
{
  int i = class->superclass ? cim_class_find_property (class->superclass, name) : -1;

  return i < 0 ? NULL : class->superclass->properties[i];
}

static void
append_property (GString *out, const CimClass *class, const CimProperty *property)
{
  Qualifiers qualifiers = { out, "  " };
  const CimProperty *overridden = overridden_property (class, property->name);

  /* Key is inherited, and can't be said again. */
  append_true (&qualifiers, "Key",
               (property->flags & CIM_KEY) && !(overridden && overridden->flags & CIM_KEY));
  append_true (&qualifiers, "Write", property->flags & CIM_WRITE);
  append_text (&qualifiers, "Override", overridden ? overridden->name : NULL);
  append_feature_qualifiers (&qualifiers, property);
  end (&qualifiers);
  append_declarator (out, "  ", property);
  g_string_append (out, ";\n");
}

static void
append_parameter (GString *out, const CimProperty *parameter)
{
  Qualifiers qualifiers = { out, "      " };

  begin (&qualifiers, parameter->flags & CIM_IN ? "In" : "In (false)");
  append_true (&qualifiers, "Out", parameter->flags & CIM_OUT);
  append_feature_qualifiers (&qualifiers, parameter);
  end (&qualifiers);
  append_declarator (out, "      ", parameter);
}

static void
append_method (GString *out, const CimClass *class, const CimMethod *method)
{
  Qualifiers qualifiers = { out, "  " };
  const CimResolvedMethod *overridden
      = class->superclass ? cim_class_find_method (class->superclass, method->name) : NULL;

  append_text (&qualifiers, "Override", overridden ? overridden->declared->name : NULL);
  append_text (&qualifiers, "Description", method->description);
  append_value_map (&qualifiers, method->values);
  end (&qualifiers);
  g_string_append_printf (out, "  uint32 %s (", method->name);
  for (guint i = 0; i < method->n_parameters; i++)
    {
      g_string_append (out, i == 0 ? "\n" : ",\n");
      append_parameter (out, &method->parameters[i]);
    }
  g_string_append (out, ");\n");
}

void
cim_mof_append_class (GString *out, const CimClass *class)
{
  Qualifiers qualifiers = { out, "" };

  /* Said of the first of its line; it's inherited by the others, but has to be said of them. */
  append_true (&qualifiers, "Association", class->flags & CIM_ASSOCIATION);
  append_true (&qualifiers, "Abstract", class->flags & CIM_ABSTRACT);
  append_true (&qualifiers, "Dynamic", class->flags & CIM_DYNAMIC);
  append_true (&qualifiers, "Singleton", class->flags & CIM_SINGLETON);
  append_text (&qualifiers, "Description", class->declaration->description);
  end (&qualifiers);
  g_string_append_printf (out, "class %s", class->name);
  if (class->superclass)
    g_string_append_printf (out, " : %s", class->superclass->name);
  g_string_append (out, "\n{\n");
  for (guint i = 0; i < class->n_properties; i++)
    if (class->origins[i] == class)
      append_property (out, class, class->properties[i]);
  for (guint i = 0; i < class->n_methods; i++)
    if (class->methods[i].origin == class)
      append_method (out, class, class->methods[i].declared);
  g_string_append (out, "};\n");
}

typedef struct
{
  GString *out;
  const CimSchema *schema;
  unsigned namespace_flag;
  GHashTable *written; /* of const CimClass * */
} Writer;

static void write_class (Writer *writer, const CimClass *class);

static void
write_named (Writer *writer, const CimProperty *features, guint n)
{
  for (guint i = 0; i < n; i++)
    if (features[i].class_name)
      write_class (
          writer, cim_schema_find (writer->schema, writer->namespace_flag, features[i].class_name));
}

/* Behind those that it names. */
static void
write_class (Writer *writer, const CimClass *class)
{
  const CimDeclaration *declared = class->declaration;

  if (!g_hash_table_add (writer->written, (gpointer) class))
    return;
  if (class->superclass)
    write_class (writer, class->superclass);
  write_named (writer, declared->properties, declared->n_properties);
  for (guint i = 0; i < declared->n_methods; i++)
    write_named (writer, declared->methods[i].parameters, declared->methods[i].n_parameters);
  g_string_append_c (writer->out, '\n');
  cim_mof_append_class (writer->out, class);
}

void
cim_mof_append_namespace (GString *out, const CimSchema *schema, unsigned namespace_flag)
{
  g_autoptr (GHashTable) written = g_hash_table_new (NULL, NULL);
  const GPtrArray *classes = cim_schema_list (schema, namespace_flag);
  Writer writer = { out, schema, namespace_flag, written };

  g_string_append_printf (out, "#pragma namespace (\"%s\")\n\n%s",
                          cim_namespace_name (namespace_flag), qualifier_declarations);
  for (guint i = 0; i < classes->len; i++)
    write_class (&writer, classes->pdata[i]);
}
