/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WS-Management without HTTP: golden requests and answers, sizes, encodings, who may ask what.
 *
 * tests/wsman/NAME.request.xml is posted, in the order of the names; NAME.answer.xml is the HTTP
 * status, X-Cairn-Message if there is one, and the body, broken into lines between elements.
 * CONTEXT in a request is the enumeration context given last. CAIRN_REGENERATE=1 rewrites the
 * answers, for review.
 */
#include <string.h>

#include "wsman-host.h"
#include "wsman/duration.h"

#define DIRECTORY SOURCE_ROOT "/tests/wsman"
#define N_POINTS  3

/* ---- golden ---- */

static char *
replace (const char *text, const char *pattern, const char *by)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, by, 0, NULL);
}

/* What is different each time is taken out. */
static char *
form_of (const WsmanExchange *exchange)
{
  g_autofree char *lines = replace (exchange->out->str, "><(?!/)", ">\n<");
  g_autofree char *whole = g_strdup_printf ("HTTP %u%s%s\n%s\n", exchange->status,
                                            exchange->message ? "\nX-Cairn-Message: " : "",
                                            exchange->message ? exchange->message : "", lines);
  g_autofree char *ids
      = replace (whole, "<a:MessageID>[^<]*</a:MessageID>", "<a:MessageID>MESSAGE</a:MessageID>");
  g_autofree char *contexts = replace (ids, "uuid:[0-9a-f-]{36}</n:", "CONTEXT</n:");

  return replace (contexts, "context '[0-9a-f-]{36}'", "context 'CONTEXT'");
}

static void
remember_context (const char *answer, char **context)
{
  const char *found = strstr (answer, "<n:EnumerationContext>uuid:");

  if (!found)
    return;
  g_free (*context);
  *context = g_strndup (found + strlen ("<n:EnumerationContext>uuid:"), 36);
}

static void
check_golden (WsmanHost *host, const char *name, char **context)
{
  g_autofree char *request_path = g_strdup_printf (DIRECTORY "/%s.request.xml", name);
  g_autofree char *answer_path = g_strdup_printf (DIRECTORY "/%s.answer.xml", name);
  g_autofree char *request = NULL, *posted = NULL, *expected = NULL, *given = NULL;
  g_autoptr (WsmanExchange) exchange = NULL;
  g_autoptr (CairnXmlDocument) document = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (request_path, &request, NULL, NULL));
  posted = replace (request, "CONTEXT", *context ? *context : "");
  exchange = wsman_host_post (host, posted, strlen (posted));
  document = cairn_xml_parse (exchange->out->str, exchange->out->len, &error);
  g_assert_no_error (error);
  remember_context (exchange->out->str, context);
  given = form_of (exchange);
  if (g_getenv ("CAIRN_REGENERATE"))
    g_assert_true (g_file_set_contents (answer_path, given, -1, NULL));
  g_assert_true (g_file_get_contents (answer_path, &expected, NULL, NULL));
  if (strcmp (given, expected) != 0)
    {
      g_test_message ("%s: given:\n%s", name, given);
      g_test_fail_printf ("%s isn't answered as in %s; CAIRN_REGENERATE=1 rewrites it", name,
                          answer_path);
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
test_golden (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (N_POINTS);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) directory = g_dir_open (DIRECTORY, 0, NULL);
  g_autofree char *context = NULL;
  const char *name;

  while ((name = g_dir_read_name (directory)))
    if (g_str_has_suffix (name, ".request.xml"))
      g_ptr_array_add (names, g_strndup (name, strlen (name) - strlen (".request.xml")));
  g_ptr_array_sort (names, compare_names);
  g_assert_cmpuint (names->len, >, 70);
  for (guint i = 0; i < names->len; i++)
    check_golden (host, names->pdata[i], &context);
}

/* ---- messages made here ---- */

#define ENVELOPE                                                                                   \
  "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'"                                  \
  " xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing'"                                    \
  " xmlns:n='http://schemas.xmlsoap.org/ws/2004/09/enumeration'"                                   \
  " xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'><s:Header>"                           \
  "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"           \
  "Msvm_VirtualSystemReferencePoint</w:ResourceURI><a:MessageID>uuid:1</a:MessageID>"
#define ENUMERATE                                                                                  \
  "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action>"               \
  "</s:Header><s:Body><n:Enumerate>%s</n:Enumerate></s:Body></s:Envelope>"
#define PULL                                                                                       \
  "<w:MaxEnvelopeSize>%u</w:MaxEnvelopeSize>"                                                      \
  "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull</a:Action>"                    \
  "</s:Header><s:Body><n:Pull><n:EnumerationContext>uuid:%s</n:EnumerationContext>%s</n:Pull>"     \
  "</s:Body></s:Envelope>"
