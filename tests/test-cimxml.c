/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CIM-XML over samples that never change: each file of tests/cimxml is a conversation, of requests
 * and the answers to them; and what a file can't show: large enumerations, overload, ends.
 *
 * A file has for each request: headers (those that aren't there are derived: a header "NAME:" with
 * nothing is left out), the message (or only the call in it), a line "----", the answer; a line
 * "====" stands between two. The id of an enumeration context is written as CONTEXT. White space at
 * the beginning of a line, and line ends, between elements count for nothing.
 * CAIRN_REGENERATE=1 writes the answers anew, for review.
 */
#include <string.h>

#include "cim-samples.h"
#include "cimxml/cimxml.h"
#include "http-in-memory.h"

#define DIRECTORY SOURCE_ROOT "/tests/cimxml"
#define NAMESPACE                                                                                  \
  "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"virtualization\"/>"             \
  "<NAMESPACE NAME=\"v2\"/></LOCALNAMESPACEPATH>"
#define CONTEXT_OPEN "NAME=\"EnumerationContext\" PARAMTYPE=\"string\"><VALUE>"

typedef struct
{
  CimxmlServer server;
  HttpInMemory result;
  char context[37];
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  cim_samples_n_points = 3;
  cim_samples_fails_at = 0;
  *fixture = (Fixture){ .server = { .broker = cim_broker_new (cim_schema_get (), &cim_samples),
                                    .contexts = cim_contexts_new () } };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  http_in_memory_clear (&fixture->result);
  cim_contexts_free (fixture->server.contexts);
  cim_broker_free (fixture->server.broker);
}

/* ---- one exchange ---- */

/* The value of the first NAME="..." in TEXT. */
static char *
name_in (const char *text)
{
  const char *start = strstr (text, "NAME=\"");

  g_assert_nonnull (start);
  start += strlen ("NAME=\"");
  return g_strndup (start, strcspn (start, "\""));
}

/* CALL may be all of the message, or just the IMETHODCALL or METHODCALL. */
static char *
wrap (const char *call)
{
  if (!g_str_has_prefix (call, "<IMETHODCALL") && !g_str_has_prefix (call, "<METHODCALL"))
    return g_strdup (call);
  return g_strconcat ("<?xml version=\"1.0\" encoding=\"utf-8\"?><CIM CIMVERSION=\"2.0\" "
                      "DTDVERSION=\"2.0\"><MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ>",
                      call, "</SIMPLEREQ></MESSAGE></CIM>", NULL);
}

static gboolean
has_header (GPtrArray *headers, const char *name)
{
  for (guint i = 0; i + 1 < headers->len; i += 2)
    if (g_ascii_strcasecmp (headers->pdata[i], name) == 0)
      return TRUE;
  return FALSE;
}

static void
derive (GPtrArray *headers, const char *name, char *value)
{
  if (has_header (headers, name))
    {
      g_free (value);
      return;
    }
  g_ptr_array_add (headers, g_strdup (name));
  g_ptr_array_add (headers, value);
}

static char *
object_of (const char *call)
{
  if (g_str_has_prefix (call, "<METHODCALL"))
    {
      const char *class_name = strstr (call, "CLASSNAME");
      g_autofree char *name = name_in (strstr (class_name, "NAME=\""));

      return g_strconcat (CIM_NAMESPACE_VIRTUALIZATION ":", name, NULL);
    }
  return g_strdup (strstr (call, "\"cimv2\"") ? CIM_NAMESPACE_CIMV2 : CIM_NAMESPACE_VIRTUALIZATION);
}

static void
exchange (Fixture *fixture, GPtrArray *headers, const char *call, gboolean is_overloaded)
{
  g_autofree char *message = wrap (call);
  g_autofree char *name = name_in (call);

  derive (headers, "CIMOperation", g_strdup ("MethodCall"));
  derive (headers, "CIMMethod", g_strdup (name));
  derive (headers, "CIMObject", object_of (call));
  for (guint i = 0; i < headers->len; i += 2)
    if (!*(char *)headers->pdata[i + 1]) /* to be left out */
      {
        g_ptr_array_remove_range (headers, i, 2);
        i -= 2;
      }
  g_ptr_array_add (headers, NULL);
  http_in_memory_request (&fixture->result, cimxml_handle, &fixture->server,
                          (const char *const *)headers->pdata, message, strlen (message),
                          is_overloaded);
  g_assert_cmpuint (fixture->result.n_answers, ==, 1);
}

static const char *
call (Fixture *fixture, const char *text)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);

  exchange (fixture, headers, text, FALSE);
  g_assert_cmpuint (fixture->result.status, ==, 200);
  return fixture->result.body->str;
}

/* ---- conversations ---- */

