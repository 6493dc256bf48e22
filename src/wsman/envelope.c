/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers, each by a function of its own. */
#include "wsman/envelope.h"

#include <string.h>

#include "wsman/duration.h"
#include "wsman/epr.h"
#include "wsman/names.h"

typedef struct
{
  CairnXmlDocument *document;
  WsmanEnvelope *envelope;
  const CairnXmlNode *selectors; /* w:SelectorSet */
  guint is_read;                 /* bits of `headers` */
} Reading;

typedef gboolean (*HeaderFunc) (Reading *reading, const CairnXmlNode *node, GError **error);

gboolean
wsman_is_true (const char *text)
{
  return text && (strcmp (text, "true") == 0 || strcmp (text, "1") == 0);
}

static gboolean
read_action (Reading *reading, const CairnXmlNode *node, GError **error)
{
  reading->envelope->action = cairn_xml_trimmed (reading->document, node);
  return TRUE;
}

static gboolean
read_message_id (Reading *reading, const CairnXmlNode *node, GError **error)
{
  reading->envelope->message_id = cairn_xml_trimmed (reading->document, node);
  return TRUE;
}

static gboolean
read_resource (Reading *reading, const CairnXmlNode *node, GError **error)
{
  const char *uri = cairn_xml_trimmed (reading->document, node);

  reading->envelope->has_resource = TRUE;
  if (wsman_resource_parse (&reading->document->arena, uri, &reading->envelope->resource))
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_RESOURCE,
               "there is nothing at resource URI '%.200s'; use "
               "http://schemas.microsoft.com/wbem/wsman/1/wmi/" CIM_NAMESPACE_VIRTUALIZATION
               "/CLASS",
               uri);
  return FALSE;
}

static gboolean
read_selectors (Reading *reading, const CairnXmlNode *node, GError **error)
{
  reading->selectors = node;
  return TRUE;
}

/* Answers go to the asker, over the connection they were asked on, and to nobody else. */
static gboolean
read_reply_to (Reading *reading, const CairnXmlNode *node, GError **error)
{
  const CairnXmlNode *address = cairn_xml_child (node, WSMAN_NS_ADDRESSING, "Address");
  const char *text = address ? cairn_xml_trimmed (reading->document, address) : "";

  if (strcmp (text, WSMAN_ANONYMOUS) == 0)
    return TRUE;
  g_set_error (
      error, WSMAN_FAULT, WSMAN_FAULT_ADDRESSING_MODE,
      "a:%s is '%.200s': answers and faults are sent to the asker only; use " WSMAN_ANONYMOUS,
      node->name, text);
  return FALSE;
}

static gboolean
read_envelope_size (Reading *reading, const CairnXmlNode *node, GError **error)
{
  const char *text = cairn_xml_trimmed (reading->document, node);
  char *end;
  guint64 size = g_ascii_strtoull (text, &end, 10); /* too many digits: the greatest */

  if (!g_ascii_isdigit (*text) || *end)
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_HEADER,
                   "w:MaxEnvelopeSize '%.40s' isn't a number of bytes; correct it", text);
      return FALSE;
    }
  if (size < WSMAN_ENVELOPE_BYTES_MIN)
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_MINIMUM_ENVELOPE,
                   "w:MaxEnvelopeSize is %" G_GUINT64_FORMAT
                   " bytes, and the least is %u; allow more",
                   size, WSMAN_ENVELOPE_BYTES_MIN);
      return FALSE;
    }
  reading->envelope->envelope_bytes_max = size;
  return TRUE;
}

static gboolean
read_timeout (Reading *reading, const CairnXmlNode *node, GError **error)
{
  const char *text = cairn_xml_trimmed (reading->document, node);
  int64_t ms;

  if (!wsman_duration_parse (text, &ms))
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_HEADER,
                   "w:OperationTimeout '%.40s' isn't a duration such as PT60S; correct it", text);
      return FALSE;
    }
  reading->envelope->timeout_ms = MIN (ms, WSMAN_TIMEOUT_LONGEST_MS);
  return TRUE;
}

