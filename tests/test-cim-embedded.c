/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances as texts, as real clients send them: C1 and C2 (CreateReferencePoint), V1
 * (CreateSnapshot); and what is refused. */
#include <string.h>

#include "cim/embedded.h"
#include "cim/error.h"

#define SETTINGS "Msvm_VirtualSystemReferencePointSettingData"
#define EXPORT   "Msvm_VirtualSystemReferencePointExportSettingData"
#define SNAPSHOT "Msvm_VirtualSystemSnapshotSettingData"

static const CimClass *
find (const char *name)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);

  g_assert_nonnull (class);
  return class;
}

static CimInstance *
parse (const char *class, const char *text)
{
  g_autoptr (GError) error = NULL;
  CimInstance *instance = cim_embedded_parse (cim_schema_get (), find (class), text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (instance);
  return instance;
}

static void
assert_refused (const char *text, CimErrorCode code, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cim_embedded_parse (cim_schema_get (), find (EXPORT), text, &error));
  g_assert_error (error, CIM_ERROR, (int)code);
  if (!strstr (error->message, reason))
    g_error ("expected '%s' in: %s", reason, error->message);
}

static void
assert_mof_refused (const char *properties, const char *reason)
{
  g_autofree char *text = g_strconcat ("instance of " EXPORT " {", properties, NULL);

  assert_refused (text, CIM_ERR_INVALID_PARAMETER, reason);
}

/* C1: what ManagementObject.GetText (Mof) gives. */
static void
test_mof (void)
{
  g_autoptr (CimInstance) instance
      = parse (SETTINGS, "\ninstance of " SETTINGS "\n{\n\tConsistencyLevel = 2;\n};\n");

  g_assert_cmpuint (cim_instance_number (instance, "ConsistencyLevel", 0), ==, 2);
  g_assert_null (cim_instance_text (instance, "InstanceID"));
}

/* All of MOF that can stand in an instance. */
static void
test_mof_syntax (void)
{
  g_autoptr (CimInstance) instance
      = parse (EXPORT, "/* by hand; it's \" */ #pragma namespace(\"\\\\\\\\.\\\\root\")\n"
                       "[abstract, x(\"]\")] INSTANCE OF " EXPORT " as $A {\n"
                       " [key] instanceid = \"a\\\\b\" // first\n  \"\\\"c\\x41;}\" ;\n"
                       " DisksToExport = { \"x\", \"y\" \"z\" };\n"
                       " Unknown = instance of B { P = { $A, 1.5e3 }; };\n Unknown2 = $A;"
                       " Caption = NULL; ElementName = '\xc3\xa4';\n}");
  const CimValue *disks = cim_instance_get (instance, "DisksToExport");
  g_autoptr (CimInstance) none = parse (EXPORT, "instance of " EXPORT " { DisksToExport = {}; };");
  g_autoptr (CimInstance) numbers = parse (
      SNAPSHOT, "instance of " SNAPSHOT " { ConsistencyLevel = 0x0A; GuestBackupType = 10b;"
                " IgnoreNonSnapshottableDisks = TRUE; };");

  g_assert_cmpstr (cim_instance_text (instance, "InstanceID"), ==, "a\\b\"cA;}");
  g_assert_cmpstr (cim_instance_text (instance, "ElementName"), ==, "\xc3\xa4");
  g_assert_cmpuint (disks->n, ==, 2);
  g_assert_cmpstr (disks->texts[1], ==, "yz");
  g_assert_true (cim_instance_get (none, "DisksToExport")->is_set);
  g_assert_cmpuint (cim_instance_get (none, "DisksToExport")->n, ==, 0);
  g_assert_cmpuint (cim_instance_number (numbers, "ConsistencyLevel", 0), ==, 10);
  g_assert_cmpuint (cim_instance_number (numbers, "GuestBackupType", 0), ==, 2);
  g_assert_cmpuint (cim_instance_number (numbers, "IgnoreNonSnapshottableDisks", 0), ==, 1);
}

/* C2: PowerShell's CimSerializer, which says that it is UTF-16. libvirt's begins the same. */
static void
test_cim_xml (void)
{
  g_autoptr (CimInstance) instance
      = parse (SETTINGS, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n"
                         "<INSTANCE CLASSNAME=\"" SETTINGS "\">"
                         "<PROPERTY NAME=\"Caption\" TYPE=\"string\"></PROPERTY>"
                         "<PROPERTY NAME=\"ElementName\" TYPE=\"string\"/>"
                         "<PROPERTY NAME=\"NotOurs\" TYPE=\"real64\"><VALUE>1e9</VALUE></PROPERTY>"
                         "<PROPERTY NAME=\"ConsistencyLevel\" TYPE=\"uint8\" MODIFIED=\"TRUE\">"
                         "<VALUE>1</VALUE></PROPERTY></INSTANCE>");

  g_assert_cmpuint (cim_instance_number (instance, "ConsistencyLevel", 0), ==, 1);
  g_assert_null (cim_instance_text (instance, "ElementName"));
}

