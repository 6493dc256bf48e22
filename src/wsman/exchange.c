/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the message to its operation, and from that to the answer. */
#include "wsman/exchange.h"

#include <string.h>

#include "wsman/answer.h"
#include "wsman/names.h"

#define STATUS_OK    200u
#define STATUS_FAULT 500u /* of every fault: clients read the body of no other */

static const WsmanOperation *const operations[] = {
  &wsman_get,    &wsman_pull,   &wsman_enumerate, &wsman_release,
  &wsman_create, &wsman_delete, &wsman_put,
};

/* ---- the message ---- */

/* UTF-16 is known by its mark, its first character, or what HTTP says of it; a document without a
 * mark gets one. *MARKED: to be freed, or NULL. */
static gboolean
is_utf16 (const WsmanPost *post, char **marked)
{
  const guchar *p = (const guchar *)post->bytes;
  guint first = post->length_bytes < 2 ? 0 : (guint)p[0] << 8 | p[1];

  *marked = NULL;
  if (first == 0xFFFE || first == 0xFEFF)
    return TRUE;
  if (first != ('<' << 8) && first != '<')
    return FALSE;
  *marked = g_malloc (post->length_bytes + 2);
  memcpy (*marked, first == '<' ? "\xFE\xFF" : "\xFF\xFE", 2);
  memcpy (*marked + 2, post->bytes, post->length_bytes);
  return TRUE;
}

static CairnXmlDocument *
parse_document (WsmanExchange *exchange, const WsmanPost *post, GError **error)
{
  g_autofree char *marked = NULL;
  g_autoptr (GError) cause = NULL;
  CairnXmlDocument *document;

  exchange->is_utf16 = is_utf16 (post, &marked);
  document = cairn_xml_parse (marked ? marked : post->bytes, post->length_bytes + (marked ? 2 : 0),
                              &cause);
  if (!document)
    g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA, "the message isn't understood: %s",
                 cause->message);
  return document;
}

static gboolean
is_identify (const CairnXmlNode *body)
{
  return body && strcmp (body->name, "Identify") == 0
         && g_str_has_prefix (body->ns, "http://schemas.dmtf.org/wbem/wsman/identity/1/");
}

static const WsmanOperation *
fail_action (const WsmanEnvelope *envelope, GError **error)
{
  if (envelope->action)
    g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_UNKNOWN_ACTION,
                 "action '%.200s' isn't supported; correct it", envelope->action);
  else
    g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_HEADER_REQUIRED,
                         "the message has no a:Action; give one");
  return NULL;
}

static const WsmanOperation *
find_operation (const WsmanEnvelope *envelope, GError **error)
{
  const WsmanOperation *found = NULL;
  gboolean is_schema = envelope->has_resource && envelope->resource.family == WSMAN_FAMILY_SCHEMA;

  if (!envelope->action)
    return fail_action (envelope, error);
  if (!envelope->message_id)
    {
      g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_HEADER_REQUIRED,
                           "the message has no a:MessageID; give one");
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (operations) && !found; i++)
    if (strcmp (envelope->action, operations[i]->action) == 0)
      found = operations[i];
  if (is_schema)
    return found == &wsman_get ? &wsman_get_class : fail_action (envelope, error);
  if (found)
    return found;
  return g_ascii_strncasecmp (envelope->action, "http://schemas.xmlsoap.org/", 27) == 0
             ? fail_action (envelope, error)
             : &wsman_invoke;
}

/* Everything but Identify is for those who have signed in, whatever way the message came. */
static gboolean
check_access (const WsmanExchange *exchange, const WsmanPost *post, GError **error)
{
  if (exchange->operation == &wsman_identify
      || (exchange->is_authenticated && !post->identify_only))
    return TRUE;
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_ACCESS_DENIED,
                       exchange->is_authenticated
                           ? "only Identify is served here; post to /wsman"
                           : "only Identify is for those who haven't signed in; sign in");
  return FALSE;
}

