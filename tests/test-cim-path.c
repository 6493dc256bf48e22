/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Object paths in every spelling of the known clients, and those that aren't any. */
#include <string.h>

#include "cim/error.h"
#include "cim/path.h"

#define VM    "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEC"
#define POINT "0192F000-0000-7000-8000-000000000001"
#define ID    "Microsoft:" VM "\\" POINT

static const CimPath *
parse (CairnArena *arena, const char *text)
{
  g_autoptr (GError) error = NULL;
  const CimPath *path = cim_path_parse (arena, text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (path);
  return path;
}

/* S7, B1, L5, C5: one reference point, however it is written. */
static void
test_spellings (void)
{
  static const char *const spellings[] = {
    "Msvm_VirtualSystemReferencePoint.InstanceID=\"Microsoft:" VM "\\\\" POINT "\"",
    "Msvm_VirtualSystemReferencePoint.InstanceID=\"Microsoft:" VM "\\" POINT "\"",
    "msvm_virtualsystemreferencepoint.instanceid='Microsoft:" VM "\\\\" POINT "'",
    "Msvm_VirtualSystemReferencePoint='Microsoft:" VM "\\" POINT "'",
    " Msvm_VirtualSystemReferencePoint . InstanceID = 'Microsoft:" VM "\\" POINT "' ",
    "root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "root/virtualization/v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "\\\\HOST\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "//host/ROOT/Virtualization/V2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "\\\\.\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
    "\\\\\\\\HOST\\\\root\\\\virtualization\\\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID
    "\"",
    "\\HOST\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID=\"" ID "\"",
  };
  g_auto (CairnArena) arena = { 0 };
  const CimPath *first
      = parse (&arena, "\\\\host\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint."
                       "InstanceID=\"Microsoft:" VM "\\\\" POINT "\"");

  for (size_t i = 0; i < G_N_ELEMENTS (spellings); i++)
    {
      const CimPath *path = parse (&arena, spellings[i]);

      g_test_message ("%s", spellings[i]);
      g_assert_cmpstr (cim_path_key_text (path, "InstanceID"), ==, ID);
      g_assert_true (cim_path_equal (path, first));
      g_assert_true (cim_path_equal (first, path));
      g_assert_true (!path->server || g_ascii_strcasecmp (path->server, "HOST") == 0
                     || g_str_equal (path->server, "."));
    }
}

/* K8: keys in any order; what differs in one letter is another object. */
static void
test_keys (void)
{
  static const char *const others[] = {
    "Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='other'",
    "Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem'",
    "Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Nam='" VM "'",
    "Msvm_ComputerSystems.CreationClassName='Msvm_ComputerSystem',Name='" VM "'",
    "\\\\B\\root\\cimv2:Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='" VM "'",
    "\\\\A\\root\\virtualization\\v2:Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',"
    "Name='" VM "'",
    "Msvm_ComputerSystem",
  };
  g_auto (CairnArena) arena = { 0 };
  const CimPath *path = parse (&arena, "\\\\A\\root\\cimv2:Msvm_ComputerSystem.Name='" VM
                                       "',CreationClassName='Msvm_ComputerSystem'");

  g_assert_true (cim_path_equal (
      path, parse (&arena, "MSVM_ComputerSystem.creationclassname=\"Msvm_ComputerSystem\","
                           "NAME=\"6a0e4dec-af52-4d70-8b80-a21d6a0e4dec\"")));
  for (size_t i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_test_message ("%s", others[i]);
      g_assert_false (cim_path_equal (path, parse (&arena, others[i])));
      g_assert_false (cim_path_equal (parse (&arena, others[i]), path));
    }
  g_assert_cmpuint (parse (&arena, "Win32_OperatingSystem=@")->n_keys, ==, 0);
}

static void
test_values (void)
{
  static const struct
  {
    const char *written, *text;
  } values[] = {
    { "5", "5" },
    { "0x1F", "31" },
    { "-0x8000000000000000", "-9223372036854775808" },
    { "+18446744073709551615", "18446744073709551615" },
    { "-0", "0" },
    { "TRUE", "true" },
    { "False", "false" },
    { "''", "" },
    { "'a\\'b\"c'", "a'b\"c" },
    { "\"a'b\\\"c\"", "a'b\"c" },
    { "'C:\\dir\\new'", "C:\\dir\\new" },
    { "'a=b,c.d=e'", "a=b,c.d=e" },
    { "'Microsoft:Definition'", "Microsoft:Definition" },
    { "'a=\"b\"'", "a=\"b\"" },
    { "'Fl\xc3\xa4\x63he'", "Fl\xc3\xa4\x63he" },
  };
  g_auto (CairnArena) arena = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *text = g_strdup_printf ("C.K=%s,L='z'", values[i].written);

      g_test_message ("%s", text);
      g_assert_cmpstr (cim_path_key_text (parse (&arena, text), "k"), ==, values[i].text);
    }
}

