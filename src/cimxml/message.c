/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers and envelope of a message.
 *
 * Source: DSP0200, sections 6.3 (extension headers) and 7 (HTTP status codes); RFC 2774 for M-POST,
 * whose Man header gives the other headers a prefix of two digits.
 */
#include <string.h>

#include "cimxml/request.h"

static const CimxmlRefusal unsupported_operation = { 400, "unsupported-operation" };
static const CimxmlRefusal unsupported_protocol = { 501, "unsupported-protocol-version" };
static const CimxmlRefusal unsupported_cim = { 501, "unsupported-cim-version" };
static const CimxmlRefusal unsupported_dtd = { 501, "unsupported-dtd-version" };
static const CimxmlRefusal multiple_requests = { 501, "multiple-requests-unsupported" };
static const CimxmlRefusal not_well_formed = { 400, "request-not-well-formed" };
static const CimxmlRefusal not_loosely_valid = { 400, "request-not-loosely-valid" };
static const CimxmlRefusal header_mismatch = { 400, "header-mismatch" };

/* ---- headers ---- */

/* "http://www.dmtf.org/cim/mapping/http/v1.0; ns=73" -> "73". */
static const char *
man_of (const CairnHttpRequest *http)
{
  const char *man = cairn_http_request_header (http, "Man");
  const char *ns = man ? strstr (man, "ns=") : NULL;
  char digits[3] = { 0 };

  if (!ns || !g_ascii_isdigit (ns[3]) || !g_ascii_isdigit (ns[4]))
    return NULL;
  memcpy (digits, ns + 3, 2);
  return g_intern_string (digits); /* there are a hundred of them */
}

static const char *
find_header (const CimxmlRequest *request, const char *name)
{
  char prefixed[32];

  if (!request->man)
    return cairn_http_request_header (request->http, name);
  g_snprintf (prefixed, sizeof prefixed, "%s-%s", request->man, name);
  return cairn_http_request_header (request->http, prefixed);
}

/* %-encoding undone; what isn't valid stays as it is. */
static const char *
decode (CairnArena *arena, const char *header)
{
  g_autofree char *decoded = strchr (header, '%') ? g_uri_unescape_string (header, NULL) : NULL;

  return decoded ? cairn_arena_strdup (arena, decoded) : header;
}

/* ---- do CIMMethod and CIMObject say the same as the message? ---- */

static gboolean
namespaces_equal (const char *a, const char *b, size_t b_length)
{
  size_t i = 0;

  while (*a == '/')
    a++;
  while (b_length > 0 && *b == '/')
    b++, b_length--;
  while (b_length > 0 && b[b_length - 1] == '/')
    b_length--;
  while (i < b_length && a[i]
         && (g_ascii_tolower (a[i]) == g_ascii_tolower (b[i]) || (a[i] == '/' && b[i] == '\\')))
    i++;
  return i == b_length && !a[i];
}

/* Keys are compared when the header has them and can be read as an object path: clients differ in
 * what they escape. */
static gboolean
paths_equal (CimxmlRequest *request, const char *header)
{
  const char *class_name = request->path->class_name;
  const char *colon = strchr (header, ':');
  size_t length = strlen (class_name);
  const CimPath *said;

  if (!colon || !namespaces_equal (request->namespace_, header, (size_t)(colon - header))
      || g_ascii_strncasecmp (colon + 1, class_name, length) != 0
      || (colon[1 + length] != '.' && colon[1 + length] != '=' && colon[1 + length]))
    return FALSE;
  if (!colon[1 + length])
    return TRUE;
  said = cim_path_parse (&request->document->arena, colon + 1, NULL);
  return !said || cim_path_equal (said, request->path);
}

static const CimxmlRefusal *
check_headers (CimxmlRequest *request, char **detail)
{
  CairnArena *arena = &request->document->arena;
  const char *method = find_header (request, "CIMMethod");
  const char *object = find_header (request, "CIMObject");

  if (!method || g_ascii_strcasecmp (decode (arena, method), request->name) != 0)
    {
      *detail = g_strdup_printf ("header CIMMethod isn't '%.64s', which the message calls",
                                 request->name);
      return &header_mismatch;
    }
  if (object)
    object = decode (arena, object);
  if (object
      && (request->is_extrinsic ? paths_equal (request, object)
                                : namespaces_equal (request->namespace_, object, strlen (object))))
    return NULL;
  *detail = g_strdup ("header CIMObject doesn't name the object that the message does");
  return &header_mismatch;
}

/* ---- the envelope ---- */

/* What stands before the port of the Host header, without the brackets of an IPv6 address. */
static char *
own_name (const CimxmlRequest *request)
{
  const char *host = cairn_http_request_header (request->http, "Host");
  const char *end;

  if (!host)
    return NULL;
  if (*host == '[')
    return g_strndup (host + 1, strcspn (host + 1, "]"));
  end = strrchr (host, ':');
  return end ? g_strndup (host, (size_t)(end - host)) : g_strdup (host);
}

/* Clients put into a path's HOST what they call us by, be it an address; that is this server. */
static void
rename_hosts (CairnXmlNode *node, const char *called, const char *server)
{
  if (cairn_xml_is (node, "", "HOST") && g_ascii_strcasecmp (node->text, called) == 0)
    node->text = server;
  for (CairnXmlNode *child = node->children; child; child = child->next)
    rename_hosts (child, called, server);
}

