/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WQL: the queries of the known clients as they send them, the rules of comparing, and what is no
 * query. */
#include <malloc.h>
#include <string.h>

#include "cim/error.h"
#include "cim/query.h"
#include "cim/schema.h"
#include "cim/wql/tree.h"

#define SERVER   "HOST"
#define VM       "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEC"
#define VM_LOWER "6a0e4dec-af52-4d70-8b80-a21d6a0e4dec"
#define POINT    "0192F000-0000-7000-8000-000000000001"

/* What a context may hold for a simple query. */
#define SMALL_BYTES 500

static const CimClass *
find_class (const char *name)
{
  unsigned namespace_flag
      = g_str_has_prefix (name, "Win32_") ? CIM_IN_CIMV2 : CIM_IN_VIRTUALIZATION;
  const CimClass *class = cim_schema_find (cim_schema_get (), namespace_flag, name);

  g_assert_nonnull (class);
  return class;
}

static CimQuery *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  CimQuery *query = cim_query_parse (text, &error);

  g_test_message ("%s", text);
  g_assert_no_error (error);
  g_assert_nonnull (query);
  return query;
}

static gboolean
matches (const char *text, const CimInstance *instance)
{
  g_autoptr (CimQuery) query = parse (text);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cim_query_kind (query), ==, CIM_QUERY_SELECT);
  g_assert_true (cim_query_check (query, find_class (cim_query_class (query)), &error));
  g_assert_no_error (error);
  return cim_query_matches (query, instance, SERVER);
}

/* ---- instances ---- */