static gboolean
prepare (WsmanExchange *exchange, const WsmanPost *post, GError **error)
{
  gboolean has_envelope;

  exchange->document = parse_document (exchange, post, error);
  if (!exchange->document)
    return FALSE;
  has_envelope = wsman_envelope_parse (exchange->document, &exchange->envelope, error);
  exchange->call.deadline += exchange->envelope.timeout_ms * 1000;
  if (!has_envelope)
    return FALSE;
  exchange->operation = is_identify (exchange->envelope.body)
                            ? &wsman_identify
                            : find_operation (&exchange->envelope, error);
  return exchange->operation && check_access (exchange, post, error)
         && exchange->operation->prepare (exchange, error);
}

WsmanExchange *
wsman_exchange_new (const WsmanServer *server, const WsmanPost *post)
{
  WsmanExchange *exchange = g_new0 (WsmanExchange, 1);

  exchange->server = server;
  exchange->is_authenticated = post->caller->is_authenticated;
  exchange->call = (CimCall){ .caller = post->caller,
                              .request_id = post->request_id,
                              .deadline = g_get_monotonic_time (),
                              .backend = server->backend };
  exchange->envelope.envelope_bytes_max = WSMAN_ENVELOPE_WITHOUT_LIMIT;
  if (!prepare (exchange, post, &exchange->error))
    exchange->is_quick = TRUE;
  return exchange;
}

void
wsman_exchange_end_context (WsmanExchange *exchange)
{
  if (!exchange->context)
    return;
  g_clear_pointer (&exchange->context, cim_context_free);
  if (*exchange->context_id)
    cim_contexts_give_back (exchange->server->contexts, NULL, exchange->context_id);
}

void
wsman_exchange_return_context (WsmanExchange *exchange)
{
  cim_contexts_give_back (exchange->server->contexts, g_steal_pointer (&exchange->context),
                          exchange->context_id);
}

void
wsman_exchange_free (WsmanExchange *exchange)
{
  if (!exchange)
    return;
  if (exchange->context && *exchange->context_id)
    wsman_exchange_return_context (exchange);
  wsman_exchange_end_context (exchange);
  g_clear_pointer (&exchange->in, cim_instance_unref);
  g_clear_pointer (&exchange->document, cairn_xml_document_free);
  g_clear_error (&exchange->error);
  if (exchange->out)
    g_string_free (exchange->out, TRUE);
  g_free (exchange->message);
  g_free (exchange);
}

/* ---- the answer ---- */

size_t
wsman_exchange_limit (const WsmanExchange *exchange)
{
  size_t limit = exchange->envelope.envelope_bytes_max;

  return exchange->is_utf16 ? limit / 2 : limit; /* no character needs more than twice the bytes */
}

static gboolean
check_size (const WsmanExchange *exchange, GError **error)
{
  if (exchange->out->len <= wsman_exchange_limit (exchange))
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_ENVELOPE_SIZE,
               "the answer has %zu bytes, and w:MaxEnvelopeSize is %zu; allow more",
               exchange->out->len << exchange->is_utf16, exchange->envelope.envelope_bytes_max);
  return FALSE;
}

static gboolean
check_time (const WsmanExchange *exchange, GError **error)
{
  if (g_get_monotonic_time () < exchange->call.deadline)
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_TIMED_OUT,
               "w:OperationTimeout (%" G_GINT64_FORMAT " ms) was over before the operation began; "
               "allow more time",
               exchange->envelope.timeout_ms);
  return FALSE;
}

/* SOAP 1.2 part 1, section 5.4.8: the name of the header that wasn't understood. */
static void
append_not_understood (GString *out, const CairnXmlNode *header)
{
  wsman_append (out, "<s:NotUnderstood qname=\"h:");
  cairn_xml_append_escaped (out, header->name);
  wsman_append (out, "\" xmlns:h=\"");
  cairn_xml_append_escaped (out, header->ns);
  wsman_append (out, "\"/>");
}

static void
append_fault (WsmanExchange *exchange, const GError *error)
{
  GString *out = exchange->out;
  WsmanAbout about = exchange->operation ? exchange->operation->about : WSMAN_ABOUT_SELECTORS;
  WsmanFaultKind kind = wsman_fault_kind (error, about);

  exchange->status = STATUS_FAULT;
  g_free (exchange->message);
  exchange->message = g_strdup (error->message);
  g_string_truncate (out, 0);
  wsman_answer_begin_action (out);
  g_string_append (out, wsman_fault_action (kind));
  wsman_answer_end_action (out, exchange->envelope.message_id);
  if (kind == WSMAN_FAULT_MUST_UNDERSTAND && *exchange->envelope.stranger->ns)
    append_not_understood (out, exchange->envelope.stranger);
  wsman_answer_begin_body (out);
  wsman_fault_append (out, kind, error, cim_broker_server (exchange->server->broker));
  wsman_answer_end (out);
}

