/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes libxml2's tree of the domain. */
#include "data/definition.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "data/file.h"

#define TEXT(text) ((const xmlChar *)(text))

static gboolean
is_element (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *)node->name, name) == 0;
}

static xmlNode *
find_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
    if (is_element (child, name))
      return child;
  return NULL;
}

static xmlNode *
get_child (xmlNode *parent, const char *name)
{
  xmlNode *child = find_child (parent, name);

  return child ? child : xmlNewChild (parent, NULL, TEXT (name), NULL);
}

static void
remove_child (xmlNode *parent, const char *name)
{
  xmlNode *child;

  while ((child = find_child (parent, name)))
    {
      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
}

/* What stood in it was of the old place: its slices, its labels, its network. */
static void
empty_out (xmlNode *node)
{
  xmlNodeSetContent (node, NULL);
  while (node->properties)
    xmlRemoveProp (node->properties);
}

static gboolean
set (xmlNode *node, const char *name, const char *value)
{
  xmlChar *found;
  gboolean ok;

  if (!node || !xmlSetProp (node, TEXT (name), TEXT (value)))
    return FALSE;
  /* Without memory libxml2 may have set half of it. */
  found = xmlGetNoNsProp (node, TEXT (name));
  ok = found && strcmp ((const char *)found, value) == 0;
  xmlFree (found);
  return ok;
}

static gboolean
set_disk (xmlNode *disk, const char *path)
{
  xmlNode *driver = get_child (disk, "driver");
  xmlNode *source = get_child (disk, "source");

  if (!driver || !source)
    return FALSE;
  empty_out (source);
  remove_child (disk, "backingStore");
  remove_child (disk, "mirror");
  return set (disk, "type", "file") && set (driver, "name", "qemu") && set (driver, "type", "qcow2")
         && set (source, "file", path);
}

static gboolean
set_disks (xmlNode *root, const char *directory, const GPtrArray *targets)
{
  const xmlNode *devices = find_child (root, "devices");
  gboolean ok = TRUE;

  for (xmlNode *disk = devices ? devices->children : NULL; ok && disk; disk = disk->next)
    {
      xmlNode *target = is_element (disk, "disk") ? find_child (disk, "target") : NULL;
      xmlChar *name = target ? xmlGetNoNsProp (target, TEXT ("dev")) : NULL;

      for (guint i = 0; ok && name && i < targets->len; i++)
        if (strcmp ((const char *)name, targets->pdata[i]) == 0)
          {
            g_autofree char *path = g_strdup_printf ("%s/%s.qcow2", directory, (const char *)name);

            ok = set_disk (disk, path);
          }
      xmlFree (name);
    }
  return ok;
}

/* <nvram>PATH</nvram>, or in newer domains <nvram type='file'><source file='PATH'/></nvram>. */
static gboolean
set_nvram (xmlNode *root, const char *path)
{
  xmlNode *os = find_child (root, "os");
  xmlNode *nvram = os ? get_child (os, "nvram") : NULL;
  xmlNode *source = find_child (nvram, "source");

  if (source)
    {
      empty_out (source);
      return set (nvram, "type", "file") && set (source, "file", path);
    }
  if (!nvram)
    return os == NULL;
  xmlNodeSetContent (nvram, NULL);
  xmlNodeAddContent (nvram, TEXT (path));
  return nvram->children != NULL;
}

/* libxml2 prints to stderr otherwise, in spite of the options, when memory is out. */
static void
ignore_error (void *unused, xmlError *error)
{
}

static xmlDoc *
parse (const char *xml, size_t n_bytes)
{
  /* Without XML_PARSE_HUGE libxml2 has limits of its own, of depth for one. */
  return xmlReadMemory (xml, (int)n_bytes, NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* NULL when there is no memory for it, which libxml2 may tell by leaving out the rest. */
static char *
write_out (xmlDoc *document, size_t *size_bytes)
{
  xmlChar *made = NULL;
  xmlDoc *again;
  int size = 0;
  char *copy;

  xmlDocDumpMemory (document, &made, &size);
  copy = made ? g_strndup ((const char *)made, (gsize)size) : NULL;
  *size_bytes = (size_t)size;
  xmlFree (made);
  again = copy ? parse (copy, *size_bytes) : NULL;
  if (!again)
    g_clear_pointer (&copy, g_free);
  xmlFreeDoc (again);
  return copy;
}

static void
fail_memory (const char *path, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
               "no memory to change '%s'; end other programs and try again", path);
}

static gboolean
is_out_of_memory (void)
{
  const xmlError *last = xmlGetLastError ();

  return last && last->code == XML_ERR_NO_MEMORY;
}

static char *
rewrite (const char *xml, size_t n_bytes, const char *path, const char *directory,
         const GPtrArray *targets, const char *nvram, size_t *size_bytes, GError **error)
{
  xmlDoc *document = parse (xml, n_bytes);
  xmlNode *root = document ? xmlDocGetRootElement (document) : NULL;
  char *made = NULL;

  if (!document && is_out_of_memory ())
    fail_memory (path, error);
  else if (!root || !is_element (root, "domain") || document->intSubset)
    cairn_data_refuse (error, "file '%s' isn't a domain's XML; use another backup", path);
  else
    {
      if (set_disks (root, directory, targets) && (!nvram || set_nvram (root, nvram)))
        made = write_out (document, size_bytes);
      if (!made)
        fail_memory (path, error);
    }
  xmlFreeDoc (document);
  return made;
}

char *
cairn_definition_rewrite (const char *xml, size_t n_bytes, const char *path, const char *directory,
                          const GPtrArray *targets, const char *nvram, size_t *size_bytes,
                          GError **error)
{
  xmlStructuredErrorFunc before = xmlStructuredError;
  void *context = xmlStructuredErrorContext;
  char *made;

  xmlSetStructuredErrorFunc (NULL, ignore_error);
  made = rewrite (xml, n_bytes, path, directory, targets, nvram, size_bytes, error);
  xmlSetStructuredErrorFunc (context, before);
  return made;
}