static CimInstance *
make_vm (uint64_t state)
{
  CimInstance *vm = cim_instance_new (find_class ("Msvm_ComputerSystem"));

  cim_instance_set_text (vm, "CreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (vm, "Name", VM);
  cim_instance_set_text (vm, "ElementName", "it's \"web\"");
  cim_instance_set_text (vm, "Caption", "Virtual Machine");
  cim_instance_set_number (vm, "EnabledState", state);
  cim_instance_set_number (vm, "ProcessID", 4242);
  cim_instance_set_number (vm, "OnTimeInMilliseconds", UINT64_MAX);
  cim_instance_set_text (vm, "InstallDate", "20261122190005.000000+060");
  return vm;
}

static CimInstance *
make_host (void)
{
  CimInstance *host = cim_instance_new (find_class ("Msvm_ComputerSystem"));

  cim_instance_set_text (host, "Name", "host");
  return host;
}

static CimInstance *
make_with_id (const char *class, const char *id)
{
  CimInstance *instance = cim_instance_new (find_class (class));

  cim_instance_set_text (instance, "InstanceID", id);
  return instance;
}

static CimInstance *
make_point (void)
{
  CimInstance *point
      = make_with_id ("Msvm_VirtualSystemReferencePoint", "Microsoft:" VM "\\" POINT);
  static const char *const ids[] = { "a" };

  cim_instance_set_text (point, "VirtualSystemIdentifier", VM);
  cim_instance_set_texts (point, "VirtualDiskIdentifiers", ids, 1);
  return point;
}

/* ---- what clients send ---- */

typedef struct
{
  const char *query;
  gboolean matches;
} Case;

static void
run_cases (const Case *cases, size_t n, const CimInstance *instance)
{
  for (size_t i = 0; i < n; i++)
    {
      g_autoptr (CimQuery) query = parse (cases[i].query);

      g_assert_true (matches (cases[i].query, instance) == cases[i].matches);
      g_assert_null (query->arena.blocks);
      g_assert_cmpuint (malloc_usable_size (query), <=, SMALL_BYTES);
    }
}

#define VMS      "SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER "
#define ACTIVE   "AND (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769) "
#define INACTIVE "AND (EnabledState = 0 or EnabledState = 3 or EnabledState = 32769) "

static void
test_vms (void)
{
  static const Case cases[] = {
    { "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='it\\'s \"web\"'", TRUE }, /* M1 */
    { "SELECT * FROM Msvm_ComputerSystem WHERE ElementName=\"IT'S \\\"WEB\\\"\"", TRUE },
    { "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='web'", FALSE },
    { "SELECT * FROM Msvm_ComputerSystem WHERE Name='" VM "'", TRUE }, /* M2 */
    { "SELECT * FROM Msvm_ComputerSystem WHERE Name='" VM_LOWER "'", TRUE },
    { "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='x' AND Caption='Virtual Machine'",
      FALSE },     /* M3 */
    { VMS, TRUE }, /* K4 */
    { VMS ACTIVE, TRUE },
    { VMS INACTIVE, FALSE },                    /* K6 */
    { VMS "AND Name = '" VM_LOWER "' ", TRUE }, /* K7 */
    { VMS "AND ElementName = 'other' ", FALSE },
    { VMS "AND ProcessID = 4242 ", TRUE },
    { VMS "AND ProcessID = 4243 ", FALSE },
  };
  g_autoptr (CimInstance) vm = make_vm (2), off = make_vm (3), host = make_host ();

  run_cases (cases, G_N_ELEMENTS (cases), vm);
  g_assert_false (matches (VMS, host));
  g_assert_false (matches (VMS ACTIVE, off));
  g_assert_true (matches (VMS INACTIVE, off));
}

static void
test_points (void)
{
#define POINTS "SELECT * FROM Msvm_VirtualSystemReferencePoint WHERE "
  static const Case cases[] = {
    { POINTS "VirtualSystemIdentifier='" VM_LOWER "'", TRUE },     /* L3 */
    { POINTS "InstanceID='Microsoft:" VM "\\\\" POINT "'", TRUE }, /* L5, doubled */
    { POINTS "InstanceID='Microsoft:" VM "\\" POINT "'", TRUE },   /* L5, not doubled */
    { POINTS "InstanceID=\"Microsoft:" VM "\\" POINT "\"", TRUE },
    { POINTS "InstanceID='Microsoft:" VM "\\\\\\\\" POINT "'", TRUE },
    { POINTS "InstanceID='Microsoft:" VM POINT "'", FALSE },
    { POINTS "__CLASS='Msvm_VirtualSystemReferencePoint'", TRUE }, /* S3 */
    { POINTS "__CLASS='CIM_ManagedElement'", FALSE },
  };
  static const char *const paths[] = {
    /* L9: as it is, escaped, other quotes, without the server, relative. */
    POINTS "__PATH='\\\\HOST\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID="
           "\"Microsoft:" VM "\\\\" POINT "\"'",
    POINTS "__PATH=\"\\\\\\\\HOST\\\\root\\\\virtualization\\\\v2:Msvm_VirtualSystemReferencePoint."
           "InstanceID=\\\"Microsoft:" VM "\\\\\\\\" POINT "\\\"\"",
    POINTS "'//host/root/virtualization/v2:msvm_virtualsystemreferencepoint.instanceid="
           "\"Microsoft:" VM "\\" POINT "\",VirtualSystemIdentifier=\"" VM "\"' = __PATH",
    POINTS "__path=\"Msvm_VirtualSystemReferencePoint.InstanceID='Microsoft:" VM_LOWER "\\\\" POINT
           "'\"",
    POINTS "__RELPATH=\"Msvm_VirtualSystemReferencePoint.InstanceID='Microsoft:" VM "\\" POINT
           "'\"",
  };
  static const char *const other_paths[] = {
    POINTS
    "__PATH='\\\\OTHER\\root\\virtualization\\v2:Msvm_VirtualSystemReferencePoint.InstanceID="
    "\"Microsoft:" VM "\\\\" POINT "\"'",
    POINTS "__PATH='\\\\HOST\\root\\cimv2:Msvm_VirtualSystemReferencePoint.InstanceID="
           "\"Microsoft:" VM "\\\\" POINT "\"'",
    POINTS "__PATH='Msvm_VirtualSystemReferencePoint.InstanceID=\"Microsoft:" VM "\"'",
    POINTS "__PATH='CIM_ManagedElement.InstanceID=\"Microsoft:" VM "\\\\" POINT "\"'",
    POINTS "__PATH='/var/lib/images/web.qcow2'",
    POINTS "__PATH=''",
  };
  g_autoptr (CimInstance) point = make_point ();

  run_cases (cases, G_N_ELEMENTS (cases), point);
  for (size_t i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (CimQuery) query = parse (paths[i]);

      g_assert_true (matches (paths[i], point));
      g_assert_null (query->arena.blocks);
      g_assert_cmpuint (malloc_usable_size (query), <=, 1024);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (other_paths); i++)
    g_assert_false (matches (other_paths[i], point));
#undef POINTS
}

static void
test_jobs_and_settings (void)
{
#define JOBS "SELECT * FROM Msvm_ConcreteJob WHERE InstanceID"
  static const Case jobs[] = { { JOBS "='" POINT "'", TRUE }, /* J4, K12 */
                               { JOBS " = '" POINT "'", TRUE },
                               { JOBS " = '" VM "'", FALSE } };
#define DISK  "Microsoft:" VM "\\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\\0\\1\\L"
#define DISKS "SELECT InstanceID, HostResource FROM Msvm_StorageAllocationSettingData WHERE "
  static const Case disks[] = {
    { DISKS "InstanceID='" DISK "'", TRUE },              /* B1: not doubled */
    { DISKS "InstanceID LIKE '%\\\\0\\\\1\\\\L'", TRUE }, /* B2: by its end */
    { DISKS "InstanceID LIKE '%\\0\\1\\L'", TRUE },
    { DISKS "InstanceID LIKE '%\\\\1\\\\1\\\\L'", FALSE },
  };
  g_autoptr (CimInstance) job = make_with_id ("Msvm_ConcreteJob", POINT);
  g_autoptr (CimInstance) export_job
      = make_with_id ("Msvm_VirtualSystemReferencePointExportJob", POINT);
  g_autoptr (CimInstance) disk = make_with_id ("Msvm_StorageAllocationSettingData", DISK);
  g_autoptr (CimInstance) most
      = make_with_id ("Msvm_ProcessorSettingData", "Microsoft:Definition\\B637F346-6A0E-4DEC-AF52-"
                                                   "BD70CB80A21D\\Maximum");

  run_cases (jobs, G_N_ELEMENTS (jobs), job);
  run_cases (jobs, G_N_ELEMENTS (jobs), export_job);
  run_cases (disks, G_N_ELEMENTS (disks), disk);
  g_assert_true (matches ("SELECT * FROM Msvm_ProcessorSettingData WHERE InstanceID LIKE "
                          "'Microsoft:Definition%Maximum'", /* K10 */
                          most));
  g_assert_true (
      matches ("SELECT * FROM CIM_ConcreteJob WHERE __CLASS ISA 'CIM_Job'", export_job)); /* X2 */
  g_assert_false (matches ("SELECT * FROM CIM_ConcreteJob WHERE __THIS ISA "
                           "'Msvm_VirtualSystemReferencePointExportJob'",
                           job));
}

/* K0, K1, K3, S1: without a condition, and with a blank at the end. */
static void
test_without_condition (void)
{
  static const char *const classes[]
      = { "Win32_ComputerSystemProduct", "Win32_OperatingSystem", "Win32_ComputerSystem",
          "Win32_Processor", "Msvm_VirtualSystemReferencePointService" };
  g_autoptr (CimQuery) some = parse ("select name,ElementName , __PATH from\n\tCIM_Service");

  for (size_t i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      g_autofree char *text = g_strdup_printf ("SELECT * FROM %s ", classes[i]);
      g_autoptr (CimQuery) query = parse (text);
      g_autoptr (CimInstance) instance = cim_instance_new (find_class (classes[i]));

      g_assert_cmpstr (cim_query_class (query), ==, classes[i]);
      g_assert_null (cim_query_properties (query));
      g_assert_true (matches (text, instance));
    }
  g_assert_cmpstr (cim_query_properties (some)[0], ==, "name");
  g_assert_cmpstr (cim_query_properties (some)[1], ==, "ElementName");
  g_assert_cmpstr (cim_query_properties (some)[2], ==, "__PATH");
  g_assert_null (cim_query_properties (some)[3]);
  g_assert_true (cim_query_check (some, find_class ("CIM_Service"), NULL));
}

/* ---- associations ---- */

typedef struct
{
  const char *query;
  CimQueryKind kind;
  const char *object_class, *key, *value;
  const char *association_class, *result_class, *role, *result_role;
} AssociationCase;

static void
test_associations (void)
{
  static const AssociationCase cases[] = {
    /* K3, K8, C5, then what no client sends */
    { "ASSOCIATORS OF {Win32_ComputerSystem.Name='HOST'} WHERE AssocClass = "
      "Win32_ComputerSystemProcessor ResultClass = Win32_Processor ",
      CIM_QUERY_ASSOCIATORS, "Win32_ComputerSystem", "Name", "HOST",
      "Win32_ComputerSystemProcessor", "Win32_Processor", NULL, NULL },
    { "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='" VM_LOWER
      "'} WHERE AssocClass = Msvm_SettingsDefineState ResultClass = Msvm_VirtualSystemSettingData ",
      CIM_QUERY_ASSOCIATORS, "Msvm_ComputerSystem", "Name", VM_LOWER, "Msvm_SettingsDefineState",
      "Msvm_VirtualSystemSettingData", NULL, NULL },
    { "ASSOCIATORS OF {Msvm_VirtualSystemSettingData.InstanceID='Microsoft:" VM "'} WHERE "
      "AssocClass = Msvm_VirtualSystemSettingDataComponent ResultClass = "
      "Msvm_ProcessorSettingData ",
      CIM_QUERY_ASSOCIATORS, "Msvm_VirtualSystemSettingData", "InstanceID", "Microsoft:" VM,
      "Msvm_VirtualSystemSettingDataComponent", "Msvm_ProcessorSettingData", NULL, NULL },
    { "ASSOCIATORS OF {\\\\HOST\\root\\virtualization\\v2:Msvm_ConcreteJob.InstanceID=\"" POINT
      "\"} WHERE AssocClass=CIM_AffectedJobElement ResultClass=Msvm_VirtualSystemReferencePoint",
      CIM_QUERY_ASSOCIATORS, "Msvm_ConcreteJob", "InstanceID", POINT, "CIM_AffectedJobElement",
      "Msvm_VirtualSystemReferencePoint", NULL, NULL },
    { "associators of { A.K = '}' } where resultrole = Dependent role=\"Antecedent\"",
      CIM_QUERY_ASSOCIATORS, "A", "K", "}", NULL, NULL, "Antecedent", "Dependent" },
    { "REFERENCES OF {A.K='x'} WHERE Role=Dependent ResultClass='B'", CIM_QUERY_REFERENCES, "A",
      "K", "x", "B", NULL, "Dependent", NULL },
    { "REFERENCES OF {A.K='x'}", CIM_QUERY_REFERENCES, "A", "K", "x", NULL, NULL, NULL, NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (CimQuery) query = parse (cases[i].query);
      const CimAssociationFilter *filter = cim_query_association (query);

      g_assert_cmpint (cim_query_kind (query), ==, cases[i].kind);
      g_assert_cmpstr (filter->object->class_name, ==, cases[i].object_class);
      g_assert_cmpstr (cim_path_key_text (filter->object, cases[i].key), ==, cases[i].value);
      g_assert_cmpstr (filter->association_class, ==, cases[i].association_class);
      g_assert_cmpstr (filter->result_class, ==, cases[i].result_class);
      g_assert_cmpstr (filter->role, ==, cases[i].role);
      g_assert_cmpstr (filter->result_role, ==, cases[i].result_role);
      g_assert_false (filter->class_defs_only);
      g_assert_null (query->arena.blocks);
      g_assert_cmpuint (malloc_usable_size (query), <=, 1024);
    }
  g_autoptr (CimQuery) classes = parse ("ASSOCIATORS OF {A.K='x'} WHERE KeysOnly ClassDefsOnly");
  g_assert_true (cim_query_association (classes)->class_defs_only);
}

/* ---- rules of comparing ---- */

static void
test_comparing (void)
{
  static const struct
  {
    const char *condition;
    gboolean holds;
  } cases[] = {
    /* numbers, exactly, in 64 bits and with their sign */
    { "OnTimeInMilliseconds = 18446744073709551615", TRUE },
    { "OnTimeInMilliseconds = 0xFFFFFFFFFFFFFFFF", TRUE },
    { "OnTimeInMilliseconds > 18446744073709551614", TRUE },
    { "OnTimeInMilliseconds > -1", TRUE },
    { "-1 < OnTimeInMilliseconds", TRUE },
    { "OnTimeInMilliseconds = -1", FALSE },
    { "18446744073709551614 >= OnTimeInMilliseconds", FALSE },
    { "EnabledState >= 2 AND EnabledState <= 0x2", TRUE },
    { "EnabledState = '2'", TRUE },
    { "EnabledState < '10'", TRUE },
    /* strings */
    { "Caption = 'VIRTUAL MACHINE'", TRUE },
    { "Caption > 'virtual'", TRUE },
    { "Caption < 'virtual n'", TRUE },
    { "Caption = Caption", TRUE },
    { "Caption = 5", FALSE },
    { "Caption <> 5", TRUE },
    /* NULL: every comparison fails, and NOT turns that round */
    { "Description = 'x'", FALSE },
    { "Description <> 'x'", FALSE },
    { "NOT Description = 'x'", TRUE },
    { "Description LIKE '%'", FALSE },
    { "Description IS NULL", TRUE },
    { "Description = NULL AND NULL = Description", TRUE },
    { "Description IS NOT NULL OR Description != NULL", FALSE },
    { "Caption IS NOT NULL", TRUE },
    { "OperationalStatus IS NULL", TRUE },
    { "OperationalStatus <> NULL", FALSE },
    /* precedence */
    { "Name='x' AND Name='x' OR EnabledState=2", TRUE },
    { "EnabledState=2 OR Name='x' AND Name='x'", TRUE },
    { "(EnabledState=2 OR Name='x') AND Name='x'", FALSE },
    { "NOT EnabledState=2 OR EnabledState=2", TRUE },
    { "NOT (EnabledState=2 OR EnabledState=2)", FALSE },
    { "NOT NOT EnabledState=2", TRUE },
    /* datetimes: 18:00:05 in UTC */
    { "InstallDate = '20261122190005.000000+060'", TRUE },
    { "InstallDate = '20261122180005.000000+000'", TRUE },
    { "InstallDate = '20261122130005.000000-300'", TRUE },
    { "InstallDate = '2026-11-22T18:00:05Z'", TRUE },
    { "InstallDate < '20261122180005.000001+000'", TRUE },
    { "InstallDate > '20261122185959.000000+060'", TRUE },
    { "InstallDate >= '20261122190005.000000+000'", FALSE },
    { "InstallDate > '20261031000000.000000+000'", TRUE },
    { "InstallDate > '00000001000000.000000:000'", FALSE },
    { "InstallDate LIKE '20261122%'", TRUE },
    /* system properties */
    { "__SERVER = 'host'", TRUE },
    { "__NAMESPACE = 'ROOT\\\\virtualization\\\\v2'", TRUE },
    { "__NAMESPACE = 'root/virtualization/v2'", TRUE },
    { "__DYNASTY = 'CIM_ManagedElement'", TRUE },
    { "__SUPERCLASS IS NULL", FALSE },
    { "__RELPATH LIKE 'Msvm_ComputerSystem.%'", TRUE },
    { "__PATH LIKE '\\\\\\\\HOST\\\\root\\\\%'", TRUE },
    { "__PATH <> 'Msvm_ComputerSystem=\"x\"'", TRUE },
  };
  g_autoptr (CimInstance) vm = make_vm (2);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text
          = g_strconcat ("SELECT * FROM Msvm_ComputerSystem WHERE ", cases[i].condition, NULL);

      g_assert_true (matches (text, vm) == cases[i].holds);
    }
}

static void
test_like (void)
{
  static const struct
  {
    const char *text, *pattern;
    gboolean matches;
  } cases[] = {
    { "", "", TRUE },
    { "", "%", TRUE },
    { "", "_", FALSE },
    { "abc", "ABC", TRUE },
    { "abc", "ab", FALSE },
    { "abc", "a%", TRUE },
    { "abc", "%c", TRUE },
    { "abc", "%b%", TRUE },
    { "abc", "%b", FALSE },
    { "abc", "a_c", TRUE },
    { "abc", "a_", FALSE },
    { "abc", "____", FALSE },
    { "abc", "a[xb]c", TRUE },
    { "abc", "a[^xb]c", FALSE },
    { "abc", "[a-b]%", TRUE },
    { "abc", "[b=z]%", FALSE },
    { "bbc", "[b=z]%", TRUE },
    { "abc", "[B-A]%", FALSE },
    { "a%c", "a[%]c", TRUE },
    { "abc", "a[%]c", FALSE },
    { "a[c", "a[[]c", TRUE },
    { "a]c", "a]c", TRUE },
    { "a-c", "a[x-]c", TRUE },
    { "aab", "%ab", TRUE },
    { "mississippi", "%is%ip%", TRUE },
    { "mississippi", "%is%ip", FALSE },
    { "Fl\xc3\xa4\x63he", "FL\xc3\x84_he", TRUE },
    { "a", "[]", FALSE },
    { "a", "[^]", TRUE },
  };
  g_autofree char *a = g_strnfill (60000, 'a');
  g_autoptr (GString) hard
      = g_string_new ("SELECT * FROM Msvm_ComputerSystem WHERE Caption LIKE '");
  g_autoptr (CimInstance) vm = cim_instance_new (find_class ("Msvm_ComputerSystem"));

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "SELECT * FROM Msvm_ComputerSystem WHERE Caption LIKE '%s'", cases[i].pattern);

      cim_instance_set_text (vm, "Caption", cases[i].text);
      g_assert_true (matches (text, vm) == cases[i].matches);
    }
  /* What takes a recursive matcher for ever. */
  for (guint i = 0; i < 300; i++)
    g_string_append (hard, "%a");
  g_string_append (hard, "%b'");
  cim_instance_set_text (vm, "Caption", a);
  gint64 start = g_get_monotonic_time ();
  g_assert_false (matches (hard->str, vm));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
}