static void
assert_full (const CimPath *path, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  cim_path_append_full (text, path, "HOST", CIM_IN_VIRTUALIZATION);
  g_assert_cmpstr (text->str, ==, expected);
}

/* A key that refers to an object, which has such a key again: written, read and written. */
static void
test_references (void)
{
  static const char inner[] = "\\\\HOST\\root\\virtualization\\v2:B.Id=\"x\\\\y\\\"z\"";
  static const CimKey inner_key = { "Id", "x\\y\"z", NULL };
  static const CimPath b = { NULL, NULL, "B", &inner_key, 1 };
  static const CimKey keys[] = { { "Left", NULL, &b }, { "Right", "r", NULL } };
  static const CimPath a = { NULL, NULL, "A", keys, 2 };
  static const CimKey outer_key = { "Of", NULL, &a };
  static const CimPath outer = { NULL, NULL, "O", &outer_key, 1 };
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  const CimPath *again;

  assert_full (&b, inner);
  assert_full (&a, "\\\\HOST\\root\\virtualization\\v2:A.Left=\"\\\\\\\\HOST\\\\root\\\\"
                   "virtualization\\\\v2:B.Id=\\\"x\\\\\\\\y\\\\\\\"z\\\"\",Right=\"r\"");
  cim_path_append (text, &outer);
  again = cim_path_copy (&arena, parse (&arena, text->str));
  g_assert_true (cim_path_equal (again, &outer));
  g_assert_cmpstr (cim_path_key_text (cim_path_find_key (again, "of")->path, "right"), ==, "r");
  g_string_truncate (text, 0);
  cim_path_append_full (text, &outer, "HOST", CIM_IN_VIRTUALIZATION);
  again = parse (&arena, text->str);
  g_assert_true (cim_path_equal (again, &outer));
  assert_full (again, text->str);
  /* A namespace with slashes of both kinds is the same when it is written with one. */
  again = parse (&arena, "S='//S/To/HOST\\\\root:B.Id=\"x\"'");
  g_string_truncate (text, 0);
  cim_path_append (text, again);
  g_assert_true (cim_path_equal (parse (&arena, text->str), again));
  /* Quotes of the other kind need no escape. */
  again = parse (&arena, "A.Right='r',Left='B.Id=\"x\\y\\\\\\\"z\"'");
  g_assert_true (cim_path_equal (again, &a));
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *why;
  } bad[] = {
    { "", "character 1: a class's name" },
    { "  ", "a class's name" },
    { "5C.K='x'", "character 1: a class's name" },
    { "C.", "character 3: a key's name" },
    { "C.K", "character 4: a key's name and '='" },
    { "C.K=", "character 5: a key's value" },
    { "C.K='x", "character 5: the quote that opens here is never closed" },
    { "C.K='x\\'", "never closed" },
    { "C.K='x'y", "character 8: ',' or the end" },
    { "C.K='x',", "a key's name" },
    { "C.K='x',k='y'", "given before" },
    { "C.K=word", "a number, TRUE, FALSE or a text" },
    { "C.K=18446744073709551616", "a number" },
    { "C.K=0x", "a number" },
    { "C='x',L='y'", "',' or the end" },
    { "C=@x", "'.' or '=' is expected" },
    { "C x", "'.' or '=' is expected" },
    { "\\\\:C", "a server's name" },
    { "\\\\S:C", "a namespace must stand" },
    { ":C", "a namespace must stand" },
    { "Flag? Yes:C", "character 1: a server or namespace can't be called so" },
    { "root:", "a class's name" },
    { "C.K='\xff'", "isn't UTF-8" },
  };
  g_auto (CairnArena) arena = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i].text);
      g_assert_null (cim_path_parse (&arena, bad[i].text, &error));
      g_assert_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER);
      g_assert_nonnull (strstr (error->message, bad[i].why));
    }
}

static void
test_limits (void)
{
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GString) text = g_string_new ("C.K0='x'");
  g_autofree char *longest = g_strnfill (20000, 'c');

  g_assert_null (cim_path_parse (&arena, longest, NULL));
  for (guint i = 1; i < 40; i++)
    g_string_append_printf (text, ",K%u='x'", i);
  g_assert_null (cim_path_parse (&arena, text->str, NULL));
  /* A reference in a reference, as deep as the length allows: beyond some depth it is a text. */
  g_string_assign (text, "C.K=\"x\"");
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *inner = g_strescape (text->str, "");

      g_string_printf (text, "C.K=\"%s\"", inner);
    }
  g_assert_nonnull (cim_path_parse (&arena, text->str, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cim-path/spellings", test_spellings);
  g_test_add_func ("/cim-path/keys", test_keys);
  g_test_add_func ("/cim-path/values", test_values);
  g_test_add_func ("/cim-path/references", test_references);
  g_test_add_func ("/cim-path/refused", test_refused);
  g_test_add_func ("/cim-path/limits", test_limits);
  return g_test_run ();
}
