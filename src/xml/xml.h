/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xml.h: XML from outside, parsed into a small tree within limits; and text escaped for XML.
 *
 * libxml2's SAX parser does the reading. Refused: any DTD, entities but the five, more than one
 * root, nesting, nodes, attributes or bytes beyond the limits. UTF-8, and UTF-16 with a byte order
 * mark or a declaration. Nothing is fetched. Comments and processing instructions are dropped. Two
 * documents can be parsed at the same time by two threads.
 */
#ifndef CAIRN_XML_H
#define CAIRN_XML_H

#include "arena/arena.h"

/* Of one document. A message with an embedded instance and 1,000 disks has some 10,000 nodes. */
#define CAIRN_XML_BYTES_MAX      (1u << 20)
#define CAIRN_XML_NODES_MAX      50000
#define CAIRN_XML_DEPTH_MAX      64
#define CAIRN_XML_ATTRIBUTES_MAX 64  /* of one element, namespace declarations included */
#define CAIRN_XML_NAMESPACES_MAX 256 /* in scope at once: looking one up takes as long */

typedef struct CairnXmlAttribute CairnXmlAttribute;
typedef struct CairnXmlNode CairnXmlNode;

struct CairnXmlAttribute
{
  const char *ns; /* URI; "" = none */
  const char *name;
  const char *value;
  CairnXmlAttribute *next;
};

/* An element. What isn't there is NULL, or "" for text. */
struct CairnXmlNode
{
  const char *ns; /* URI; "" = none */
  const char *name;
  const char *text; /* all character data directly in it, joined, CDATA included; not trimmed */
  CairnXmlAttribute *attributes;
  CairnXmlNode *parent, *children, *next;
};

typedef struct
{
  CairnArena arena;
  CairnXmlNode *root;
} CairnXmlDocument;

/* CAIRN_ERROR_INVALID_PARAMETER: what is wrong and where (line and column). Never NULL
 * without. */
CairnXmlDocument *cairn_xml_parse (const char *bytes, size_t length_bytes, GError **error);
void cairn_xml_document_free (CairnXmlDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnXmlDocument, cairn_xml_document_free)

/* The first child, or the next sibling of AFTER, of that namespace and name. NULL as NS: any. */
CairnXmlNode *cairn_xml_child (const CairnXmlNode *node, const char *ns, const char *name);
CairnXmlNode *cairn_xml_next (const CairnXmlNode *after, const char *ns, const char *name);
gboolean cairn_xml_is (const CairnXmlNode *node, const char *ns, const char *name);

/* The value of an attribute, NULL when it isn't there. NULL as NS: of any. */
const char *cairn_xml_attribute (const CairnXmlNode *node, const char *ns, const char *name);

/* The text without white space around it, in the document's arena. */
const char *cairn_xml_trimmed (CairnXmlDocument *document, const CairnXmlNode *node);

/* Appends TEXT with & < > " escaped; characters that XML 1.0 hasn't (and what isn't UTF-8) become
 * U+FFFD. The same for attribute values and content. */
void cairn_xml_append_escaped (GString *out, const char *text);

#endif
