/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker over providers that live in memory: three VMs with 300 points each. */
#include <stdio.h>
#include <string.h>

#include "cim/contexts.h"

#define N_VMS    3u
#define N_POINTS 300u /* of each VM: more than a page */

static const CimClass *
class_of (const char *name)
{
  return cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);
}

static CimInstance *
make_vm (guint i)
{
  CimInstance *vm = cim_instance_new (class_of ("Msvm_ComputerSystem"));
  g_autofree char *name = g_strdup_printf ("VM-%u", i);

  cim_instance_set_text (vm, "CreationClassName", "Msvm_ComputerSystem");
  cim_instance_set_text (vm, "Name", name);
  return vm;
}

static CimInstance *
make_point (guint vm, guint i)
{
  CimInstance *point = cim_instance_new (class_of ("Msvm_VirtualSystemReferencePoint"));
  g_autofree char *owner = g_strdup_printf ("VM-%u", vm);
  g_autofree char *id = g_strdup_printf ("Microsoft:VM-%u\\%04u", vm, i);

  cim_instance_set_text (point, "InstanceID", id);
  cim_instance_set_text (point, "VirtualSystemIdentifier", owner);
  cim_instance_set_number (point, "ConsistencyLevel", i % 2 + 1);
  return point;
}

static gboolean
page_vms (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
          GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < N_VMS; i++)
    g_ptr_array_add (all, make_vm (i));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
page_of_vm (const char *vm, const CimPage *page, GPtrArray *instances)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < N_VMS; i++)
    for (guint k = 0; k < N_POINTS; k++)
      if (!vm || g_ascii_digit_value (vm[3]) == (int)i)
        g_ptr_array_add (all, make_point (i, k));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
page_points (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  return page_of_vm (NULL, page, instances);
}

static gboolean
points_of_vm (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  return page_of_vm (cim_instance_text (source, "Name"), page, instances);
}

static gboolean
vm_of_point (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  if (!page->after)
    g_ptr_array_add (instances, make_vm ((guint)g_ascii_digit_value (
                                    cim_instance_text (source, "VirtualSystemIdentifier")[3])));
  return TRUE;
}

static const CimProvider vms = { .class_name = "Msvm_ComputerSystem", .page = page_vms };
static const CimProvider points
    = { .class_name = "Msvm_VirtualSystemReferencePoint", .is_quick = TRUE, .page = page_points };
static const CimAssociation of_vm = {
  .class_name = "Msvm_ReferencePointOfVirtualSystem",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { "Msvm_ComputerSystem", "Msvm_VirtualSystemReferencePoint" },
  .across = { points_of_vm, vm_of_point },
};
static const CimProvider *const providers[] = { &vms, &points, NULL };
static const CimAssociation *const associations[] = { &of_vm, NULL };
static const CimMethodHandler methods[] = { { 0 } };
static const CimProviders all = { providers, associations, methods, "KVM1" };

static CairnCaller *nobody;
static CimBroker *broker;

static CimCall
a_call (void)
{
  return (CimCall){ .caller = nobody, .request_id = "1", .deadline = INT64_MAX };
}

static const CimPath *
path_of (CairnArena *arena, const char *text)
{
  g_autoptr (GError) error = NULL;
  const CimPath *path = cim_path_parse (arena, text, &error);

  g_assert_no_error (error);
  return path;
}

/* The number of instances that ENUMERATION gives in steps of LIMIT, which must be in order and of
 * CLASS. */