static void
test_references (void)
{
#define OF "SELECT * FROM Msvm_ReferencePointOfVirtualSystem WHERE "
  g_autoptr (CimInstance) instance
      = cim_instance_new (find_class ("Msvm_ReferencePointOfVirtualSystem"));
  g_auto (CairnArena) arena = { 0 };

  cim_instance_set_path (
      instance, "Dependent",
      cim_path_parse (&arena, "Msvm_VirtualSystemReferencePoint.InstanceID='a'", NULL));
  g_assert_true (matches (OF "Dependent=\"\\\\\\\\HOST\\\\root\\\\virtualization\\\\v2:"
                             "Msvm_VirtualSystemReferencePoint.InstanceID=\\\"A\\\"\"",
                          instance));
  g_assert_true (matches (OF "Dependent <> 'Msvm_VirtualSystemReferencePoint=\"b\"'", instance));
  g_assert_true (matches (OF "Dependent ISA 'CIM_ManagedElement'", instance));
  g_assert_false (matches (OF "Dependent ISA 'Msvm_ComputerSystem'", instance));
  g_assert_false (matches (OF "Antecedent ISA 'CIM_ManagedElement'", instance));
  g_assert_true (matches (OF "Antecedent IS NULL", instance));
#undef OF
}

/* ---- looking up ---- */

