/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks through libvirt's XML. */
#include "tracker/libvirt/node.h"

#include <cairn/error.h>
#include <libxml/parser.h>
#include <string.h>

xmlDoc *
cairn_libvirt_document_parse (const char *xml, const char *root)
{
  xmlDoc *document = xmlReadMemory (xml, (int)strlen (xml), NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlNode *found = document ? xmlDocGetRootElement (document) : NULL;

  if (found && cairn_libvirt_node_is (found, root))
    return document;
  if (document)
    xmlFreeDoc (document);
  return NULL;
}

xmlDoc *
cairn_libvirt_domain_parse (const char *xml, GError **error)
{
  xmlDoc *document = cairn_libvirt_document_parse (xml, "domain");

  if (document)
    return document;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "libvirt's description of a domain can't be understood; check that its "
                       "version is at least 9.0");
  return NULL;
}

gboolean
cairn_libvirt_node_is (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *)node->name, name) == 0;
}

xmlNode *
cairn_libvirt_node_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
    if (cairn_libvirt_node_is (child, name))
      return child;
  return NULL;
}

char *
cairn_libvirt_node_attribute (xmlNode *node, const char *name)
{
  xmlChar *value = node ? xmlGetNoNsProp (node, (const xmlChar *)name) : NULL;
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}

char *
cairn_libvirt_node_text (xmlNode *node)
{
  xmlChar *value = node ? xmlNodeGetContent (node) : NULL;
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}

char *
cairn_libvirt_or_empty (char *text)
{
  return text ? text : g_strdup ("");
}