/* One element a line. */
static char *
spread (const char *body)
{
  GString *out = g_string_new (NULL);

  for (; *body; body++)
    {
      g_string_append_c (out, *body);
      if (body[0] == '>' && body[1] == '<')
        g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = *from ? g_strsplit (text, from, -1) : NULL;

  return parts ? g_strjoinv (to, parts) : g_strdup (text);
}

static void
learn_context (Fixture *fixture)
{
  const char *start = strstr (fixture->result.body->str, CONTEXT_OPEN);

  if (start && start[strlen (CONTEXT_OPEN)] != '<')
    g_strlcpy (fixture->context, start + strlen (CONTEXT_OPEN), sizeof fixture->context);
}

/* Headers, and then what begins with "<". */
static const char *
take_headers (const char *text, GPtrArray *headers)
{
  while (*text && *text != '<')
    {
      size_t length = strcspn (text, "\n");
      g_autofree char *line = g_strndup (text, length);
      char *colon = strchr (line, ':');

      g_assert_nonnull (colon);
      *colon = '\0';
      g_ptr_array_add (headers, g_strdup (line));
      g_ptr_array_add (headers, g_strdup (g_strstrip (colon + 1)));
      text += length + (text[length] == '\n');
    }
  return text;
}

/* The message without what makes it readable. */
static char *
join_lines (const char *text)
{
  GString *out = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    g_string_append (out, g_strchug (*line));
  return g_string_free (out, FALSE);
}

static char *
answer_to (Fixture *fixture, const char *request)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *joined = join_lines (take_headers (request, headers));
  g_autofree char *message = replace (joined, "CONTEXT", fixture->context);
  g_autofree char *answered = NULL, *body = NULL;
  g_autofree char *spreaded = NULL;

  exchange (fixture, headers, message, FALSE);
  learn_context (fixture);
  answered = replace (fixture->result.headers->str, fixture->context, "CONTEXT");
  body = replace (fixture->result.body->str, fixture->context, "CONTEXT");
  spreaded = spread (body);
  return g_strdup_printf ("%u\n%s%s\n", fixture->result.status, answered, spreaded);
}

/* Tells the first line that differs. */
static void
assert_same (const char *name, const char *have, const char *expected)
{
  g_auto (GStrv) left = g_strsplit (have, "\n", -1);
  g_auto (GStrv) right = g_strsplit (expected, "\n", -1);
  guint i = 0;

  if (g_str_equal (have, expected))
    return;
  while (left[i] && right[i] && g_str_equal (left[i], right[i]))
    i++;
  g_error ("%s:%u: have '%s', expected '%s'", name, i + 1, left[i], right[i]);
}

static void
test_conversation (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (DIRECTORY, data, NULL);
  g_autofree char *content = NULL;
  g_autofree char *now_joined = NULL;
  g_auto (GStrv) exchanges = NULL;
  g_autoptr (GError) error = NULL;
  guint i = 0;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  exchanges = g_strsplit (content, "====\n", -1);
  for (; exchanges[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (exchanges[i], "----\n", 2);
      g_autofree char *answer = answer_to (fixture, parts[0]);

      g_free (exchanges[i]);
      exchanges[i] = g_strconcat (parts[0], "----\n", answer, NULL);
    }
  g_assert_cmpuint (i, >, 0);
  now_joined = g_strjoinv ("====\n", exchanges);
  if (g_getenv ("CAIRN_REGENERATE"))
    g_assert_true (g_file_set_contents (path, now_joined, -1, NULL));
  else
    assert_same (data, now_joined, content);
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static void
add_conversations (void)
{
  g_autoptr (GDir) directory = g_dir_open (DIRECTORY, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *name;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)))
    g_ptr_array_add (names, (gpointer)g_intern_string (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strconcat ("/cimxml/", names->pdata[i], NULL);

      g_test_add (path, Fixture, names->pdata[i], set_up, test_conversation, tear_down);
    }
  g_ptr_array_unref (names);
}

/* ---- what isn't shown by a file ---- */

#define ENUMERATE(operation)                                                                       \
  "<IMETHODCALL NAME=\"" operation "\">" NAMESPACE "<IPARAMVALUE NAME=\"ClassName\">"              \
  "<CLASSNAME NAME=\"Msvm_VirtualSystemReferencePoint\"/></IPARAMVALUE>"
#define END "</IMETHODCALL>"

static guint
count (const char *text, const char *word)
{
  guint n = 0;

  for (; (text = strstr (text, word)); text += strlen (word))
    n++;
  return n;
}

static void
test_pages (Fixture *fixture, gconstpointer data)
{
  const char *body;

  cim_samples_n_points = 1000;
  body = call (fixture, ENUMERATE ("EnumerateInstances") END);
  g_assert_cmpuint (count (body, "</VALUE.NAMEDINSTANCE>"), ==, 1000);
  g_assert_cmpuint (fixture->result.n_pieces, ==, 4);
  g_assert_true (
      g_str_has_suffix (body, "</IRETURNVALUE></IMETHODRESPONSE></SIMPLERSP></MESSAGE></CIM>"));
}

/* A failure after the answer began can only be shown by its end. */
static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  cim_samples_n_points = 1000;
  cim_samples_fails_at = 400;
  call (fixture, ENUMERATE ("EnumerateInstanceNames") END);
  g_assert_true (fixture->result.was_cut_off);
}