/* Answers are in English: a client that insists on another language is told. */
static gboolean
read_locale (Reading *reading, const CairnXmlNode *node, GError **error)
{
  const char *must = cairn_xml_attribute (node, WSMAN_NS_SOAP, "mustUnderstand");
  const char *language = cairn_xml_attribute (node, WSMAN_NS_XML, "lang");

  if (!wsman_is_true (must) || !language || g_ascii_strncasecmp (language, "en", 2) == 0)
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_LOCALE,
               "w:Locale asks for '%.40s', and there are texts in en-US only; don't insist",
               language);
  return FALSE;
}

static gboolean
read_options (Reading *reading, const CairnXmlNode *node, GError **error)
{
  reading->envelope->options = node;
  for (const CairnXmlNode *option = cairn_xml_child (node, WSMAN_NS_WSMAN, "Option"); option;
       option = cairn_xml_next (option, WSMAN_NS_WSMAN, "Option"))
    if (wsman_is_true (cairn_xml_attribute (option, NULL, "MustComply")))
      {
        const char *name = cairn_xml_attribute (option, NULL, "Name");

        g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_OPTION,
                     "option '%.100s' must be complied with, and isn't known; leave it out",
                     name ? name : "");
        return FALSE;
      }
  return TRUE;
}

static gboolean
refuse_fragment (Reading *reading, const CairnXmlNode *node, GError **error)
{
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_FRAGMENT,
                       "w:FragmentTransfer isn't supported; ask for the whole instance");
  return FALSE;
}

static gboolean
ignore (Reading *reading, const CairnXmlNode *node, GError **error)
{
  return TRUE;
}

/* What is understood, the commonest first. */
static const struct
{
  const char *name;
  const char *ns;
  HeaderFunc read;
} headers[] = {
  { "To", WSMAN_NS_ADDRESSING, ignore },
  { "ResourceURI", WSMAN_NS_WSMAN, read_resource },
  { "ReplyTo", WSMAN_NS_ADDRESSING, read_reply_to },
  { "Action", WSMAN_NS_ADDRESSING, read_action },
  { "MaxEnvelopeSize", WSMAN_NS_WSMAN, read_envelope_size },
  { "MessageID", WSMAN_NS_ADDRESSING, read_message_id },
  { "SelectorSet", WSMAN_NS_WSMAN, read_selectors },
  { "OperationTimeout", WSMAN_NS_WSMAN, read_timeout },
  { "Locale", WSMAN_NS_WSMAN, read_locale },
  { "OptionSet", WSMAN_NS_WSMAN, read_options },
  { "DataLocale", WSMAN_NS_WINRM, ignore },
  { "SessionId", WSMAN_NS_WINRM, ignore },
  { "OperationID", WSMAN_NS_WINRM, ignore },
  { "SequenceId", WSMAN_NS_WINRM, ignore },
  { "ActivityId", WSMAN_NS_WINRM, ignore },
  { "FaultTo", WSMAN_NS_ADDRESSING, read_reply_to },
  { "From", WSMAN_NS_ADDRESSING, ignore },
  { "RelatesTo", WSMAN_NS_ADDRESSING, ignore },
  { "RequestTotalItemsCountEstimate", WSMAN_NS_WSMAN, ignore },
  { "RequestEPR", WSMAN_NS_WSMAN, ignore },
  { "FragmentTransfer", WSMAN_NS_WSMAN, refuse_fragment },
};

/* Whether a header that isn't known may be passed over. */
static gboolean
may_ignore (Reading *reading, const CairnXmlNode *node, GError **error)
{
  if (!wsman_is_true (cairn_xml_attribute (node, WSMAN_NS_SOAP, "mustUnderstand")))
    return TRUE;
  reading->envelope->stranger = node;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_MUST_UNDERSTAND,
               "header '%.100s' of namespace '%.200s' must be understood, and isn't; leave it out",
               node->name, node->ns);
  return FALSE;
}