static void
test_required_text (void)
{
  static const struct
  {
    const char *condition, *text;
  } cases[] = {
    { "Name='a\\\\b'", "a\\b" },
    { "Name='a\\b'", "a\\b" },
    { "'x' = name", "x" },
    { "EnabledState=1 AND (Caption='c' AND NAME='x') AND Caption='d'", "x" },
    { "Name='a\\\\\\\\b'", NULL }, /* "=" would find a\b as well */
    { "Name<>'x'", NULL },
    { "Name LIKE 'x'", NULL },
    { "NOT Name='x'", NULL },
    { "Name='x' OR Name='y'", NULL },
    { "Name='x' OR Caption='y' AND Name='x'", NULL },
    { "Name=5", NULL },
    { "Caption='x'", NULL },
  };
  g_autoptr (CimQuery) all = parse ("SELECT * FROM C");
  g_autoptr (CimQuery) path = parse ("SELECT * FROM C WHERE __PATH='C.K=\"a\\\\b\"'");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat ("SELECT * FROM C WHERE ", cases[i].condition, NULL);
      g_autoptr (CimQuery) query = parse (text);

      g_assert_cmpstr (cim_query_required_text (query, "Name"), ==, cases[i].text);
    }
  g_assert_null (cim_query_required_text (all, "Name"));
  g_assert_cmpstr (cim_query_required_text (path, "__PATH"), ==, "C.K=\"a\\b\"");
}

