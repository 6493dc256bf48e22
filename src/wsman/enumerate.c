/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enumerate: opens a context; optimised, gives the first items too. */
#include <string.h>

#include "wsman/answer.h"
#include "wsman/duration.h"
#include "wsman/exchange.h"
#include "wsman/filter.h"
#include "wsman/names.h"

#define RESPONSE WSMAN_NS_ENUMERATION "/EnumerateResponse"

static gboolean
read_mode (CairnXmlDocument *document, const CairnXmlNode *body, WsmanMode *mode, GError **error)
{
  static const char *const names[] = { [WSMAN_MODE_OBJECT] = "EnumerateObject",
                                       [WSMAN_MODE_EPR] = "EnumerateEPR",
                                       [WSMAN_MODE_OBJECT_AND_EPR] = "EnumerateObjectAndEPR" };
  const CairnXmlNode *node = cairn_xml_child (body, WSMAN_NS_WSMAN, "EnumerationMode");
  const char *text = node ? cairn_xml_trimmed (document, node) : names[WSMAN_MODE_OBJECT];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *mode = (WsmanMode)i;
        return TRUE;
      }
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
               "w:EnumerationMode '%.60s' isn't known; use EnumerateEPR or EnumerateObjectAndEPR",
               text);
  return FALSE;
}

static gboolean
read_polymorphism (CairnXmlDocument *document, const CairnXmlNode *body,
                   WsmanPolymorphism *polymorphism, GError **error)
{
  static const char *const names[] = { [WSMAN_POLYMORPHISM_WHOLE] = "IncludeSubClassProperties",
                                       [WSMAN_POLYMORPHISM_BASE] = "ExcludeSubClassProperties",
                                       [WSMAN_POLYMORPHISM_NONE] = "None" };
  const CairnXmlNode *node = cairn_xml_child (body, WSMAN_NS_BINDING, "PolymorphismMode");
  const char *text = node ? cairn_xml_trimmed (document, node) : names[WSMAN_POLYMORPHISM_WHOLE];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *polymorphism = (WsmanPolymorphism)i;
        return TRUE;
      }
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
               "b:PolymorphismMode '%.60s' isn't known; use IncludeSubClassProperties, "
               "ExcludeSubClassProperties or None",
               text);
  return FALSE;
}

/* How long the context is kept without being used: a duration, or a point in time. */
static gboolean
read_expires (CairnXmlDocument *document, const CairnXmlNode *body, CimContext *context,
              GError **error)
{
  const CairnXmlNode *node = cairn_xml_child (body, WSMAN_NS_ENUMERATION, "Expires");
  const char *text = node ? cairn_xml_trimmed (document, node) : "";
  g_autoptr (GTimeZone) utc = node ? g_time_zone_new_utc () : NULL;
  g_autoptr (GDateTime) time = node ? g_date_time_new_from_iso8601 (text, utc) : NULL;
  int64_t ms = 0;

  context->idle_s = CIM_CONTEXT_DEFAULT_S;
  if (!node)
    return TRUE;
  if (time)
    ms = g_date_time_to_unix (time) * 1000 - g_get_real_time () / 1000;
  else if (!wsman_duration_parse (text, &ms))
    ms = 0;
  if (ms <= 0)
    {
      g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_EXPIRATION,
                   "n:Expires '%.40s' is neither a duration nor a time to come; correct it", text);
      return FALSE;
    }
  context->idle_s = (guint)CLAMP (ms / 1000, 1, CIM_CONTEXT_LONGEST_S);
  return TRUE;
}

static gboolean
open_context (WsmanExchange *exchange, const CairnXmlNode *body, GError **error)
{
  CimContext *context = exchange->context = g_new0 (CimContext, 1);
  WsmanPresentation presentation = { .spelling.family = exchange->envelope.resource.family };

  context->protocol = WSMAN_CONTEXTS;
  if (!read_mode (exchange->document, body, &presentation.mode, error)
      || !read_polymorphism (exchange->document, body, &presentation.polymorphism, error)
      || !read_expires (exchange->document, body, context, error))
    return FALSE;
  context->enumeration = wsman_filter_open (exchange->server->broker, exchange->document,
                                            &exchange->envelope, body, &presentation.class, error);
  if (!context->enumeration)
    return FALSE;
  wsman_presentation_keep (&presentation, context);
  return TRUE;
}

