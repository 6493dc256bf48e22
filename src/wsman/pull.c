/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pull: the next items. Which class its resource URI names doesn't matter: libvirt's isn't that of
 * its Enumerate. */
#include <string.h>

#include "wsman/answer.h"
#include "wsman/exchange.h"
#include "wsman/names.h"

#define RESPONSE WSMAN_NS_ENUMERATION "/PullResponse"

static gboolean
take_context (WsmanExchange *exchange, const char *element, GError **error)
{
  const CairnXmlNode *body = exchange->envelope.body;
  const CairnXmlNode *node
      = body && cairn_xml_is (body, WSMAN_NS_ENUMERATION, element)
            ? cairn_xml_child (body, WSMAN_NS_ENUMERATION, "EnumerationContext")
            : NULL;
  const char *id = node ? cairn_xml_trimmed (exchange->document, node) : NULL;

  if (!id)
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
                   "the body doesn't hold n:%s with n:EnumerationContext; give it", element);
      return FALSE;
    }
  if (g_str_has_prefix (id, "uuid:"))
    id += strlen ("uuid:");
  exchange->context = cim_contexts_take (exchange->server->contexts, exchange->call.caller,
                                         WSMAN_CONTEXTS, id, error);
  if (exchange->context)
    g_strlcpy (exchange->context_id, id, sizeof exchange->context_id);
  return exchange->context != NULL;
}

static gboolean
prepare_pull (WsmanExchange *exchange, GError **error)
{
  const CairnXmlNode *body = exchange->envelope.body;

  if (body
      && !wsman_batch_read (exchange->document, body, WSMAN_NS_ENUMERATION, &exchange->batch,
                            error))
    return FALSE;
  if (!take_context (exchange, "Pull", error))
    return FALSE;
  exchange->is_quick = exchange->batch.max_elements <= WSMAN_QUICK_ELEMENTS
                       && cim_enumeration_is_quick (exchange->context->enumeration);
  return TRUE;
}

/* A client that asked for too little or waited too shortly may ask again; any other failure is the
 * end of its enumeration. */
static gboolean
fail_pull (WsmanExchange *exchange, const GError *error)
{
  WsmanFaultKind kind = wsman_fault_kind (error, WSMAN_ABOUT_FILTER);

  if (kind == WSMAN_FAULT_TIMED_OUT || kind == WSMAN_FAULT_ENVELOPE_SIZE)
    wsman_exchange_return_context (exchange);
  else
    wsman_exchange_end_context (exchange);
  return FALSE;
}

/* The context stands before the items, but whether there is one is known after them. */
static void
insert_context (GString *out, gsize place, const char *id)
{
  g_autofree char *element
      = g_strdup_printf ("<n:EnumerationContext>uuid:%s</n:EnumerationContext>", id);

  g_string_insert (out, (gssize)place, element);
}

static gboolean
run_pull (WsmanExchange *exchange, GError **error)
{
  GString *out = exchange->out;
  gboolean has_ended;
  gsize place;

  wsman_answer_begin (out, RESPONSE, exchange->envelope.message_id);
  wsman_append (out, "<n:PullResponse>");
  place = out->len;
  wsman_append (out, "<n:Items>");
  if (!wsman_batch_fill (&exchange->batch, exchange->context, &exchange->call,
                         wsman_exchange_limit (exchange), out, &has_ended, error))
    return fail_pull (exchange, *error);
  wsman_append (out, "</n:Items>");
  if (has_ended)
    wsman_append (out, "<n:EndOfSequence/>");
  else
    insert_context (out, place, exchange->context_id);
  wsman_append (out, "</n:PullResponse>");
  wsman_answer_end (out);
  if (has_ended)
    wsman_exchange_end_context (exchange);
  else
    wsman_exchange_return_context (exchange);
  return TRUE;
}

const WsmanOperation wsman_pull
    = { WSMAN_NS_ENUMERATION "/Pull", WSMAN_ABOUT_FILTER, prepare_pull, run_pull };

/* ---- Release: the client wants no more ---- */

static gboolean
prepare_release (WsmanExchange *exchange, GError **error)
{
  exchange->is_quick = TRUE;
  return take_context (exchange, "Release", error);
}

static gboolean
run_release (WsmanExchange *exchange, GError **error)
{
  wsman_exchange_end_context (exchange);
  wsman_answer_begin (exchange->out, WSMAN_NS_ENUMERATION "/ReleaseResponse",
                      exchange->envelope.message_id);
  wsman_answer_end (exchange->out);
  return TRUE;
}

const WsmanOperation wsman_release
    = { WSMAN_NS_ENUMERATION "/Release", WSMAN_ABOUT_FILTER, prepare_release, run_release };