#define GET                                                                                        \
  "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>"                        \
  "<w:SelectorSet><w:Selector Name='InstanceID'>Microsoft:" HOST_VM                                \
  "\\0192F000-0000-7000-8000-000000000001</w:Selector></w:SelectorSet></s:Header><s:Body/>"        \
  "</s:Envelope>"

static G_GNUC_PRINTF (2, 3) WsmanExchange *post (WsmanHost *host, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return wsman_host_post (host, message, strlen (message));
}

static char *
open_context (WsmanHost *host, const char *inner)
{
  g_autoptr (WsmanExchange) exchange = post (host, ENVELOPE ENUMERATE, inner);
  char *context = NULL;

  g_assert_cmpuint (exchange->status, ==, 200);
  remember_context (exchange->out->str, &context);
  g_assert_nonnull (context);
  return context;
}

/* Notes the points in an answer; each comes once, in their order. */
static guint
count_points (const char *answer, guint *last)
{
  guint n = 0;

  for (const char *p = answer; (p = strstr (p, "<p:InstanceID>")); p++)
    {
      guint number = (guint)g_ascii_strtoull (strstr (p, "7000-8000-") + 10, NULL, 10);

      g_assert_cmpuint (number, ==, *last + 1);
      *last = number;
      n++;
    }
  return n;
}

/* Items that don't fit into an envelope come with the next: none is lost, none comes twice. */
static void
test_envelope_sizes (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (500);
  static const guint sizes[] = { 8192, 20000, 51200, 512000, 100000000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *context = open_context (host, "");
      gboolean has_ended = FALSE;
      guint last = 0, n_answers = 0;

      while (!has_ended)
        {
          g_autoptr (WsmanExchange) exchange = post (host, ENVELOPE PULL, sizes[i], context,
                                                     "<n:MaxElements>32000</n:MaxElements>");

          g_assert_cmpuint (exchange->status, ==, 200);
          g_assert_cmpuint (exchange->out->len, <=, sizes[i]);
          g_assert_cmpuint (count_points (exchange->out->str, &last), >, 0);
          has_ended = strstr (exchange->out->str, "<n:EndOfSequence/>") != NULL;
          n_answers++;
        }
      g_assert_cmpuint (last, ==, 500);
      if (sizes[i] == 100000000)
        g_assert_cmpuint (n_answers, ==, 1); /* 500 of 1.4 KB */
    }
  g_assert_cmpuint (cim_contexts_count (host->server.contexts), ==, 0);
}

/* One that alone is too large is said to be, and is still there for who allows more. */
static void
test_item_too_large (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (2);
  g_autofree char *context = open_context (host, "");
  g_autoptr (WsmanExchange) refused
      = post (host, ENVELOPE PULL, 512000u, context, "<n:MaxCharacters>200</n:MaxCharacters>");
  g_autoptr (WsmanExchange) given
      = post (host, ENVELOPE PULL, 512000u, context, "<n:MaxElements>9</n:MaxElements>");
  guint last = 0;

  g_assert_cmpuint (refused->status, ==, 500);
  g_assert_nonnull (strstr (refused->out->str, "w:EncodingLimit"));
  g_assert_nonnull (strstr (refused->out->str, "200"));
  g_assert_cmpuint (count_points (given->out->str, &last), ==, 2);
}

/* The answer comes in the encoding of the question, and says the same. */
static void
test_utf16 (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (1);
  g_autoptr (WsmanExchange) plain = post (host, ENVELOPE GET);
  g_autofree char *expected = form_of (plain);
  static const char *const forms[]
      = { "UTF-16", "UTF-16LE", "UTF-16BE" }; /* the first has a mark */

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      gsize length = 0;
      g_autofree char *wide = g_convert (ENVELOPE GET, -1, forms[i], "UTF-8", NULL, &length, NULL);
      g_autoptr (WsmanExchange) exchange = wsman_host_post (host, wide, length);
      g_autofree char *given = NULL;
      char *narrow;

      g_assert_true (exchange->is_utf16);
      g_assert_cmpmem (exchange->out->str, 2, "\xFF\xFE", 2);
      narrow = g_convert (exchange->out->str + 2, (gssize)exchange->out->len - 2, "UTF-8",
                          "UTF-16LE", NULL, NULL, NULL);
      g_assert_nonnull (narrow);
      g_string_assign (exchange->out, narrow);
      g_free (narrow);
      given = form_of (exchange);
      g_assert_cmpstr (given, ==, expected);
    }
}

