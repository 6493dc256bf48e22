/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CIM-XML: valid by the DTD for every class there is, read back as it was, refused when it is
 * wrong.
 */
#include <libxml/parser.h>
#include <libxml/valid.h>
#include <string.h>

#include "cim/xmlform.h"

#define POINT "Msvm_VirtualSystemReferencePoint"

static const CimClass *
find (const char *name)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);

  g_assert_nonnull (class);
  return class;
}

/* OUT, wrapped in an element of the tests' own. */
static void
assert_valid (const GString *out)
{
  g_autofree char *text = g_strconcat ("<TEST>", out->str, "</TEST>", NULL);
  xmlDtd *dtd = xmlParseDTD (NULL, (const xmlChar *)SOURCE_ROOT "/tests/cim-xml.dtd");
  xmlDoc *document = xmlReadMemory (text, (int)strlen (text), NULL, NULL, XML_PARSE_NONET);
  xmlValidCtxt *context = xmlNewValidCtxt ();

  g_assert_true (dtd && document);
  g_assert_cmpint (xmlValidateDtd (context, document, dtd), ==, 1);
  xmlFreeValidCtxt (context);
  xmlFreeDoc (document);
  xmlFreeDtd (dtd);
}

static CairnXmlDocument *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  CairnXmlDocument *document = cairn_xml_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return document;
}

/* A value of its type for every property: the last member of arrays has what must be escaped. */
static CimInstance *
make_full (const CimClass *class)
{
  static const char *const texts[] = { "plain", "<&>\"'\xc3\xa4" };
  static const uint64_t numbers[] = { 0, 1 };
  static const CimKey keys[] = { { .name = "InstanceID", .text = "Microsoft:A\\B" } };
  const CimPath path = { .class_name = POINT, .keys = keys, .n_keys = 1 };
  CimInstance *instance = cim_instance_new (class);

  for (guint i = 0; i < class->n_properties; i++)
    {
      const CimProperty *one = class->properties[i];
      const gboolean is_array = (one->flags & CIM_ARRAY) != 0;

      if (one->type == CIM_REFERENCE)
        cim_instance_set_path (instance, one->name, is_array ? NULL : &path);
      else if (one->type == CIM_DATETIME)
        cim_instance_set_time (instance, one->name, 1789000000123);
      else if (one->type == CIM_STRING && is_array)
        cim_instance_set_texts (instance, one->name, texts, 2);
      else if (one->type == CIM_STRING)
        cim_instance_set_text (instance, one->name, texts[1]);
      else if (is_array)
        cim_instance_set_numbers (instance, one->name, numbers, 2);
      else
        cim_instance_set_number (instance, one->name, 1);
    }
  return instance;
}

static void
test_classes_are_valid (void)
{
  const GPtrArray *classes = cim_schema_list (cim_schema_get (), CIM_IN_VIRTUALIZATION);
  const unsigned all = CIM_XML_QUALIFIERS | CIM_XML_CLASS_ORIGIN;
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_cmpuint (classes->len, >, 20);
  for (guint i = 0; i < classes->len; i++)
    {
      g_autoptr (CimInstance) empty = cim_instance_new (classes->pdata[i]);
      g_autoptr (CimInstance) full = make_full (classes->pdata[i]);

      cim_xml_append_class (out, classes->pdata[i], all, NULL);
      cim_xml_append_class (out, classes->pdata[i], CIM_XML_LOCAL_ONLY, NULL);
      cim_xml_append_instance (out, empty, NULL, CIM_XML_CLASS_ORIGIN, NULL);
      cim_xml_append_instance (out, full, NULL, 0, NULL);
    }
  assert_valid (out);
}

/* The exact bytes of one of each kind. */
static void
test_instance (void)
{
  static const char *const some[]
      = { "INSTANCEID", "virtualdiskidentifiers", "ElementName", "ReferencePointType", NULL };
  g_autoptr (CimInstance) instance = cim_instance_new (find (POINT));
  g_autoptr (GString) out = g_string_new (NULL);

  cim_instance_set_text (instance, "InstanceID", "Microsoft:A\\B");
  cim_instance_set_number (instance, "ReferencePointType", 1);
  cim_instance_set_texts (instance, "VirtualDiskIdentifiers", (const char *[]){ "a<", "b" }, 2);
  cim_xml_append_instance (out, instance, NULL, 0, some);
  g_assert_cmpstr (
      out->str, ==,
      "<INSTANCE CLASSNAME=\"" POINT "\">"
      "<PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><VALUE>Microsoft:A\\B</VALUE></PROPERTY>"
      "<PROPERTY NAME=\"ElementName\" TYPE=\"string\"></PROPERTY>"
      "<PROPERTY NAME=\"ReferencePointType\" TYPE=\"uint16\"><VALUE>1</VALUE></PROPERTY>"
      "<PROPERTY.ARRAY NAME=\"VirtualDiskIdentifiers\" TYPE=\"string\">"
      "<VALUE.ARRAY><VALUE>a&lt;</VALUE><VALUE>b</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>"
      "</INSTANCE>");
}

