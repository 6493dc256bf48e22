/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxml2's SAX events -> a tree.
 *
 * Each thread keeps its parser and its buffers for the next document: making them anew would be
 * half of the time of a small one.
 */
#include <cairn/error.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "xml/input.h"
#include "xml/xml.h"

/* A parser remembers the names it has met, of all documents: past this it is made anew. */
#define DICTIONARY_BYTES_MAX (64u << 10)
#define KEPT_TEXT_BYTES_MAX  (64u << 10)

#define REASON_BYTES_MAX     200u

/* Namespaces of a message: a dozen. */
#define N_KNOWN_URIS 16u

typedef struct
{
  gsize text_start;         /* in Reader.text */
  CairnXmlNode *last_child; /* so far */
  guint n_namespaces;       /* declared by this element */
} Frame;

/* The state of one parse, and what outlives it. */
typedef struct
{
  xmlParserCtxt *parser;
  GString *text; /* of all open elements, the innermost's last: a child's is gone when it ends */

  const char *rest; /* of the document's text, still unread */
  size_t rest_bytes;
  CairnXmlDocument *document;
  CairnXmlNode *open; /* the innermost element */
  Frame frames[CAIRN_XML_DEPTH_MAX];
  guint depth;
  guint n_nodes;
  guint n_namespaces; /* in scope */
  guint n_uris;
  struct
  {
    const xmlChar *uri; /* of the parser's dictionary: the same URI, the same address */
    const char *copy;
  } uris[N_KNOWN_URIS];
  char *failure; /* NULL: none yet */
} Reader;

/* libxml2's reasons may have several lines, and any name of the document. */
static void
note_failure (Reader *reader, int line, int column, const char *reason)
{
  g_autofree char *short_one = NULL;

  if (reader->failure)
    return;
  short_one = g_utf8_make_valid (reason, (gssize)MIN (strlen (reason), REASON_BYTES_MAX));
  g_strstrip (g_strdelimit (short_one, "\n", ' '));
  reader->failure = g_strdup_printf ("line %d, column %d: %s", line, column, short_one);
}

/* Only for start tags and the DTD: elsewhere libxml2 doesn't expect the parser to be stopped. */
static void
stop (Reader *reader, const char *reason)
{
  const xmlParserInput *input = reader->parser->input;

  note_failure (reader, input ? input->line : 0, input ? input->col : 0, reason);
  xmlStopParser (reader->parser);
}

/* Errors of namespaces are no fatal ones to libxml2. What it takes for a URI is none of ours. */
static void
take_error (void *user, xmlError *error)
{
  if (error->level >= XML_ERR_ERROR && error->code != XML_WAR_NS_URI)
    note_failure (user, error->line, error->int2, error->message ? error->message : "error");
}

static void
take_doctype (void *user, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
  stop (user, "a document type declaration isn't accepted; leave it out");
}

/* A copy of URI in the arena. */
static const char *
copy_uri (Reader *reader, const xmlChar *uri)
{
  const char *copy;

  if (!uri)
    return "";
  for (guint i = 0; i < MIN (reader->n_uris, N_KNOWN_URIS); i++)
    if (reader->uris[i].uri == uri)
      return reader->uris[i].copy;
  copy = cairn_arena_strdup (&reader->document->arena, (const char *)uri);
  reader->uris[reader->n_uris % N_KNOWN_URIS].uri = uri;
  reader->uris[reader->n_uris++ % N_KNOWN_URIS].copy = copy;
  return copy;
}

/* ATTRIBUTES are five pointers each: name, prefix, URI, start and end of the value. */
static void
take_attributes (Reader *reader, CairnXmlNode *node, guint n, const xmlChar **attributes)
{
  CairnArena *arena = &reader->document->arena;
  CairnXmlAttribute **link = &node->attributes;

  for (guint i = 0; i < n; i++, attributes += 5)
    {
      CairnXmlAttribute *one = cairn_arena_alloc (arena, sizeof *one);

      one->ns = copy_uri (reader, attributes[2]);
      one->name = cairn_arena_strdup (arena, (const char *)attributes[0]);
      one->value = cairn_arena_strndup (arena, (const char *)attributes[3],
                                        (size_t)(attributes[4] - attributes[3]));
      *link = one;
      link = &one->next;
    }
}

/* The reason why an element with so many more namespaces can't be taken; NULL: it can. */
static const char *
find_excess (const Reader *reader, guint n_namespaces)
{
  if (reader->depth == CAIRN_XML_DEPTH_MAX)
    return "elements are nested more than " G_STRINGIFY (CAIRN_XML_DEPTH_MAX) " deep";
  if (reader->n_nodes == CAIRN_XML_NODES_MAX)
    return "there are more than " G_STRINGIFY (CAIRN_XML_NODES_MAX) " elements";
  if (reader->n_namespaces + n_namespaces > CAIRN_XML_NAMESPACES_MAX)
    return "more than " G_STRINGIFY (CAIRN_XML_NAMESPACES_MAX) " namespaces are in scope";
  return NULL;
}