/* V1: GetText (WmiDtd20), wrapped as a file of it would be. */
static void
test_wmi_dtd (void)
{
  g_autoptr (CimInstance) instance = parse (
      SNAPSHOT,
      "<!DOCTYPE CIM SYSTEM \"CIM20.DTD\" [ <!-- ' --> <!ENTITY % x \"]>\"> %x; ]>"
      "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><DECLARATION><DECLGROUP.WITHPATH><VALUE.OBJECT>"
      "<INSTANCE CLASSNAME=\"" SNAPSHOT "\">"
      "<QUALIFIER NAME=\"dynamic\" TYPE=\"boolean\" TOSUBCLASS=\"false\"><VALUE>TRUE</VALUE>"
      "</QUALIFIER><PROPERTY NAME=\"ConsistencyLevel\" CLASSORIGIN=\"" SNAPSHOT "\" TYPE=\"uint8\">"
      "<QUALIFIER NAME=\"CIMTYPE\" TYPE=\"string\" TOINSTANCE=\"true\"><VALUE>uint8</VALUE>"
      "</QUALIFIER><VALUE> 2 </VALUE></PROPERTY>"
      "<PROPERTY NAME=\"IgnoreNonSnapshottableDisks\" TYPE=\"boolean\" PROPAGATED=\"true\">"
      "<VALUE>TRUE</VALUE></PROPERTY></INSTANCE>"
      "</VALUE.OBJECT></DECLGROUP.WITHPATH></DECLARATION></CIM>");
  g_autoptr (CimInstance) disks
      = parse (EXPORT, "<INSTANCE CLASSNAME=\"" EXPORT "\"><PROPERTY.ARRAY NAME=\"DisksToExport\" "
                       "TYPE=\"string\"><VALUE.ARRAY><VALUE>a&amp;</VALUE><VALUE> b</VALUE>"
                       "</VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>");

  g_assert_cmpuint (cim_instance_number (instance, "ConsistencyLevel", 0), ==, 2);
  g_assert_cmpuint (cim_instance_number (instance, "IgnoreNonSnapshottableDisks", 0), ==, 1);
  g_assert_cmpuint (cim_instance_get (disks, "DisksToExport")->n, ==, 2);
  g_assert_cmpstr (cim_instance_get (disks, "DisksToExport")->texts[0], ==, "a&");
  g_assert_cmpstr (cim_instance_get (disks, "DisksToExport")->texts[1], ==, " b");
}

static void
test_refused (void)
{
  g_autofree char *large = g_strnfill (CIM_EMBEDDED_BYTES_MAX + 1, ' ');
  g_autofree char *deep = g_strnfill (200000, '{');
  g_autofree char *unknown = g_strconcat ("x = ", deep, NULL);
  const CimErrorCode invalid = CIM_ERR_INVALID_PARAMETER;

  assert_refused ("", invalid, "empty");
  assert_refused (large, invalid, "256 KiB");
  assert_refused ("instance of \xff", invalid, "UTF-8");
  assert_refused ("instance of " SETTINGS " { };", invalid, "must be of " EXPORT);
  assert_refused ("<INSTANCE CLASSNAME='CIM_SettingData'/>", invalid, "must be of " EXPORT);
  assert_refused ("<INSTANCE CLASSNAME='Win32_Nothing'/>", invalid, "Win32_Nothing");
  assert_refused ("<INSTANCE/>", invalid, "CLASSNAME");
  assert_refused ("<CLASS NAME='" EXPORT "'/>", invalid, "exactly one");
  assert_refused ("<CIM><INSTANCE CLASSNAME='" EXPORT "'/><INSTANCE CLASSNAME='" EXPORT "'/></CIM>",
                  invalid, "exactly one");
  assert_refused ("<!DOCTYPE CIM [<!ENTITY x 'y'>]><INSTANCE CLASSNAME='" EXPORT "'>"
                  "<PROPERTY NAME='Caption'><VALUE>&x;</VALUE></PROPERTY></INSTANCE>",
                  invalid, "line 1");
  assert_refused ("<!DOCTYPE CIM [<INSTANCE/>", invalid, "doesn't end");
  assert_refused ("<INSTANCE CLASSNAME='" EXPORT "'><PROPERTY/></INSTANCE>", invalid, "NAME");
  assert_refused ("<INSTANCE CLASSNAME='" EXPORT "'><PROPERTY NAME='DisksToExport'><VALUE.ARRAY>"
                  "<x/></VALUE.ARRAY></PROPERTY></INSTANCE>",
                  invalid, "DisksToExport");
  assert_mof_refused (unknown, "16 deep");
  assert_mof_refused (" Caption = \"a\nb\"; };", "doesn't end");
  assert_mof_refused (" Caption = \"a\\q\"; };", "escape");
  assert_mof_refused (" Caption = \"a\\x0\"; };", "\\x");
  assert_mof_refused (" Caption = 5; };", "in quotes");
  assert_mof_refused (" Caption = $Other; };", "alias");
  assert_mof_refused (" Caption = \"a\" };", "';' is missing");
  assert_mof_refused (" Caption \"a\"; };", "'=' is missing");
  assert_mof_refused (" DisksToExport = { \"a\" \"b\", ", "DisksToExport");
  assert_mof_refused (" /* ", "comment");
  assert_mof_refused ("\n\n x = ;", "line 3");
  assert_mof_refused (" }; instance of X { };", "one instance only");
}