/* An export job that was asked for as a job is one (J4). */
static void
test_presented (void)
{
  const CimClass *job = find ("Msvm_ConcreteJob");
  g_autoptr (CimInstance) instance
      = cim_instance_new (find ("Msvm_VirtualSystemReferencePointExportJob"));
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (CairnXmlDocument) document = NULL;
  guint n = 0;

  g_assert_cmpuint (instance->class->n_properties, >, job->n_properties);
  cim_xml_append_instance (out, instance, job, 0, NULL);
  document = parse (out->str);
  g_assert_cmpstr (cairn_xml_attribute (document->root, NULL, "CLASSNAME"), ==, job->name);
  for (const CairnXmlNode *one = document->root->children; one; one = one->next)
    n++;
  g_assert_cmpuint (n, ==, job->n_properties);
}

/* What was written is read as the same. */
static void
test_round_trip (void)
{
  const GPtrArray *classes = cim_schema_list (cim_schema_get (), CIM_IN_VIRTUALIZATION);

  for (guint i = 0; i < classes->len; i++)
    {
      g_autoptr (CimInstance) full = make_full (classes->pdata[i]);
      g_autoptr (CimInstance) again = cim_instance_new (classes->pdata[i]);
      g_autoptr (GString) one = g_string_new (NULL);
      g_autoptr (GString) two = g_string_new (NULL);
      g_autoptr (CairnXmlDocument) document = NULL;
      g_autoptr (GError) error = NULL;

      cim_xml_append_instance (one, full, NULL, 0, NULL);
      document = parse (one->str);
      g_assert_true (cim_xml_read_instance (again, document->root, &error));
      g_assert_no_error (error);
      cim_xml_append_instance (two, again, NULL, 0, NULL);
      g_assert_cmpstr (one->str, ==, two->str);
    }
}

static void
test_paths (void)
{
  static const CimKey keys[] = { { .name = "InstanceID", .text = "Microsoft:A\\<B>" } };
  const CimPath path = { .class_name = POINT, .keys = keys, .n_keys = 1 };
  static const char name[]
      = "<INSTANCENAME CLASSNAME=\"" POINT "\"><KEYBINDING NAME=\"InstanceID\">"
        "<KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">Microsoft:A\\&lt;B&gt;</KEYVALUE>"
        "</KEYBINDING></INSTANCENAME>";
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (CairnXmlDocument) document = NULL;
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) error = NULL;
  const CimPath *read;

  cim_xml_append_instance_name (out, &path, NULL);
  g_assert_cmpstr (out->str, ==, name);
  cim_xml_append_instance_path (out, &path, NULL, NULL, CIM_IN_CIMV2);
  assert_valid (out);

  g_string_truncate (out, 0);
  cim_xml_append_instance_path (out, &path, find (POINT), "kvm1", CIM_IN_VIRTUALIZATION);
  assert_valid (out);
  document = parse (out->str);
  read = cim_xml_read_path (&arena, document->root, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->server, ==, "kvm1");
  g_assert_cmpstr (read->namespace_, ==, CIM_NAMESPACE_VIRTUALIZATION);
  g_assert_true (cim_path_equal (read, &path));
}