/* Whoever hasn't signed in gets Identify and nothing else, whatever the listener thought. */
static void
test_anonymous (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (1);
  g_autoptr (WsmanExchange) known
      = post (host, "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>"
                    "<i:Identify xmlns:i='http://schemas.dmtf.org/wbem/wsman/identity/1/"
                    "wsmanidentity.xsd'/></s:Body></s:Envelope>");
  g_autofree char *context = open_context (host, "");
  g_autoptr (WsmanExchange) get = NULL, pull = NULL, identify = NULL;

  host->caller->is_authenticated = FALSE;
  get = post (host, ENVELOPE GET);
  pull = post (host, ENVELOPE PULL, 512000u, context, "");
  identify = post (host, "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>"
                         "<i:Identify xmlns:i='http://schemas.dmtf.org/wbem/wsman/identity/1/"
                         "wsmanidentity.xsd'/></s:Body></s:Envelope>");
  g_assert_nonnull (strstr (get->out->str, "w:AccessDenied"));
  g_assert_null (strstr (get->out->str, HOST_VM));
  g_assert_nonnull (strstr (pull->out->str, "w:AccessDenied"));
  g_assert_cmpuint (identify->status, ==, 200);
  g_assert_nonnull (strstr (identify->out->str, "<wsmid:ProductVersion></"));
  g_assert_nonnull (strstr (known->out->str, "<wsmid:ProductVersion>1.0</"));
}

/* Another user's context is as unknown as one that never was. */
static void
test_context_of_another (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (3);
  g_autofree char *context = open_context (host, "");
  g_autoptr (WsmanExchange) stolen = NULL, own = NULL;

  g_free (host->caller->name);
  host->caller->name = g_strdup ("mallory");
  stolen = post (host, ENVELOPE PULL, 512000u, context, "");
  g_assert_nonnull (strstr (stolen->out->str, "n:InvalidEnumerationContext"));
  g_free (host->caller->name);
  host->caller->name = g_strdup ("");
  own = post (host, ENVELOPE PULL, 512000u, context, "");
  g_assert_cmpuint (own->status, ==, 200);
}

/* What must wait elsewhere says so, and when there is no room it is refused; its context stays. */
static void
test_overload (void)
{
  g_autoptr (WsmanHost) host = wsman_host_new (300);
  g_autofree char *context = open_context (host, "");
  g_autofree char *message
      = g_strdup_printf (ENVELOPE PULL, 512000u, context, "<n:MaxElements>250</n:MaxElements>");
  const WsmanPost posted = {
    .bytes = message, .length_bytes = strlen (message), .caller = host->caller, .request_id = "1"
  };
  WsmanExchange *exchange = wsman_exchange_new (&host->server, &posted);
  g_autoptr (WsmanExchange) again = NULL;

  g_assert_false (exchange->is_quick);
  wsman_exchange_refuse (exchange);
  g_assert_cmpuint (exchange->status, ==, 500);
  g_assert_nonnull (strstr (exchange->out->str, "w:QuotaLimit"));
  wsman_exchange_free (exchange);
  again = wsman_host_post (host, message, strlen (message));
  g_assert_cmpuint (again->status, ==, 200);
}

static void
test_durations (void)
{
  static const struct
  {
    const char *text;
    int64_t ms; /* -1: it isn't one */
  } rows[] = {
    { "PT60.000S", 60000 },
    { "PT1M30S", 90000 },
    { "P0DT0H5M0S", 300000 },
    { "P1D", 86400000 },
    { "P1M", INT64_C (30) * 86400000 },
    { "PT1M", 60000 },
    { "-PT5S", 0 },
    { "P99999Y", WSMAN_DURATION_MAX_MS },
    { "PT1e99S", -1 },
    { "PTinfS", -1 },
    { "PT5", -1 },
    { "PT", -1 },
    { "P", -1 },
    { "", -1 },
    { "PT1S1M", -1 },
    { "P1S", -1 },
    { "60", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      int64_t ms = -1;

      g_test_message ("%s", rows[i].text);
      g_assert_true (wsman_duration_parse (rows[i].text, &ms) == (rows[i].ms >= 0));
      if (rows[i].ms >= 0)
        g_assert_cmpint (ms, ==, rows[i].ms);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wsman/golden", test_golden);
  g_test_add_func ("/wsman/envelope-sizes", test_envelope_sizes);
  g_test_add_func ("/wsman/item-too-large", test_item_too_large);
  g_test_add_func ("/wsman/utf16", test_utf16);
  g_test_add_func ("/wsman/anonymous", test_anonymous);
  g_test_add_func ("/wsman/context-of-another", test_context_of_another);
  g_test_add_func ("/wsman/overload", test_overload);
  g_test_add_func ("/wsman/durations", test_durations);
  return g_test_run ();
}
