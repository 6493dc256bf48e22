/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML from outside: what is read, what is refused and how soon; and text escaped for XML. */
#include <cairn/error.h>
#include <string.h>

#include "xml/xml.h"

static CairnXmlDocument *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  CairnXmlDocument *document = cairn_xml_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (document);
  return document;
}

static void
assert_refused_bytes (const char *bytes, gsize length, const char *reason)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  g_assert_null (cairn_xml_parse (bytes, length, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER);
  if (!strstr (error->message, reason))
    g_error ("expected '%s' in: %s", reason, error->message);
  g_assert_null (strchr (error->message, '\n'));
  /* Ten times as long as it takes with sanitizers; what grows with the square takes minutes. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
}

static void
assert_refused (const char *text, const char *reason)
{
  assert_refused_bytes (text, strlen (text), reason);
}

/* HEAD, then N times PIECE (a %u in it is counted), then TAIL. */
static char *
repeat (const char *head, const char *piece, guint n, const char *tail)
{
  GString *text = g_string_new (head);
  const char *place = strstr (piece, "%u");

  for (guint i = 0; i < n; i++)
    if (place)
      g_string_append_printf (text, "%.*s%u%s", (int)(place - piece), piece, i, place + 2);
    else
      g_string_append (text, piece);
  g_string_append (text, tail);
  return g_string_free (text, FALSE);
}

static void
test_tree (void)
{
  g_autoptr (CairnXmlDocument) document
      = parse ("<?xml version='1.0' encoding='utf-8'?><!-- c --><s:E xmlns:s='urn:s' xmlns='urn:d'>"
               "a<p s:x='1' x='&lt;2&#x41;'> b </p><![CDATA[<c>]]><?pi x?>"
               "<p/>&amp;<n xmlns=''>\xc3\xa4</n></s:E>");
  const CairnXmlNode *root = document->root;
  const CairnXmlNode *p = cairn_xml_child (root, "urn:d", "p");

  g_assert_true (cairn_xml_is (root, "urn:s", "E"));
  g_assert_false (cairn_xml_is (root, "urn:d", "E"));
  g_assert_cmpstr (root->text, ==, "a<c>&");
  g_assert_cmpstr (p->text, ==, " b ");
  g_assert_cmpstr (cairn_xml_trimmed (document, p), ==, "b");
  g_assert_cmpstr (cairn_xml_attribute (p, "urn:s", "x"), ==, "1");
  g_assert_cmpstr (cairn_xml_attribute (p, "", "x"), ==, "<2A");
  g_assert_null (cairn_xml_attribute (p, NULL, "y"));
  p = cairn_xml_next (p, NULL, "p");
  g_assert_true (p && p->parent == root && !p->children && !cairn_xml_next (p, NULL, "p"));
  g_assert_cmpstr (cairn_xml_child (root, "", "n")->text, ==, "\xc3\xa4");
}

static void
assert_utf16 (const char *text, gboolean is_big, gboolean has_mark)
{
  g_autofree char *marked = g_strconcat (has_mark ? "\xef\xbb\xbf" : "", text, NULL);
  gsize length = 0;
  g_autofree char *bytes
      = g_convert (marked, -1, is_big ? "UTF-16BE" : "UTF-16LE", "UTF-8", NULL, &length, NULL);
  /* At an odd address. */
  g_autofree char *moved = g_malloc (length + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnXmlDocument) document = NULL;

  memcpy (moved + 1, bytes, length);
  document = cairn_xml_parse (moved + 1, length, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (document->root->text, ==, "\xc3\xa4\xf0\x9f\x98\x80");
  assert_refused_bytes (bytes, length - 1, "UTF-16");
}

static void
test_encodings (void)
{
  static const char text[]
      = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>\xc3\xa4\xf0\x9f\x98\x80</a>";
  g_autoptr (CairnXmlDocument) marked = parse ("\xef\xbb\xbf<a/>");
  g_autoptr (CairnXmlDocument) converted = parse (text); /* on its way, by whoever sent it */

  g_assert_cmpstr (converted->root->text, ==, "\xc3\xa4\xf0\x9f\x98\x80");
  for (int i = 0; i < 4; i++)
    assert_utf16 (text, i & 1, i & 2);
  assert_refused_bytes ("\xff\xfe<\0a\0>\0\0\xd8<\0/\0a\0>\0", 16, "UTF-16"); /* half a pair */
  assert_refused_bytes ("\xff\xfe<\0\0\0", 6, "UTF-16");
  assert_refused ("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", "UTF-8");
  assert_refused ("<?xml version='1.0' encoding='UTF-7'?><a/>", "UTF-8");
  /* <?xml version='1.0'?><a/> in EBCDIC */
  assert_refused ("\x4c\x6f\xa7\x94\x93\x40\xa5\x85\x99\xa2\x89\x96\x95\x7e\x7d\xf1\x4b\xf0\x7d\x6f"
                  "\x6e\x4c\x81\x61\x6e",
                  "UTF-8");
  assert_refused ("<a>\xe4</a>", "UTF-8");
  assert_refused ("<a b='\xed\xa0\x80'/>", "line 1"); /* a surrogate */
  assert_refused ("<a>\xc0\xbc</a>", "line 1");
  assert_refused_bytes ("<a>\0</a>", 8, "NUL");
}

static void
test_ill_formed (void)
{
  static const char *const texts[] = {
    "",
    " ",
    "x",
    "<",
    "<a",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a/>x",
    "<a b=1/>",
    "<a b/>",
    "<a b='<'/>",
    "<a>&x;</a>",
    "<a>&#0;</a>",
    "<a>\1</a>",
    "<p:a/>",
    "<a p:b='1'/>",
    "<a>]]></a>",
    "<a b='1' b='2'/>",
    "<a>&#xfffe;</a>",
    "<a><![CDATA[</a>",
    "<a><!-- </a>",
    "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
    "<a xmlns:p=''><p:b/></a>",
    "<a><?xml version='1.0'?></a>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], "can't be read: ");
  assert_refused ("<a>\n  <b></c></a>", "line 2, column ");
}

/* Nothing is fetched, defined or expanded. */
static void
test_doctype (void)
{
  assert_refused ("<!DOCTYPE a><a/>", "document type");
  assert_refused ("<!DOCTYPE z [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><z>&x;</z>",
                  "document type");
  assert_refused ("<!DOCTYPE z SYSTEM 'http://127.0.0.1:9/z.dtd' [<!ATTLIST z b CDATA 'c'>]><z/>",
                  "document type");
  assert_refused ("<!DOCTYPE z [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>"
                  "<!ENTITY c '&b;&b;&b;&b;&b;&b;'>]><z>&c;&c;&c;</z>",
                  "document type");
}

static void
test_floods (void)
{
  g_autofree char *open = repeat ("", "<a>", 300000, "");
  g_autofree char *deep = repeat ("<a>", "<a>", CAIRN_XML_DEPTH_MAX, "");
  g_autofree char *nodes = repeat ("<a>", "<b/>", CAIRN_XML_NODES_MAX, "</a>");
  g_autofree char *attributes = repeat ("<a ", "b%u='' ", 100000, "/>");
  g_autofree char *hidden = repeat ("<a x='>' ", "b%u = \"'\" ", 50000, "/>");
  g_autofree char *declared = repeat ("<a ", "xmlns:n%u='u' ", 50000, "/>");
  g_autofree char *scopes
      = repeat ("", "<a xmlns:n%u='u' xmlns:a='u' xmlns:b='u' xmlns:c='u' xmlns:d='u'>", 60, "");
  g_autofree char *wrong = repeat ("<a>", "<", 1000000, "</a>"); /* each is an error */
  g_autofree char *large = repeat ("<a>", "0123456789abcdef", 70000, "</a>");

  assert_refused (open, "nested");
  assert_refused (deep, "nested");
  assert_refused (nodes, "50000 elements");
  assert_refused (attributes, "64 attributes");
  assert_refused (hidden, "64 attributes");
  assert_refused (declared, "64 attributes");
  assert_refused (scopes, "256 namespaces");
  assert_refused (large, "1 MiB");
  assert_refused (wrong, "line 1, column 5: ");
}

/* What is within the limits is read, and texts between many elements don't take their square. */
static void
test_limits_reached (void)
{
  g_autofree char *head = repeat ("", "<a>", CAIRN_XML_DEPTH_MAX - 1, "<b");
  g_autofree char *tail = repeat ("/>", "</a>", CAIRN_XML_DEPTH_MAX - 1, "");
  g_autofree char *full = repeat (head, " c%u='='", CAIRN_XML_ATTRIBUTES_MAX, tail);
  g_autofree char *mixed = repeat ("<a>", "01234<b/>&#x20;", CAIRN_XML_NODES_MAX - 1, "</a>");
  g_autofree char *equals = repeat ("<a>", "b = 1; ", 1000, "</a>");
  g_autoptr (CairnXmlDocument) one = parse (full);
  g_autoptr (CairnXmlDocument) two = parse (mixed);
  g_autofree char *wide = repeat ("<a b='", "\xe2\x82\xac", 50000, "'>x");
  g_autofree char *wider = repeat (wide, "\xf0\x9f\x98\x80", 50000, "</a>");
  g_autoptr (CairnXmlDocument) three = parse (equals);
  g_autoptr (CairnXmlDocument) four = parse (wider);

  g_assert_cmpuint (strlen (two->root->text), ==, 6 * (CAIRN_XML_NODES_MAX - 1));
  g_assert_cmpuint (strlen (three->root->text), ==, 7000);
  g_assert_cmpuint (strlen (four->root->attributes->value), ==, 150000);
  g_assert_true (memcmp (four->root->text, strchr (wider, 'x'), 200001) == 0);
}

/* A parser is kept by its thread: what it read before doesn't show. */
static gpointer
parse_often (gpointer user)
{
  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *text
          = g_strdup_printf ("<n%d xmlns='urn:%d'><b c='%d'/>t</n%d>", i, i, i, i);
      g_autoptr (CairnXmlDocument) document = NULL;

      if (i % 3 == 0)
        assert_refused (i % 2 ? "<n0 xmlns='urn:x'>t<b>" : "<!DOCTYPE a [<!ENTITY n0 'x'>]><a/>",
                        "line 1");
      document = parse (text);
      g_assert_true (g_str_has_prefix (document->root->ns, "urn:"));
      g_assert_cmpint (atoi (document->root->ns + 4), ==, i);
      g_assert_cmpstr (document->root->text, ==, "t");
      g_assert_cmpint (atoi (document->root->children->attributes->value), ==, i);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("parse", parse_often, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* Cut off at any byte, it is refused and nothing worse. */
static void
test_truncated (void)
{
  static const char text[]
      = "<?xml version='1.0'?><s:a xmlns:s='urn:s'><b c='&amp;'><![CDATA[x]]></b>\xc3\xa4<!-- y -->"
        "</s:a>";

  for (gsize n = 0; n < sizeof text - 1; n++)
    {
      g_autofree char *head = g_strndup (text, n); /* so that a sanitizer sees the end */

      assert_refused_bytes (head, n, "can't be read");
    }
}

static void
assert_escaped (const char *text, const char *expected)
{
  g_autoptr (GString) out = g_string_new ("x");

  cairn_xml_append_escaped (out, text);
  g_assert_cmpstr (out->str + 1, ==, expected);
}

static void
test_escaped (void)
{
  g_autoptr (GString) all = g_string_new ("<a b=\"");
  g_autoptr (CairnXmlDocument) document = NULL;

  assert_escaped ("", "");
  assert_escaped ("plain", "plain");
  assert_escaped ("<&>\"'", "&lt;&amp;&gt;&quot;'");
  assert_escaped ("\xc3\xa4\xf0\x9f\x98\x80&", "\xc3\xa4\xf0\x9f\x98\x80&amp;");
  assert_escaped ("a\1b\x1f\r\n\t", "a\xef\xbf\xbd"
                                    "b\xef\xbf\xbd&#13;\n\t");
  assert_escaped ("\xe4x\xc3", "\xef\xbf\xbdx\xef\xbf\xbd");
  assert_escaped ("\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* U+FFFE */
  /* Any bytes make a document. */
  for (int c = 255; c > 0; c--)
    cairn_xml_append_escaped (all, (const char[]){ (char)c, 0 });
  g_string_append (all, "\"/>");
  document = parse (all->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/tree", test_tree);
  g_test_add_func ("/xml/encodings", test_encodings);
  g_test_add_func ("/xml/ill-formed", test_ill_formed);
  g_test_add_func ("/xml/doctype", test_doctype);
  g_test_add_func ("/xml/floods", test_floods);
  g_test_add_func ("/xml/limits-reached", test_limits_reached);
  g_test_add_func ("/xml/threads", test_threads);
  g_test_add_func ("/xml/truncated", test_truncated);
  g_test_add_func ("/xml/escaped", test_escaped);
  return g_test_run ();
}