/* ---- what is refused ---- */

static void
assert_refused (GError *error, const char *why)
{
  g_assert_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY);
  g_test_message ("  %s", error->message);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *why;
  } bad[] = {
    { "", "at its end: a query begins with SELECT" },
    { "DELETE FROM C", "character 1, at \"DELETE\": a query begins with SELECT" },
    { "SELECT", "at its end: * or a property's name" },
    { "SELECT FROM C", "character 8, at \"FROM\": * or a property's name" },
    { "SELECT a, FROM C", "character 11, at \"FROM\"" },
    { "SELECT a b FROM C", "character 10, at \"b\": FROM is expected" },
    { "SELECT * FROM", "at its end: a class's name" },
    { "SELECT * FROM 'C'", "character 15" },
    { "SELECT * FROM C;", "character 16, at \";\": this belongs to no query" },
    { "SELECT COUNT(*) FROM C", "character 13, at \"(\": FROM is expected" },
    { "SELECT * FROM C ORDER BY a", "character 17, at \"ORDER\": WHERE is expected" },
    { "SELECT * FROM C WHERE", "at its end: a property or a constant" },
    { "SELECT * FROM C WHERE a", "at its end: = <> !=" },
    { "SELECT * FROM C WHERE a = ", "at its end: a property or a constant" },
    { "SELECT * FROM C WHERE a == 1", "character 26, at \"=\": a property or a constant" },
    { "SELECT * FROM C WHERE a = 1 1", "character 29, at \"1\": AND, OR or the end" },
    { "SELECT * FROM C WHERE a = 'it''s'", /* SQL's way to quote */
      "character 31, at \"'s'\": AND, OR or the end" },
    { "SELECT * FROM C WHERE a = 1 AND", "at its end: a property" },
    { "SELECT * FROM C WHERE a = 1 AND OR", "character 33, at \"OR\"" },
    { "SELECT * FROM C WHERE (a = 1", "at its end: AND, OR or a closing" },
    { "SELECT * FROM C WHERE a = 1)", "character 28, at \")\": AND, OR or the end" },
    { "SELECT * FROM C WHERE ()", "character 24, at \")\"" },
    { "SELECT * FROM C WHERE a = 'x", "character 27, at \"'x\": the quote" },
    { "SELECT * FROM C WHERE a = 'x\\'", "never closed" },
    { "SELECT * FROM C WHERE \xc3\xa4 = 'x", "character 27" },
    { "SELECT * FROM C WHERE a = 1.5", "at \"1.5\": a number is" },
    { "SELECT * FROM C WHERE a = 0x", "at \"0x\": a number is" },
    { "SELECT * FROM C WHERE a = 18446744073709551616", "a number is" },
    { "SELECT * FROM C WHERE a = - 1", "this belongs to no query" },
    { "SELECT * FROM C WHERE 1 = 1", "character 27, at \"1\": two constants" },
    { "SELECT * FROM C WHERE 'a' LIKE 'a'", "character 23, at \"'a'\": a constant can only" },
    { "SELECT * FROM C WHERE a LIKE 5", "character 30, at \"5\": a text in quotes" },
    { "SELECT * FROM C WHERE a LIKE b", "a text in quotes" },
    { "SELECT * FROM C WHERE a LIKE 'x[y'", "a '[' of the pattern" },
    { "SELECT * FROM C WHERE a ISA b", "a text in quotes" },
    { "SELECT * FROM C WHERE a IS 5", "at \"5\": NULL is expected" },
    { "SELECT * FROM C WHERE a IS NOT b", "at \"b\": NULL is expected" },
    { "SELECT * FROM C WHERE a < NULL", "at \"NULL\": nothing is above" },
    { "SELECT * FROM C WHERE __GENUS = 1", "at \"__GENUS\": there is no such system" },
    { "SELECT * FROM C WHERE a.b = 1", "character 24, at \".\": properties of embedded" },
    { "SELECT * FROM __InstanceModificationEvent WITHIN 1 WHERE TargetInstance ISA "
      "'Msvm_ConcreteJob'", /* J6 */
      "character 43, at \"WITHIN\": events" },
    { "ASSOCIATORS {A.K='x'}", "character 13, at \"{A.K='x'}\": OF is expected" },
    { "ASSOCIATORS OF A.K='x'", "character 16, at \"A\": an object path in braces" },
    { "ASSOCIATORS OF {A.K='x'", "the brace that opens here" },
    { "ASSOCIATORS OF {A.K='x}", "the brace that opens here" },
    { "ASSOCIATORS OF {A.K=}", "a key's value must be" },
    { "ASSOCIATORS OF {A.K='x'} WHERE", "at its end: AssocClass" },
    { "ASSOCIATORS OF {A.K='x'} WHERE AssocClass", "at its end: = is expected" },
    { "ASSOCIATORS OF {A.K='x'} WHERE AssocClass=", "at its end: the name of a class" },
    { "ASSOCIATORS OF {A.K='x'} WHERE Role=a Role=b", "character 43, at \"=\": this was given" },
    { "ASSOCIATORS OF {A.K='x'} WHERE Role=a AND ResultRole=b", "at \"AND\": AssocClass" },
    { "REFERENCES OF {A.K='x'} WHERE AssocClass=b", "at \"AssocClass\": ResultClass" },
    { "SELECT * FROM C WHERE a = '\xff'", "isn't UTF-8" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i].text);
      g_assert_null (cim_query_parse (bad[i].text, &error));
      assert_refused (error, bad[i].why);
    }
}