/* References as keys, one without its name, a class. */
static void
test_path_forms (void)
{
  static const struct
  {
    const char *xml, *path;
  } cases[] = {
    { "<VALUE.REFERENCE><INSTANCENAME CLASSNAME='A'><KEYVALUE VALUETYPE='numeric'> 5 </KEYVALUE>"
      "</INSTANCENAME></VALUE.REFERENCE>",
      "A=\"5\"" },
    { "<INSTANCENAME CLASSNAME='A'><KEYBINDING NAME='k'><VALUE.REFERENCE><INSTANCENAME "
      "CLASSNAME='B'><KEYBINDING NAME='l'><KEYVALUE>x</KEYVALUE></KEYBINDING></INSTANCENAME>"
      "</VALUE.REFERENCE></KEYBINDING></INSTANCENAME>",
      NULL },
    { "<LOCALCLASSPATH><LOCALNAMESPACEPATH><NAMESPACE NAME='root'/></LOCALNAMESPACEPATH>"
      "<CLASSNAME NAME='A'/></LOCALCLASSPATH>",
      "A" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (CairnXmlDocument) document = parse (cases[i].xml);
      g_autoptr (GString) text = g_string_new (NULL);
      g_auto (CairnArena) arena = { 0 };
      const CimPath *path = cim_xml_read_path (&arena, document->root, NULL);

      g_assert_nonnull (path);
      cim_path_append (text, path);
      if (cases[i].path)
        g_assert_cmpstr (text->str, ==, cases[i].path);
      else
        g_assert_cmpstr (path->keys[0].path->keys[0].text, ==, "x");
    }
}

static void
assert_path_refused (const char *xml)
{
  g_autoptr (CairnXmlDocument) document = parse (xml);
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_null (cim_xml_read_path (&arena, document->root, &error));
  g_assert_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER);
}

static void
test_wrong_paths (void)
{
  g_autoptr (GString) flood = g_string_new ("<INSTANCENAME CLASSNAME='A'>");

  for (int i = 0; i < 10000; i++) /* sfcb dies of it */
    g_string_append_printf (flood, "<KEYBINDING NAME='k%d'><KEYVALUE>x</KEYVALUE></KEYBINDING>", i);
  g_string_append (flood, "</INSTANCENAME>");
  assert_path_refused (flood->str);
  assert_path_refused ("<INSTANCENAME/>");
  assert_path_refused ("<VALUE>x</VALUE>");
  assert_path_refused ("<VALUE.REFERENCE/>");
  assert_path_refused ("<INSTANCENAME CLASSNAME='A'><KEYBINDING NAME='k'/></INSTANCENAME>");
  assert_path_refused ("<INSTANCENAME CLASSNAME='A'><VALUE>x</VALUE></INSTANCENAME>");
  assert_path_refused ("<LOCALINSTANCEPATH><LOCALNAMESPACEPATH/></LOCALINSTANCEPATH>");
}

static void
assert_value_refused (const char *property, const char *xml, CimErrorCode code)
{
  g_autofree char *text = g_strconcat ("<PARAMVALUE>", xml, "</PARAMVALUE>", NULL);
  g_autoptr (CairnXmlDocument) document = parse (text);
  g_autoptr (CimInstance) instance = cim_instance_new (find (POINT));
  int i = cim_class_find_property (instance->class, property);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (i, >=, 0);
  g_assert_false (cim_xml_read_value (instance, (guint)i, document->root, &error));
  g_assert_error (error, CIM_ERROR, (int)code);
}

static void
test_wrong_values (void)
{
  assert_value_refused ("ReferencePointType", "<VALUE>65536</VALUE>", CIM_ERR_TYPE_MISMATCH);
  assert_value_refused ("ReferencePointType",
                        "<VALUE.ARRAY><VALUE>1</VALUE><VALUE>2</VALUE>"
                        "</VALUE.ARRAY>",
                        CIM_ERR_TYPE_MISMATCH);
  assert_value_refused ("VirtualDiskIdentifiers", "<VALUE.ARRAY><VALUE.NULL/></VALUE.ARRAY>",
                        CIM_ERR_INVALID_PARAMETER);
  assert_value_refused ("InstanceID",
                        "<VALUE.REFERENCE><INSTANCENAME CLASSNAME='A'/></VALUE.REFERENCE>",
                        CIM_ERR_TYPE_MISMATCH);
  assert_value_refused ("InstanceID", "<VALUE.REFARRAY/>", CIM_ERR_INVALID_PARAMETER);
  assert_value_refused ("InstanceID", "<INSTANCE CLASSNAME='A'/>", CIM_ERR_INVALID_PARAMETER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xmlform/classes-are-valid", test_classes_are_valid);
  g_test_add_func ("/xmlform/instance", test_instance);
  g_test_add_func ("/xmlform/presented", test_presented);
  g_test_add_func ("/xmlform/round-trip", test_round_trip);
  g_test_add_func ("/xmlform/paths", test_paths);
  g_test_add_func ("/xmlform/path-forms", test_path_forms);
  g_test_add_func ("/xmlform/wrong-paths", test_wrong_paths);
  g_test_add_func ("/xmlform/wrong-values", test_wrong_values);
  return g_test_run ();
}