/* "root/virtualization/v2" of a LOCALNAMESPACEPATH; NULL when it is none. */
static const char *
read_namespace (CimxmlRequest *request, const CairnXmlNode *node)
{
  g_autoptr (GString) joined = g_string_new (NULL);

  for (const CairnXmlNode *one = cairn_xml_child (node, "", "NAMESPACE"); one;
       one = cairn_xml_next (one, "", "NAMESPACE"))
    {
      const char *name = cairn_xml_attribute (one, "", "NAME");

      if (!name)
        return NULL;
      if (joined->len > 0)
        g_string_append_c (joined, '/');
      g_string_append (joined, name);
    }
  return joined->len > 0 ? cairn_arena_strdup (&request->document->arena, joined->str) : NULL;
}

static const CimxmlRefusal *
read_intrinsic (CimxmlRequest *request)
{
  const CairnXmlNode *path = cairn_xml_child (request->node, "", "LOCALNAMESPACEPATH");

  request->namespace_ = path ? read_namespace (request, path) : NULL;
  return request->namespace_ ? NULL : &not_loosely_valid;
}

/* The object of a METHODCALL: LOCALCLASSPATH or LOCALINSTANCEPATH. */
static const CimxmlRefusal *
read_extrinsic (CimxmlRequest *request, char **detail)
{
  const CairnXmlNode *path = cairn_xml_child (request->node, "", "LOCALINSTANCEPATH");
  g_autoptr (GError) error = NULL;

  request->is_extrinsic = TRUE;
  if (!path)
    path = cairn_xml_child (request->node, "", "LOCALCLASSPATH");
  if (!path)
    return &not_loosely_valid;
  request->path = cim_xml_read_path (&request->document->arena, path, &error);
  if (!request->path || !request->path->namespace_)
    {
      *detail = error ? g_strdup (error->message) : NULL;
      return &not_loosely_valid;
    }
  request->namespace_ = request->path->namespace_;
  return NULL;
}

static gboolean
has_version (const CairnXmlNode *node, const char *attribute, const char *prefix)
{
  const char *version = cairn_xml_attribute (node, "", attribute);

  return version && g_str_has_prefix (version, prefix);
}

/* The SIMPLEREQ of the MESSAGE. */
static const CimxmlRefusal *
read_message (CimxmlRequest *request, const CairnXmlNode **simple)
{
  const CairnXmlNode *cim = request->document->root;
  const CairnXmlNode *message = cairn_xml_child (cim, "", "MESSAGE");

  if (!cairn_xml_is (cim, "", "CIM") || !cairn_xml_attribute (cim, "", "CIMVERSION")
      || !cairn_xml_attribute (cim, "", "DTDVERSION"))
    return &not_loosely_valid;
  if (!has_version (cim, "CIMVERSION", "2."))
    return &unsupported_cim;
  if (!has_version (cim, "DTDVERSION", "2."))
    return &unsupported_dtd;
  if (!message || cairn_xml_next (message, "", "MESSAGE"))
    return &not_loosely_valid;
  request->id = cairn_xml_attribute (message, "", "ID");
  if (!request->id || !cairn_xml_attribute (message, "", "PROTOCOLVERSION"))
    return &not_loosely_valid;
  if (!has_version (message, "PROTOCOLVERSION", "1."))
    return &unsupported_protocol;
  if (cairn_xml_child (message, "", "MULTIREQ"))
    return &multiple_requests;
  if (cairn_xml_child (message, "", "SIMPLEEXPREQ") || cairn_xml_child (message, "", "MULTIEXPREQ"))
    return &unsupported_operation;
  *simple = cairn_xml_child (message, "", "SIMPLEREQ");
  return *simple && !cairn_xml_next (*simple, "", "SIMPLEREQ") ? NULL : &not_loosely_valid;
}

/* The one call in the SIMPLEREQ. */
static const CimxmlRefusal *
read_call (CimxmlRequest *request, const CairnXmlNode *simple, char **detail)
{
  const CairnXmlNode *intrinsic = cairn_xml_child (simple, "", "IMETHODCALL");
  const CairnXmlNode *extrinsic = cairn_xml_child (simple, "", "METHODCALL");

  if (!intrinsic == !extrinsic)
    return &not_loosely_valid;
  request->node = intrinsic ? intrinsic : extrinsic;
  request->name = cairn_xml_attribute (request->node, "", "NAME");
  if (!request->name || cairn_xml_next (request->node, "", request->node->name))
    return &not_loosely_valid;
  return intrinsic ? read_intrinsic (request) : read_extrinsic (request, detail);
}

static const CimxmlRefusal *
read_envelope (CimxmlRequest *request, char **detail)
{
  size_t length;
  const char *body = cairn_http_request_body (request->http, &length);
  const CairnXmlNode *simple = NULL;
  const CimxmlRefusal *refusal;
  g_autofree char *called = NULL;
  g_autoptr (GError) error = NULL;

  request->document = cairn_xml_parse (body, length, &error);
  if (!request->document)
    {
      *detail = g_strdup (error->message);
      return &not_well_formed;
    }
  called = own_name (request);
  if (called)
    rename_hosts (request->document->root, called, cim_broker_server (request->server->broker));
  refusal = read_message (request, &simple);
  return refusal ? refusal : read_call (request, simple, detail);
}

const CimxmlRefusal *
cimxml_message_read (CimxmlRequest *request, char **detail)
{
  const char *operation, *version;
  const CimxmlRefusal *refusal;

  request->man = man_of (request->http);
  operation = find_header (request, "CIMOperation");
  version = find_header (request, "CIMProtocolVersion");
  if (!operation || g_ascii_strcasecmp (operation, "MethodCall") != 0)
    {
      *detail = g_strdup ("header CIMOperation isn't MethodCall");
      return &unsupported_operation;
    }
  if (find_header (request, "CIMBatch"))
    return &multiple_requests;
  if (version && !g_str_has_prefix (version, "1."))
    return &unsupported_protocol;
  refusal = read_envelope (request, detail);
  return refusal ? refusal : check_headers (request, detail);
}