/* A value that isn't of its property's type, in any form. */
static void
test_mismatch (void)
{
  static const char *const texts[] = {
    "instance of " SETTINGS " { ConsistencyLevel = 256; };",
    "instance of " SETTINGS " { ConsistencyLevel = \"two\"; };",
    "instance of " SETTINGS " { ConsistencyLevel = {1, 2}; };",
    "<INSTANCE CLASSNAME='" SETTINGS
    "'><PROPERTY NAME='ConsistencyLevel'><VALUE>-1</VALUE></PROPERTY></INSTANCE>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (cim_embedded_parse (cim_schema_get (), find (SETTINGS), texts[i], &error));
      g_assert_error (error, CIM_ERROR, CIM_ERR_TYPE_MISMATCH);
      g_assert_nonnull (strstr (error->message, "ConsistencyLevel"));
    }
}

/* GetErrorEx: a client takes a PROPERTY's first attribute for its name. */
static void
test_written (void)
{
  g_autoptr (CimInstance) written = cim_instance_new (find ("Msvm_Error"));
  g_autoptr (CimInstance) read = NULL;
  g_autoptr (GString) out = g_string_new (NULL);

  cim_instance_set_text (written, "Message", "'vda' is \"busy\" <now>");
  cim_instance_set_texts (written, "RecommendedActions", (const char *[]){ "wait" }, 1);
  cim_embedded_append (out, written);
  g_assert_true (g_str_has_prefix (out->str, "<INSTANCE CLASSNAME=\"Msvm_Error\">"));
  g_assert_nonnull (strstr (out->str, "<PROPERTY NAME=\"Message\" TYPE=\"string\"><VALUE>'vda'"));
  read = parse ("CIM_Error", out->str);
  g_assert_cmpstr (read->class->name, ==, "Msvm_Error");
  g_assert_cmpstr (cim_instance_text (read, "Message"), ==, "'vda' is \"busy\" <now>");
}

/* What is taken must read the same when it was written: an interval has a zone of three zeroes. */
static void
test_intervals (void)
{
  static const char *const wrong[] = { ":00 ", ":060", "+0 0", ":0" };
  g_autoptr (CimInstance) instance
      = parse ("Msvm_ConcreteJob",
               "instance of Msvm_ConcreteJob { ElapsedTime = \"00000000000500.000000:000\"; };");

  g_assert_cmpstr (cim_instance_text (instance, "ElapsedTime"), ==, "00000000000500.000000:000");
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strdup_printf (
          "instance of Msvm_ConcreteJob { ElapsedTime = \"00000000000500.000000%s\"; };", wrong[i]);

      g_assert_null (
          cim_embedded_parse (cim_schema_get (), find ("Msvm_ConcreteJob"), text, &error));
      g_assert_nonnull (error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/embedded/mof", test_mof);
  g_test_add_func ("/embedded/mof-syntax", test_mof_syntax);
  g_test_add_func ("/embedded/cim-xml", test_cim_xml);
  g_test_add_func ("/embedded/wmi-dtd", test_wmi_dtd);
  g_test_add_func ("/embedded/refused", test_refused);
  g_test_add_func ("/embedded/mismatch", test_mismatch);
  g_test_add_func ("/embedded/intervals", test_intervals);
  g_test_add_func ("/embedded/written", test_written);
  return g_test_run ();
}
