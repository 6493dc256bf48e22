/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Get of a class: what clients look at before they call a method. The answer is CIM-XML's CLASS.
 *
 * The class is named by the URI, or by the selector ClassName.
 */
#include <string.h>

#include "cim/xmlform.h"
#include "wsman/answer.h"
#include "wsman/exchange.h"
#include "wsman/names.h"

static const char *
class_name (const WsmanEnvelope *envelope)
{
  for (guint i = 0; i < envelope->n_selectors; i++)
    if (g_ascii_strcasecmp (envelope->selectors[i].name, "ClassName") == 0)
      return envelope->selectors[i].text;
  return envelope->resource.class_name;
}

static gboolean
prepare (WsmanExchange *exchange, GError **error)
{
  const char *name = class_name (&exchange->envelope);

  exchange->is_quick = TRUE;
  if (!name)
    {
      g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_INSUFFICIENT_SELECTORS,
                           "there is no selector ClassName; give the class's name");
      return FALSE;
    }
  exchange->class = cim_broker_find_class (exchange->server->broker, exchange->envelope.namespace_,
                                           name, NULL, error);
  return exchange->class != NULL;
}

static gboolean
is_refused (const WsmanEnvelope *envelope, const char *option)
{
  const char *value = wsman_envelope_option (envelope, option);

  return value && (g_ascii_strcasecmp (value, "false") == 0 || strcmp (value, "0") == 0);
}

static gboolean
run (WsmanExchange *exchange, GError **error)
{
  unsigned flags = CIM_XML_QUALIFIERS;

  if (is_refused (&exchange->envelope, "IncludeQualifiers"))
    flags &= ~(unsigned)CIM_XML_QUALIFIERS;
  if (is_refused (&exchange->envelope, "IncludeInheritedElements"))
    flags |= CIM_XML_LOCAL_ONLY;
  if (wsman_is_true (wsman_envelope_option (&exchange->envelope, "IncludeClassOrigin")))
    flags |= CIM_XML_CLASS_ORIGIN;
  wsman_answer_begin (exchange->out, WSMAN_NS_TRANSFER "/GetResponse",
                      exchange->envelope.message_id);
  cim_xml_append_class (exchange->out, exchange->class, flags, NULL);
  wsman_answer_end (exchange->out);
  return TRUE;
}

const WsmanOperation wsman_get_class
    = { WSMAN_NS_TRANSFER "/Get", WSMAN_ABOUT_SELECTORS, prepare, run };