static guint
drain (CimEnumeration *enumeration, guint limit, const char *class_name)
{
  CimCall call = a_call ();
  g_autofree char *last = NULL;
  gboolean has_ended = FALSE;
  guint n = 0;

  while (!has_ended)
    {
      g_autoptr (GPtrArray) some
          = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
      g_autoptr (GError) error = NULL;

      cim_enumeration_next (enumeration, &call, limit, some, &has_ended, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (some->len, <=, limit);
      g_assert_true (has_ended || some->len == limit);
      for (guint i = 0; i < some->len; i++)
        {
          char *position = cim_instance_position (some->pdata[i]);

          g_assert_cmpstr (((CimInstance *)some->pdata[i])->class->name, ==, class_name);
          g_assert_cmpstr (last ? last : "", <, position);
          g_free (last);
          last = position;
        }
      n += some->len;
    }
  cim_enumeration_free (enumeration);
  return n;
}

static guint
count (const char *wql, guint limit, const char *class_name)
{
  g_autoptr (GError) error = NULL;
  CimEnumeration *enumeration
      = cim_broker_query (broker, CIM_NAMESPACE_VIRTUALIZATION, wql, &error);

  g_assert_no_error (error);
  return drain (enumeration, limit, class_name);
}

#define POINT "Msvm_VirtualSystemReferencePoint"

static void
test_pages (void)
{
  const guint limits[] = { 1, 250, 300, 899, 900, 5000 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    g_assert_cmpuint (drain (cim_broker_enumerate (broker, NULL, POINT, NULL), limits[i], POINT),
                      ==, N_VMS * N_POINTS);
}

static void
test_queries (void)
{
  g_assert_cmpuint (count ("SELECT * FROM " POINT " WHERE ConsistencyLevel = 2", 7, POINT), ==,
                    N_VMS * N_POINTS / 2);
  g_assert_cmpuint (count ("select * from msvm_virtualsystemreferencepoint where InstanceID = "
                           "'Microsoft:VM-1\\0007'",
                           1, POINT),
                    ==, 1);
  g_assert_cmpuint (count ("SELECT * FROM " POINT " WHERE InstanceID = 'none'", 1, POINT), ==, 0);
  g_assert_cmpuint (
      count ("SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER", 1, "Msvm_ComputerSystem"),
      ==, N_VMS);
}

static void
test_associations (void)
{
  const char *vm = "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',"
                   "Name='vm-1'}";
  const char *point
      = "{" POINT ".InstanceID='Microsoft:VM-2\\\\0003',VirtualSystemIdentifier='VM-2'}";
  g_autofree char *narrow = g_strconcat (
      vm, " WHERE AssocClass = CIM_Dependency ResultClass = " POINT " ResultRole = Dependent",
      NULL);
  g_autofree char *wrong = g_strconcat (vm, " WHERE Role = Dependent", NULL);
  g_autofree char *back = g_strconcat ("ASSOCIATORS OF ", point, NULL);
  g_autofree char *references = g_strconcat ("REFERENCES OF ", point, NULL);

  g_assert_cmpuint (count (vm, 251, POINT), ==, N_POINTS);
  g_assert_cmpuint (count (narrow, 1000, POINT), ==, N_POINTS);
  g_assert_cmpuint (count (wrong, 1000, POINT), ==, 0);
  g_assert_cmpuint (count (back, 1, "Msvm_ComputerSystem"), ==, 1);
  g_assert_cmpuint (count (references, 1, of_vm.class_name), ==, 1);
}

static void
test_association_class (void)
{
  g_assert_cmpuint (
      drain (cim_broker_enumerate (broker, NULL, "CIM_Dependency", NULL), 100, of_vm.class_name),
      ==, N_VMS * N_POINTS);
}

static void
check_get (const char *text, int code)
{
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) error = NULL;
  CimCall call = a_call ();
  g_autoptr (CimInstance) found = cim_broker_get (broker, &call, path_of (&arena, text), &error);

  if (code == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, CIM_ERROR, code);
  g_assert_true (!found == (code != 0));
}

static void
test_get (void)
{
  check_get ("Msvm_ComputerSystem.Name=\"vm-2\"", 0);
  check_get ("CIM_ComputerSystem.Name=\"VM-2\"", 0);
  check_get ("\\\\kvm1\\root\\virtualization\\v2:Msvm_ComputerSystem.Name=\"VM-2\"", 0);
  check_get (POINT ".InstanceID=\"Microsoft:VM-1\\\\0299\"", 0);
  check_get (POINT ".VirtualSystemIdentifier=\"VM-1\"", CIM_ERR_INVALID_PARAMETER);
  check_get ("Msvm_ComputerSystem.Name=\"VM-9\"", CIM_ERR_NOT_FOUND);
  check_get ("Msvm_ComputerSystem.ElementName=\"x\"", CIM_ERR_INVALID_PARAMETER);
  check_get ("\\\\elsewhere\\root\\virtualization\\v2:Msvm_ComputerSystem.Name=\"VM-2\"",
             CIM_ERR_INVALID_PARAMETER);
  check_get ("\\\\kvm1\\root\\elsewhere:Msvm_ComputerSystem.Name=\"VM-2\"",
             CIM_ERR_INVALID_NAMESPACE);
  check_get ("No_Such.Name=\"VM-2\"", CIM_ERR_INVALID_CLASS);
}

/* A method without anybody who does it says Not Supported, in its own table. */
static void
test_unsupported_method (void)
{
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) error = NULL;
  const CimPath *path = path_of (&arena, "Msvm_ComputerSystem.Name=\"VM-2\"");
  CimCall call = a_call ();
  const CimResolvedMethod *method
      = cim_broker_find_method (broker, path, "requeststatechange", &error);
  g_autoptr (CimInstance) in = cim_instance_new (method->parameters);
  g_autoptr (CimInstance) out = NULL;
  g_autofree char *message = NULL;
  uint32_t value = 0;

  g_assert_true (
      cim_broker_invoke (broker, &call, path, method, in, &out, &value, &message, &error));
  g_assert_true (value == 1 || value == 32770);
  g_assert_nonnull (message);
  g_assert_null (cim_broker_find_method (broker, path, "Fly", &error));
  g_assert_error (error, CIM_ERROR, CIM_ERR_METHOD_NOT_FOUND);
}

/* ---- contexts ---- */

static void
add_context_of (CimContexts *contexts, const CairnCaller *caller, guint idle_s, char id[37])
{
  CimContext *context = g_new0 (CimContext, 1);

  context->enumeration = cim_broker_query (broker, NULL, "SELECT * FROM " POINT, NULL);
  context->idle_s = idle_s;
  context->protocol = 1;
  cim_contexts_add (contexts, caller, context, id);
}

