/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetQualifier, EnumerateQualifiers: the qualifiers that classes are written with
 * (cim/xmlform-class.c). Source of types, scopes and flavors: DSP0004, section 5.6.3. */
#include "cimxml/request.h"

#define ANY                                                                                        \
  "CLASS=\"true\" ASSOCIATION=\"true\" REFERENCE=\"true\" PROPERTY=\"true\" "                      \
  "METHOD=\"true\" PARAMETER=\"true\" INDICATION=\"true\""
#define FEATURE      "REFERENCE=\"true\" PROPERTY=\"true\""
#define NUMBERED     "PROPERTY=\"true\" METHOD=\"true\" PARAMETER=\"true\""
#define FIXED        " OVERRIDABLE=\"false\""
#define RESTRICTED   " TOSUBCLASS=\"false\""
#define TRANSLATABLE " TRANSLATABLE=\"true\""
#define IS_FALSE     "<VALUE>false</VALUE>"

static const struct
{
  const char *name, *type;
  gboolean is_array;
  const char *scope, *flavor;
  const char *value; /* where the qualifier isn't given */
} qualifiers[] = {
  { "Abstract", "boolean", FALSE, "CLASS=\"true\" ASSOCIATION=\"true\" INDICATION=\"true\"",
    RESTRICTED, IS_FALSE },
  { "Association", "boolean", FALSE, "ASSOCIATION=\"true\"", FIXED, IS_FALSE },
  { "Description", "string", FALSE, ANY, TRANSLATABLE, "" },
  { "Dynamic", "boolean", FALSE, "CLASS=\"true\" ASSOCIATION=\"true\"", "", IS_FALSE },
  { "EmbeddedInstance", "string", FALSE, NUMBERED, "", "" },
  { "In", "boolean", FALSE, "PARAMETER=\"true\"", FIXED, "<VALUE>true</VALUE>" },
  { "Key", "boolean", FALSE, FEATURE, FIXED, IS_FALSE },
  { "MaxLen", "uint32", FALSE, NUMBERED, "", "" },
  { "Out", "boolean", FALSE, "PARAMETER=\"true\"", FIXED, IS_FALSE },
  { "Read", "boolean", FALSE, "PROPERTY=\"true\"", "", "<VALUE>true</VALUE>" },
  { "Required", "boolean", FALSE,
    "REFERENCE=\"true\" PROPERTY=\"true\" METHOD=\"true\" PARAMETER=\"true\"", "", IS_FALSE },
  { "Singleton", "boolean", FALSE, "CLASS=\"true\" ASSOCIATION=\"true\"", "", IS_FALSE },
  { "ValueMap", "string", TRUE, NUMBERED, "", "" },
  { "Values", "string", TRUE, NUMBERED, TRANSLATABLE, "" },
  { "Write", "boolean", FALSE, "PROPERTY=\"true\"", "", IS_FALSE },
};

static void
append (GString *out, guint i)
{
  g_string_append_printf (out,
                          "<QUALIFIER.DECLARATION NAME=\"%s\" TYPE=\"%s\"%s%s><SCOPE %s/>%s"
                          "</QUALIFIER.DECLARATION>",
                          qualifiers[i].name, qualifiers[i].type,
                          qualifiers[i].is_array ? " ISARRAY=\"true\"" : "", qualifiers[i].flavor,
                          qualifiers[i].scope, qualifiers[i].value);
}

gboolean
cimxml_get_qualifier_begin (CimxmlRequest *request, GError **error)
{
  (void)error;
  request->is_quick = TRUE;
  return TRUE;
}

gboolean
cimxml_get_qualifier_run (CimxmlRequest *request, GError **error)
{
  const char *wanted = request->parameters.qualifier_name; /* NULL: all */
  guint n = 0;

  g_string_append (request->out, "<IRETURNVALUE>");
  for (guint i = 0; i < G_N_ELEMENTS (qualifiers); i++)
    if (!wanted || g_ascii_strcasecmp (wanted, qualifiers[i].name) == 0)
      {
        append (request->out, i);
        n++;
      }
  g_string_append (request->out, "</IRETURNVALUE>");
  if (n > 0)
    return TRUE;
  g_set_error (error, CIM_ERROR, CIM_ERR_NOT_FOUND, "there is no qualifier '%.64s'", wanted);
  return FALSE;
}
