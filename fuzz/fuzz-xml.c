/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-xml.c: any bytes as an XML document. What it must not do: crash, hang, or give what isn't
 * UTF-8. Every text, escaped, is read as the same again.
 */
#include <glib.h>
#include <string.h>

#include "target.h"
#include "xml/xml.h"

static void
check_text (const char *text)
{
  g_autoptr (GString) again = g_string_new ("<a>");
  g_autoptr (CairnXmlDocument) document = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    __builtin_trap ();
  cairn_xml_append_escaped (again, text);
  g_string_append (again, "</a>");
  if (again->len > CAIRN_XML_BYTES_MAX)
    return;
  document = cairn_xml_parse (again->str, again->len, NULL);
  if (!document || strcmp (document->root->text, text) != 0)
    __builtin_trap ();
}

static void
check_node (CairnXmlDocument *document, const CairnXmlNode *node, guint depth)
{
  if (depth > CAIRN_XML_DEPTH_MAX || !g_utf8_validate (node->name, -1, NULL)
      || !g_utf8_validate (node->ns, -1, NULL))
    __builtin_trap ();
  check_text (node->text);
  cairn_xml_trimmed (document, node);
  for (const CairnXmlAttribute *one = node->attributes; one; one = one->next)
    check_text (one->value);
  for (const CairnXmlNode *child = node->children; child; child = child->next)
    {
      if (child->parent != node)
        __builtin_trap ();
      check_node (document, child, depth + 1);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnXmlDocument) document = cairn_xml_parse ((const char *)bytes, size, &error);

  if (!document != !!error)
    __builtin_trap ();
  if (document)
    check_node (document, document->root, 1);
  return 0;
}