/* The answer is in the encoding of the request (DSP0226, R13.1-5). */
static void
encode (WsmanExchange *exchange)
{
  g_autofree gunichar2 *units = NULL;
  GString *out = exchange->out;
  glong n_units = 0;

  if (!exchange->is_utf16)
    return;
  units = g_utf8_to_utf16 (out->str, (glong)out->len, NULL, &n_units, NULL);
  g_assert (units); /* all texts were escaped, which leaves UTF-8 only */
  g_string_truncate (out, 0);
  wsman_append (out, "\xFF\xFE");
  for (glong i = 0; i < n_units; i++)
    {
      g_string_append_c (out, (char)(units[i] & 0xFF));
      g_string_append_c (out, (char)(units[i] >> 8));
    }
}

void
wsman_exchange_run (WsmanExchange *exchange)
{
  g_autoptr (GError) error = g_steal_pointer (&exchange->error);

  exchange->status = STATUS_OK;
  exchange->out = g_string_sized_new (4096);
  if (error
      || !(check_time (exchange, &error) && exchange->operation->run (exchange, &error)
           && check_size (exchange, &error)))
    append_fault (exchange, error);
  encode (exchange);
}

void
wsman_exchange_refuse (WsmanExchange *exchange)
{
  g_clear_error (&exchange->error);
  g_set_error_literal (&exchange->error, WSMAN_FAULT, WSMAN_FAULT_QUOTA,
                       "too many operations wait already; try again in a moment");
  wsman_exchange_run (exchange);
}

/* ---- what operations share ---- */

static gboolean
require_resource (const WsmanExchange *exchange, GError **error)
{
  if (exchange->envelope.has_resource)
    return TRUE;
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_RESOURCE,
                       "the message has no w:ResourceURI; give that of a class");
  return FALSE;
}

gboolean
wsman_exchange_find_class (WsmanExchange *exchange, GError **error)
{
  const WsmanEnvelope *envelope = &exchange->envelope;

  if (!require_resource (exchange, error))
    return FALSE;
  if (!envelope->resource.class_name)
    {
      g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_INVALID_RESOURCE,
                           "resource URI '*' names no class; name one");
      return FALSE;
    }
  exchange->spelling.family = envelope->resource.family;
  exchange->class = cim_broker_find_class (exchange->server->broker, envelope->namespace_,
                                           envelope->resource.class_name,
                                           &exchange->spelling.namespace_flag, error);
  return exchange->class != NULL;
}

/* Selectors are keys, and there are some unless the class has one instance. */
static gboolean
check_selectors (const WsmanExchange *exchange, GError **error)
{
  const CimClass *class = exchange->class;

  for (guint i = 0; i < exchange->envelope.n_selectors; i++)
    {
      const char *name = exchange->envelope.selectors[i].name;
      int property = cim_class_find_property (class, name);

      if (property >= 0 && (class->properties[property]->flags & CIM_KEY))
        continue;
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_UNEXPECTED_SELECTORS,
                   "selector '%.100s' is no key of class %s; leave it out or correct it", name,
                   class->name);
      return FALSE;
    }
  if (exchange->envelope.n_selectors > 0 || (class->flags & CIM_SINGLETON))
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_INSUFFICIENT_SELECTORS,
               "there is no selector, and class %s can have several instances; give its keys",
               class->name);
  return FALSE;
}

gboolean
wsman_exchange_find_object (WsmanExchange *exchange, GError **error)
{
  if (!wsman_exchange_find_class (exchange, error) || !check_selectors (exchange, error))
    return FALSE;
  exchange->path = (CimPath){
    .namespace_ = cim_namespace_name (exchange->spelling.namespace_flag),
    .class_name = exchange->class->name,
    .keys = exchange->envelope.selectors,
    .n_keys = exchange->envelope.n_selectors,
  };
  return TRUE;
}