static gboolean
prepare (WsmanExchange *exchange, GError **error)
{
  const CairnXmlNode *body = exchange->envelope.body;

  if (!exchange->envelope.has_resource)
    return wsman_exchange_find_class (exchange, error); /* says so */
  if (!body || !cairn_xml_is (body, WSMAN_NS_ENUMERATION, "Enumerate"))
    {
      g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
                           "the body doesn't hold n:Enumerate; give it");
      return FALSE;
    }
  if (cairn_xml_child (body, WSMAN_NS_ENUMERATION, "EndTo"))
    {
      g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_ADDRESSING_MODE,
                           "n:EndTo isn't supported: nothing is sent but answers; leave it out");
      return FALSE;
    }
  if (!wsman_batch_read (exchange->document, body, WSMAN_NS_WSMAN, &exchange->batch, error)
      || !open_context (exchange, body, error))
    return FALSE;
  exchange->is_optimized = cairn_xml_child (body, WSMAN_NS_WSMAN, "OptimizeEnumeration") != NULL;
  exchange->wants_expires = cairn_xml_child (body, WSMAN_NS_ENUMERATION, "Expires") != NULL;
  exchange->is_quick = !exchange->is_optimized
                       || (exchange->batch.max_elements <= WSMAN_QUICK_ELEMENTS
                           && cim_enumeration_is_quick (exchange->context->enumeration));
  return TRUE;
}

/* The context goes to the contexts, or, when nothing is left, to its end. It stands at PLACE,
 * before the items. */
static void
insert_context (WsmanExchange *exchange, gsize place, gboolean has_ended)
{
  g_autoptr (GString) element = g_string_new (NULL);
  char id[37];

  if (exchange->wants_expires)
    g_string_append_printf (element, "<n:Expires>PT%uS</n:Expires>", exchange->context->idle_s);
  if (has_ended)
    {
      wsman_append (element, "<n:EnumerationContext/>");
      wsman_exchange_end_context (exchange);
    }
  else
    {
      cim_contexts_add (exchange->server->contexts, exchange->call.caller,
                        g_steal_pointer (&exchange->context), id);
      g_string_append_printf (element, "<n:EnumerationContext>uuid:%s</n:EnumerationContext>", id);
    }
  g_string_insert_len (exchange->out, (gssize)place, element->str, (gssize)element->len);
}

static gboolean
append_items (WsmanExchange *exchange, gboolean *has_ended, GError **error)
{
  GString *out = exchange->out;

  wsman_append (out, "<w:Items>");
  if (!wsman_batch_fill (&exchange->batch, exchange->context, &exchange->call,
                         wsman_exchange_limit (exchange), out, has_ended, error))
    return FALSE;
  wsman_append (out, "</w:Items>");
  if (*has_ended)
    wsman_append (out, "<w:EndOfSequence/>");
  return TRUE;
}

static gboolean
run (WsmanExchange *exchange, GError **error)
{
  GString *out = exchange->out;
  gboolean has_ended = FALSE;
  gsize place;

  wsman_answer_begin (out, RESPONSE, exchange->envelope.message_id);
  wsman_append (out, "<n:EnumerateResponse>");
  place = out->len;
  if (exchange->is_optimized && !append_items (exchange, &has_ended, error))
    return FALSE;
  insert_context (exchange, place, has_ended);
  wsman_append (out, "</n:EnumerateResponse>");
  wsman_answer_end (out);
  return TRUE;
}

const WsmanOperation wsman_enumerate
    = { WSMAN_NS_ENUMERATION "/Enumerate", WSMAN_ABOUT_FILTER, prepare, run };