static void
add_context (CimContexts *contexts, guint idle_s, char id[37])
{
  add_context_of (contexts, nobody, idle_s, id);
}

/* What they take is limited as well: of 500 with a query of 14 KB each. */
static void
test_large_contexts (void)
{
  CimContexts *contexts = cim_contexts_new ();
  g_autoptr (GString) wql = g_string_new ("SELECT * FROM " POINT " WHERE ConsistencyLevel=1");

  while (wql->len < 14000)
    g_string_append (wql, " OR ConsistencyLevel=1");
  for (guint i = 0; i < 500; i++)
    {
      CimContext *context = g_new0 (CimContext, 1);
      char id[37];

      context->enumeration = cim_broker_query (broker, NULL, wql->str, NULL);
      context->idle_s = 60;
      cim_contexts_add (contexts, nobody, context, id);
    }
  g_assert_cmpuint (cim_contexts_count (contexts), <, 400);
  g_assert_cmpuint (cim_contexts_count (contexts), >, 10);
  cim_contexts_free (contexts);
}

/* So is what is kept in them later, for a client that took too little. */
static void
test_growing_contexts (void)
{
  CimContexts *contexts = cim_contexts_new ();

  for (guint i = 0; i < 40; i++)
    {
      CimContext *taken;
      char id[37];

      add_context (contexts, 60, id);
      taken = cim_contexts_take (contexts, nobody, 1, id, NULL);
      taken->text = g_strnfill (500000, 'x');
      cim_contexts_give_back (contexts, taken, id);
    }
  g_assert_cmpuint (cim_contexts_count (contexts), ==, 4);
  cim_contexts_free (contexts);
}

/* A flood of one caller's ends that caller's, and nobody else's; all together are limited too. */
static void
test_shared_contexts (void)
{
  CimContexts *contexts = cim_contexts_new ();
  CairnCaller victim = { .name = (char *)"victim" };
  char theirs[37], id[37];
  CimContext *taken;

  add_context_of (contexts, &victim, 60, theirs);
  for (guint i = 0; i < 2 * CIM_CONTEXTS_MAX; i++)
    add_context (contexts, 60, id);
  g_assert_cmpuint (cim_contexts_count (contexts), ==, CIM_CONTEXTS_OF_CALLER_MAX + 1);
  taken = cim_contexts_take (contexts, &victim, 1, theirs, NULL);
  g_assert_nonnull (taken);
  cim_contexts_give_back (contexts, taken, theirs);
  for (guint i = 0; i < 2 * CIM_CONTEXTS_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("user %u", i);

      add_context_of (contexts, &(CairnCaller){ .name = name }, 60, id);
    }
  g_assert_cmpuint (cim_contexts_count (contexts), ==, CIM_CONTEXTS_MAX);
  cim_contexts_free (contexts);
}

static void
check_gone (CimContexts *contexts, const CairnCaller *caller, guint protocol, const char *id)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cim_contexts_take (contexts, caller, protocol, id, &error));
  g_assert_error (error, CIM_ERROR, CIM_ERR_INVALID_ENUMERATION_CONTEXT);
}

static void
test_contexts (void)
{
  CimContexts *contexts = cim_contexts_new ();
  CairnCaller other = { .name = (char *)"other" };
  char id[37], first[37];
  CimContext *taken;

  add_context (contexts, 60, first);
  check_gone (contexts, &other, 1, first);
  check_gone (contexts, nobody, 2, first);
  taken = cim_contexts_take (contexts, nobody, 1, first, NULL);
  g_assert_nonnull (taken);
  check_gone (contexts, nobody, 1, first); /* in use */
  cim_contexts_give_back (contexts, taken, first);
  for (guint i = 0; i < CIM_CONTEXTS_OF_CALLER_MAX; i++)
    add_context (contexts, 60, id);
  check_gone (contexts, nobody, 1, first); /* the oldest has made room */
  g_assert_cmpuint (cim_contexts_count (contexts), ==, CIM_CONTEXTS_OF_CALLER_MAX);
  taken = cim_contexts_take (contexts, nobody, 1, id, NULL);
  cim_context_free (taken);
  cim_contexts_give_back (contexts, NULL, id);
  check_gone (contexts, nobody, 1, id);
  add_context (contexts, 1, id);
  g_usleep (1100 * 1000);
  check_gone (contexts, nobody, 1, id);
  cim_contexts_free (contexts);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  nobody = cairn_caller_new_nobody ();
  broker = cim_broker_new (cim_schema_get (), &all);
  g_test_add_func ("/pages", test_pages);
  g_test_add_func ("/queries", test_queries);
  g_test_add_func ("/associations", test_associations);
  g_test_add_func ("/association-class", test_association_class);
  g_test_add_func ("/get", test_get);
  g_test_add_func ("/unsupported-method", test_unsupported_method);
  g_test_add_func ("/contexts", test_contexts);
  g_test_add_func ("/large-contexts", test_large_contexts);
  g_test_add_func ("/growing-contexts", test_growing_contexts);
  g_test_add_func ("/shared-contexts", test_shared_contexts);
  status = g_test_run ();
  cim_broker_free (broker);
  cairn_caller_free (nobody);
  return status;
}