G_STATIC_ASSERT (G_N_ELEMENTS (headers) <= 32);

/* Two of one kind could be understood in two ways. */
static gboolean
check_first (Reading *reading, guint header, GError **error)
{
  guint bit = 1u << header;

  if (headers[header].read == ignore || !(reading->is_read & bit))
    {
      reading->is_read |= bit;
      return TRUE;
    }
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_HEADER,
               "header %s is given twice; give it once", headers[header].name);
  return FALSE;
}

static gboolean
read_header (Reading *reading, const CairnXmlNode *node, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    if (strcmp (node->name, headers[i].name) == 0 && strcmp (node->ns, headers[i].ns) == 0)
      return check_first (reading, i, error) && headers[i].read (reading, node, error);
  return may_ignore (reading, node, error);
}

/* The selectors are read last: what their values mean is said by the resource. */
static gboolean
finish (Reading *reading, GError **error)
{
  WsmanEnvelope *envelope = reading->envelope;
  WsmanSelectors selectors = { 0 };

  if (reading->selectors
      && !wsman_selectors_read (reading->document, reading->selectors, &selectors, error))
    return FALSE;
  envelope->selectors = selectors.keys;
  envelope->n_selectors = selectors.n_keys;
  envelope->namespace_
      = envelope->resource.namespace_ ? envelope->resource.namespace_ : selectors.namespace_;
  return TRUE;
}

static const CairnXmlNode *
find_part (const CairnXmlDocument *document, const char *name)
{
  return cairn_xml_child (document->root, WSMAN_NS_SOAP, name);
}

/* The message's identity comes first, so that a fault of any header can be related to it. */
static void
find_message_id (Reading *reading, const CairnXmlNode *header)
{
  const CairnXmlNode *node
      = header ? cairn_xml_child (header, WSMAN_NS_ADDRESSING, "MessageID") : NULL;

  if (node)
    read_message_id (reading, node, NULL);
}

gboolean
wsman_envelope_parse (CairnXmlDocument *document, WsmanEnvelope *envelope, GError **error)
{
  Reading reading = { document, envelope, NULL, 0 };
  const CairnXmlNode *root = document->root, *header, *body;

  *envelope = (WsmanEnvelope){ .envelope_bytes_max = WSMAN_ENVELOPE_WITHOUT_LIMIT,
                               .timeout_ms = WSMAN_TIMEOUT_DEFAULT_MS };
  if (!cairn_xml_is (root, WSMAN_NS_SOAP, "Envelope"))
    {
      gboolean is_other = strcmp (root->name, "Envelope") == 0;

      g_set_error (error, WSMAN_FAULT, is_other ? WSMAN_FAULT_VERSION_MISMATCH : WSMAN_FAULT_SCHEMA,
                   "the message is '%.100s' of '%.200s', and not an Envelope of SOAP 1.2; send one",
                   root->name, root->ns);
      return FALSE;
    }
  header = find_part (document, "Header");
  body = find_part (document, "Body");
  envelope->body = body ? body->children : NULL;
  find_message_id (&reading, header);
  for (const CairnXmlNode *node = header ? header->children : NULL; node; node = node->next)
    if (!read_header (&reading, node, error))
      return FALSE;
  return finish (&reading, error);
}

const char *
wsman_envelope_option (const WsmanEnvelope *envelope, const char *name)
{
  const CairnXmlNode *option
      = envelope->options ? cairn_xml_child (envelope->options, WSMAN_NS_WSMAN, "Option") : NULL;

  for (; option; option = cairn_xml_next (option, WSMAN_NS_WSMAN, "Option"))
    {
      const char *found = cairn_xml_attribute (option, NULL, "Name");

      if (found && g_ascii_strcasecmp (found, name) == 0)
        return option->text;
    }
  return NULL;
}
