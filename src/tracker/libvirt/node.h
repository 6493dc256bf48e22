/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* node.h: walking through libvirt's XML. Texts are copies, the caller's. */
#ifndef CAIRN_LIBVIRT_NODE_H
#define CAIRN_LIBVIRT_NODE_H

#include <glib.h>
#include <libxml/tree.h>

/* XML with the root element ROOT, which the caller frees with xmlFreeDoc; NULL when it isn't that.
 */
xmlDoc *cairn_libvirt_document_parse (const char *xml, const char *root);

/* The same of a domain's XML; FAILED when it isn't one. */
xmlDoc *cairn_libvirt_domain_parse (const char *xml, GError **error);

/* Whether NODE is an element of that name. */
gboolean cairn_libvirt_node_is (const xmlNode *node, const char *name);

/* The first child element of that name; NULL when PARENT is NULL or has none. */
xmlNode *cairn_libvirt_node_child (const xmlNode *parent, const char *name);

/* An attribute, or all text; NULL when NODE is NULL or lacks it. */
char *cairn_libvirt_node_attribute (xmlNode *node, const char *name);
char *cairn_libvirt_node_text (xmlNode *node);

/* TEXT, or "" for NULL. */
char *cairn_libvirt_or_empty (char *text);

#endif