static void
start_element (void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
               int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
               const xmlChar **attributes)
{
  Reader *reader = user;
  const char *excess = find_excess (reader, (guint)n_namespaces);
  CairnXmlNode *node;

  if (reader->failure)
    return;
  if (excess)
    {
      stop (reader, excess);
      return;
    }
  node = cairn_arena_alloc (&reader->document->arena, sizeof *node);
  node->ns = copy_uri (reader, uri);
  node->name = cairn_arena_strdup (&reader->document->arena, (const char *)name);
  node->text = "";
  node->parent = reader->open;
  take_attributes (reader, node, (guint)n_attributes, attributes);
  if (reader->depth == 0)
    reader->document->root = node;
  else
    {
      Frame *above = &reader->frames[reader->depth - 1];

      *(above->last_child ? &above->last_child->next : &node->parent->children) = node;
      above->last_child = node;
    }
  reader->frames[reader->depth++] = (Frame){ reader->text->len, NULL, (guint)n_namespaces };
  reader->n_namespaces += (guint)n_namespaces;
  reader->n_nodes++;
  reader->open = node;
}

static void
end_element (void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  Reader *reader = user;
  const Frame *frame;

  if (reader->failure)
    return;
  frame = &reader->frames[--reader->depth];
  if (reader->text->len > frame->text_start)
    {
      reader->open->text
          = cairn_arena_strndup (&reader->document->arena, reader->text->str + frame->text_start,
                                 reader->text->len - frame->text_start);
      g_string_truncate (reader->text, frame->text_start);
    }
  reader->n_namespaces -= frame->n_namespaces;
  reader->open = reader->open->parent;
}

static void
take_text (void *user, const xmlChar *text, int length)
{
  Reader *reader = user;

  if (!reader->failure && reader->open)
    g_string_append_len (reader->text, (const char *)text, length);
}

static xmlParserCtxt *
make_parser (Reader *reader)
{
  xmlParserCtxt *parser = xmlNewParserCtxt ();

  g_assert (parser);
  *parser->sax = (xmlSAXHandler){
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = take_doctype,
    .startElementNs = start_element,
    .endElementNs = end_element,
    .characters = take_text,
    .ignorableWhitespace = take_text, /* the same: libxml2 needn't find out which it is */
    .cdataBlock = take_text,
    .serror = take_error,
  };
  parser->userData = reader;
  return parser;
}

static void
free_reader (gpointer user)
{
  Reader *reader = user;

  xmlFreeParserCtxt (reader->parser);
  g_string_free (reader->text, TRUE);
  g_free (reader);
}

/* The thread's own. */
static Reader *
get_reader (void)
{
  static GPrivate readers = G_PRIVATE_INIT (free_reader);
  static gsize is_initialized;
  Reader *reader = g_private_get (&readers);

  if (reader)
    return reader;
  if (g_once_init_enter (&is_initialized))
    {
      xmlInitParser ();
      g_once_init_leave (&is_initialized, 1);
    }
  reader = g_new0 (Reader, 1);
  reader->text = g_string_sized_new (1024);
  reader->parser = make_parser (reader);
  g_private_set (&readers, reader);
  return reader;
}

/* What a large document left behind isn't kept. */
static void
tidy (Reader *reader)
{
  if (xmlDictGetUsage (reader->parser->dict) > DICTIONARY_BYTES_MAX)
    {
      xmlFreeParserCtxt (reader->parser);
      reader->parser = make_parser (reader);
    }
  else
    xmlCtxtReset (reader->parser); /* drops the copy of the document */
  if (reader->text->allocated_len > KEPT_TEXT_BYTES_MAX)
    {
      g_string_free (reader->text, TRUE);
      reader->text = g_string_sized_new (1024);
    }
}

/* Gives libxml2 the text in pieces, and no more after a failure: it would go on to the end of the
 * document to find others, which takes longer than to read a good one. */
static int
read_text (void *user, char *buffer, int size)
{
  Reader *reader = user;
  size_t n = reader->failure ? 0 : MIN (reader->rest_bytes, (size_t)size);

  memcpy (buffer, reader->rest, n);
  reader->rest += n;
  reader->rest_bytes -= n;
  return (int)n;
}

static gboolean
run (Reader *reader, CairnXmlDocument *document, const char *text, size_t length, GError **error)
{
  gboolean is_good;

  g_string_truncate (reader->text, 0);
  reader->document = document;
  reader->open = NULL;
  reader->depth = reader->n_nodes = reader->n_namespaces = reader->n_uris = 0;
  reader->rest = text;
  reader->rest_bytes = length;
  xmlCtxtReadIO (reader->parser, read_text, NULL, reader, NULL, NULL,
                 XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
  is_good = reader->parser->wellFormed && !reader->failure && document->root;
  if (!is_good)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "The XML document can't be read: %s",
                 reader->failure ? reader->failure : "it isn't well-formed");
  g_clear_pointer (&reader->failure, g_free);
  tidy (reader);
  return is_good;
}

CairnXmlDocument *
cairn_xml_parse (const char *bytes, size_t length_bytes, GError **error)
{
  g_autofree char *converted = NULL;
  const char *text = cairn_xml_input_prepare (bytes, &length_bytes, &converted, error);
  g_autoptr (CairnXmlDocument) document = NULL;

  if (!text)
    return NULL;
  document = g_new0 (CairnXmlDocument, 1);
  return run (get_reader (), document, text, length_bytes, error) ? g_steal_pointer (&document)
                                                                  : NULL;
}

void
cairn_xml_document_free (CairnXmlDocument *document)
{
  if (!document)
    return;
  cairn_arena_clear (&document->arena);
  g_free (document);
}