/* What only the class can say. */
static void
test_refused_by_class (void)
{
  static const struct
  {
    const char *condition, *why;
  } bad[] = {
    { "Nothing = 1", "class Msvm_ComputerSystem has no property 'Nothing'" },
    { "Name = 'x' AND (NOT Nothing IS NULL)", "has no property 'Nothing'" },
    { "Name = Nothing", "has no property 'Nothing'" },
    { "OperationalStatus = 2", "Msvm_ComputerSystem.OperationalStatus is an array" },
    { "EnabledState = OperationalStatus", "OperationalStatus is an array" },
    { "Roles LIKE '%'", "is an array" },
    { "EnabledState = 'two'", "Msvm_ComputerSystem.EnabledState is a number" },
    { "EnabledState = TRUE", "is a number" },
    { "Name = TRUE", "is a string" },
    { "InstallDate = 5", "is a datetime" },
    { "InstallDate = 'yesterday'", "is a datetime" },
    { "InstallDate = '20261322190005.000000+060'", "is a datetime" },
    { "EnabledState LIKE '2%'", "isn't a string" },
    { "Name ISA 'CIM_Service'", "is no object" },
    { "__THIS = 'x'", "only known to ISA" },
  };
  const CimClass *class = find_class ("Msvm_ComputerSystem");
  g_autoptr (CimQuery) names = parse ("SELECT Name, Nothing FROM Msvm_ComputerSystem");
  g_autoptr (GError) of_names = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strconcat ("SELECT * FROM C WHERE ", bad[i].condition, NULL);
      g_autoptr (CimQuery) query = parse (text);
      g_autoptr (GError) error = NULL;

      g_assert_false (cim_query_check (query, class, &error));
      assert_refused (error, bad[i].why);
    }
  g_assert_false (cim_query_check (names, class, &of_names));
  assert_refused (of_names, "has no property 'Nothing'");
}