#define OPEN(n)                                                                                    \
  ENUMERATE ("OpenEnumerateInstancePaths")                                                         \
  "<IPARAMVALUE NAME=\"MaxObjectCount\"><VALUE>" n "</VALUE></IPARAMVALUE>" END

static char *
pull (Fixture *fixture)
{
  return g_strdup_printf ("<IMETHODCALL NAME=\"PullInstancePaths\">" NAMESPACE
                          "<IPARAMVALUE NAME=\"EnumerationContext\"><VALUE>%s</VALUE></IPARAMVALUE>"
                          "<IPARAMVALUE NAME=\"MaxObjectCount\"><VALUE>4000000000</VALUE>"
                          "</IPARAMVALUE>" END,
                          fixture->context);
}

/* However many are asked for, an answer has its limit, and none is lost or given twice. */
static void
test_pull_all (Fixture *fixture, gconstpointer data)
{
  guint n = 0, n_pulls = 0;

  cim_samples_n_points = 2500;
  call (fixture, OPEN ("0"));
  learn_context (fixture);
  do
    {
      g_autofree char *text = pull (fixture);
      g_autofree char *last = NULL;

      n += count (call (fixture, text), "</INSTANCEPATH>");
      n_pulls++;
      last = g_strdup_printf ("-%012u<", n);
      g_assert_nonnull (strstr (fixture->result.body->str, last));
    }
  while (!strstr (fixture->result.body->str, "<VALUE>TRUE</VALUE>"));
  g_assert_cmpuint (n, ==, 2500);
  g_assert_cmpuint (n_pulls, ==, 3);
  g_assert_cmpuint (cim_contexts_count (fixture->server.contexts), ==, 0);
}

#define GET_VM                                                                                     \
  "<IMETHODCALL NAME=\"GetInstance\">" NAMESPACE "<IPARAMVALUE NAME=\"InstanceName\">"             \
  "<INSTANCENAME CLASSNAME=\"Msvm_ComputerSystem\"><KEYBINDING "                                   \
  "NAME=\"Name\"><KEYVALUE>" CIM_SAMPLES_VM                                                        \
  "</KEYVALUE></KEYBINDING></INSTANCENAME></IPARAMVALUE></IMETHODCALL>"

/* What may wait is deferred; when too much waits already, the client is told so. */
static void
test_overload (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);

  call (fixture, ENUMERATE ("EnumerateInstances") END);
  g_assert_false (fixture->result.was_deferred);
  g_assert_nonnull (strstr (call (fixture, GET_VM), "<INSTANCE CLASSNAME"));
  g_assert_true (fixture->result.was_deferred);
  exchange (fixture, headers, GET_VM, TRUE);
  g_assert_nonnull (strstr (fixture->result.body->str, "<ERROR CODE=\"27\""));
}

/* A pull that was refused for overload hasn't lost its context. */
static void
test_overloaded_pull (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;

  call (fixture, "<IMETHODCALL NAME=\"OpenEnumerateInstancePaths\">" NAMESPACE
                 "<IPARAMVALUE NAME=\"ClassName\"><CLASSNAME NAME=\"Msvm_ComputerSystem\"/>"
                 "</IPARAMVALUE></IMETHODCALL>");
  learn_context (fixture);
  text = pull (fixture);
  exchange (fixture, headers, text, TRUE);
  g_assert_nonnull (strstr (fixture->result.body->str, "<ERROR CODE=\"27\""));
  g_assert_nonnull (strstr (call (fixture, text), "<VALUE>TRUE</VALUE>"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_conversations ();
  g_test_add ("/cimxml/pages", Fixture, NULL, set_up, test_pages, tear_down);
  g_test_add ("/cimxml/cut-off", Fixture, NULL, set_up, test_cut_off, tear_down);
  g_test_add ("/cimxml/pull-all", Fixture, NULL, set_up, test_pull_all, tear_down);
  g_test_add ("/cimxml/overload", Fixture, NULL, set_up, test_overload, tear_down);
  g_test_add ("/cimxml/overloaded-pull", Fixture, NULL, set_up, test_overloaded_pull, tear_down);
  return g_test_run ();
}
