/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-cimxml.c: any bytes as a CIM-XML request: a line for CIMMethod, one for CIMObject, then the
 * message. What it must not do: crash, hang, answer not once, or with what isn't XML.
 */
#include <string.h>

#include "../tests/cim-samples.h"
#include "../tests/http-in-memory.h"
#include "cimxml/cimxml.h"
#include "xml/xml.h"
#include "target.h"

/* A line of INPUT, without what a header can't have. */
static char *
take_line (const char **input, size_t *size)
{
  const char *end = memchr (*input, '\n', *size);
  size_t length = end ? (size_t)(end - *input) : *size;
  char *line = g_strndup (*input, length);

  *input += length + (end != NULL);
  *size -= length + (end != NULL);
  return line;
}

static void
check_answer (const HttpInMemory *result)
{
  g_autoptr (CairnXmlDocument) document = NULL;

  if (result->n_answers != 1 || (result->status == 200) == (result->body->len == 0))
    __builtin_trap ();
  if (result->status != 200 || result->body->len > CAIRN_XML_BYTES_MAX)
    return;
  document = cairn_xml_parse (result->body->str, result->body->len, NULL);
  if (!document || !cairn_xml_is (document->root, "", "CIM"))
    __builtin_trap ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  static CimxmlServer server;
  const char *input = (const char *)bytes;
  g_autofree char *method = take_line (&input, &size);
  g_autofree char *object = take_line (&input, &size);
  const char *const headers[]
      = { "CIMOperation", "MethodCall", "CIMMethod", method, "CIMObject", object, NULL };
  HttpInMemory result = { 0 };

  if (!server.broker)
    server = (CimxmlServer){ .broker = cim_broker_new (cim_schema_get (), &cim_samples) };
  server.contexts = cim_contexts_new ();
  http_in_memory_request (&result, cimxml_handle, &server, headers, input, size, FALSE);
  check_answer (&result);
  http_in_memory_clear (&result);
  cim_contexts_free (server.contexts);
  return 0;
}
