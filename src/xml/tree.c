/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks into a parsed document. */
#include "xml/xml.h"

#include <string.h>

gboolean
cairn_xml_is (const CairnXmlNode *node, const char *ns, const char *name)
{
  return strcmp (node->name, name) == 0 && (!ns || strcmp (node->ns, ns) == 0);
}

static CairnXmlNode *
find (CairnXmlNode *node, const char *ns, const char *name)
{
  while (node && !cairn_xml_is (node, ns, name))
    node = node->next;
  return node;
}

CairnXmlNode *
cairn_xml_child (const CairnXmlNode *node, const char *ns, const char *name)
{
  return find (node->children, ns, name);
}

CairnXmlNode *
cairn_xml_next (const CairnXmlNode *after, const char *ns, const char *name)
{
  return find (after->next, ns, name);
}

const char *
cairn_xml_attribute (const CairnXmlNode *node, const char *ns, const char *name)
{
  for (const CairnXmlAttribute *one = node->attributes; one; one = one->next)
    if (strcmp (one->name, name) == 0 && (!ns || strcmp (one->ns, ns) == 0))
      return one->value;
  return NULL;
}

const char *
cairn_xml_trimmed (CairnXmlDocument *document, const CairnXmlNode *node)
{
  static const char white[] = " \t\r\n";
  const char *start = node->text + strspn (node->text, white);
  size_t length = strlen (start);

  if (length == 0 || !strchr (white, start[length - 1]))
    return start;
  while (strchr (white, start[length - 1]))
    length--;
  return cairn_arena_strndup (&document->arena, start, length);
}