static char *
nest (const char *open, guint n, const char *close)
{
  GString *text = g_string_new ("SELECT * FROM Msvm_ComputerSystem WHERE ");

  for (guint i = 0; i < n; i++)
    g_string_append (text, open);
  g_string_append (text, "Name='x'");
  for (guint i = 0; i < n; i++)
    g_string_append (text, close);
  return g_string_free (text, FALSE);
}

static void
test_limits (void)
{
  g_autofree char *deep = nest ("(", CIM_QUERY_DEPTH_MAX, ")");
  g_autofree char *too_deep = nest ("(", CIM_QUERY_DEPTH_MAX + 1, ")");
  g_autofree char *negated = nest ("NOT ", CIM_QUERY_DEPTH_MAX + 1, "");
  g_autofree char *chain = nest ("Name='x' OR ", 1000, "");
  g_autofree char *too_long = nest ("Name='x' OR ", 2000, "");
  g_autofree char *pattern = g_strnfill (1025, '_');
  g_autofree char *like = g_strdup_printf ("SELECT * FROM C WHERE a LIKE '%s'", pattern);
  g_autoptr (CimInstance) vm = make_vm (2);

  g_assert_false (matches (deep, vm));
  g_assert_false (matches (chain, vm));
  g_assert_null (cim_query_parse (too_deep, NULL));
  g_assert_null (cim_query_parse (negated, NULL));
  g_assert_null (cim_query_parse (too_long, NULL));
  g_assert_null (cim_query_parse (like, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wql/vms", test_vms);
  g_test_add_func ("/wql/points", test_points);
  g_test_add_func ("/wql/jobs-and-settings", test_jobs_and_settings);
  g_test_add_func ("/wql/without-condition", test_without_condition);
  g_test_add_func ("/wql/associations", test_associations);
  g_test_add_func ("/wql/comparing", test_comparing);
  g_test_add_func ("/wql/like", test_like);
  g_test_add_func ("/wql/references", test_references);
  g_test_add_func ("/wql/required-text", test_required_text);
  g_test_add_func ("/wql/refused", test_refused);
  g_test_add_func ("/wql/refused-by-class", test_refused_by_class);
  g_test_add_func ("/wql/limits", test_limits);
  return g_test_run ();
}
