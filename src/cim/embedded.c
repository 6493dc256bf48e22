/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances as texts: which form it is, and the two in XML. */
#include "cim/embedded.h"

#include <string.h>

#include "cim/embedded-mof.h"
#include "cim/error.h"
#include "cim/xmlform.h"

static CimInstance *
refuse (GError **error, const char *reason)
{
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
               "The embedded instance can't be read: %s", reason);
  return NULL;
}

/* What the class that the text names must be, in that one's namespace. */
typedef struct
{
  const CimSchema *schema;
  const CimClass *class;
} Wanted;

static CimInstance *
make (gconstpointer user, const char *class_name, GError **error)
{
  static const unsigned namespaces[] = { CIM_IN_VIRTUALIZATION, CIM_IN_CIMV2 };
  const Wanted *wanted = user;

  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    {
      const CimClass *class = cim_schema_find (wanted->schema, namespaces[i], class_name);

      if (class && cim_class_is_a (class, wanted->class))
        return cim_instance_new (class);
    }
  g_set_error (
      error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
      "The embedded instance is of class '%.100s', and must be of %s or one derived from it",
      class_name, wanted->class->name);
  return NULL;
}

/* ---- in front of the element ---- */

static const char *
skip_white (const char *at)
{
  return at + strspn (at, " \t\r\n");
}

/* Behind the next END after AT; NULL: there is none. */
static const char *
skip_past (const char *at, const char *end)
{
  const char *found = strstr (at, end);

  return found ? found + strlen (end) : NULL;
}

/* Behind a document type declaration at AT, of which nothing is taken in. NULL: it doesn't end. */
static const char *
skip_doctype (const char *at)
{
  gboolean in_subset = FALSE;

  while (at && *at && (in_subset || *at != '>'))
    {
      if (g_str_has_prefix (at, "<!--"))
        at = skip_past (at + 4, "-->");
      else if (*at == '"' || *at == '\'')
        at = skip_past (at + 1, *at == '"' ? "\"" : "'");
      else
        {
          in_subset = in_subset ? *at != ']' : *at == '[';
          at++;
        }
    }
  return at && *at ? at + 1 : NULL;
}

/* To the element: past the XML declaration (the text is UTF-8 now, whatever that says), comments,
 * processing instructions and the DOCTYPE. NULL: one of them doesn't end. */
static const char *
skip_prolog (const char *at)
{
  for (at = skip_white (at); at; at = at ? skip_white (at) : NULL)
    if (g_str_has_prefix (at, "<?"))
      at = skip_past (at + 2, "?>");
    else if (g_str_has_prefix (at, "<!--"))
      at = skip_past (at + 4, "-->");
    else if (g_str_has_prefix (at, "<!DOCTYPE"))
      at = skip_doctype (at);
    else
      break;
  return at;
}

/* ---- XML ---- */

/* The INSTANCEs in NODE and what may be wrapped around them, counted; *FOUND is the first. How deep
 * it goes is limited by the XML's depth. */
static guint
find_instances (const CairnXmlNode *node, const CairnXmlNode **found)
{
  static const char *const wrappers[] = { "CIM",
                                          "DECLARATION",
                                          "DECLGROUP",
                                          "DECLGROUP.WITHNAME",
                                          "DECLGROUP.WITHPATH",
                                          "VALUE.OBJECT",
                                          "VALUE.NAMEDOBJECT",
                                          "VALUE.OBJECTWITHPATH",
                                          "VALUE.OBJECTWITHLOCALPATH",
                                          "VALUE.NAMEDINSTANCE",
                                          "VALUE.INSTANCEWITHPATH",
                                          NULL };
  guint n = 0;

  if (cairn_xml_is (node, NULL, "INSTANCE"))
    {
      if (!*found)
        *found = node;
      return 1;
    }
  if (!g_strv_contains (wrappers, node->name))
    return 0;
  for (const CairnXmlNode *child = node->children; child; child = child->next)
    n += find_instances (child, found);
  return n;
}

static CimInstance *
parse_xml (const Wanted *wanted, const char *text, GError **error)
{
  const char *element = skip_prolog (text);
  g_autoptr (CairnXmlDocument) document = NULL;
  g_autoptr (CimInstance) instance = NULL;
  const CairnXmlNode *node = NULL;
  const char *class_name;
  g_autoptr (GError) xml_error = NULL;

  if (!element)
    return refuse (error, "what stands in front of its element doesn't end");
  document = cairn_xml_parse (element, strlen (element), &xml_error);
  if (!document)
    return refuse (error, xml_error->message);
  if (find_instances (document->root, &node) != 1)
    return refuse (error, "it must have exactly one INSTANCE");
  class_name = cairn_xml_attribute (node, NULL, "CLASSNAME");
  if (!class_name)
    return refuse (error, "its INSTANCE has no CLASSNAME");
  instance = make (wanted, class_name, error);
  if (!instance || !cim_xml_read_instance (instance, node, error))
    return NULL;
  return g_steal_pointer (&instance);
}

CimInstance *
cim_embedded_parse (const CimSchema *schema, const CimClass *class, const char *text,
                    GError **error)
{
  const Wanted wanted = { schema, class };
  const size_t length = strlen (text);

  if (length > CIM_EMBEDDED_BYTES_MAX)
    return refuse (error, "it is longer than 256 KiB");
  if (!g_utf8_validate (text, (gssize)length, NULL))
    return refuse (error, "it is not valid UTF-8");
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    text += 3;
  text = skip_white (text);
  if (*text == '\0')
    return refuse (error, "it is empty; give an INSTANCE in CIM-XML, or MOF text");
  return *text == '<' ? parse_xml (&wanted, text, error)
                      : cim_mof_parse (text, make, &wanted, error);
}

void
cim_embedded_append (GString *out, const CimInstance *instance)
{
  cim_xml_append_instance (out, instance, NULL, 0, NULL);
}
