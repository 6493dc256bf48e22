/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Get: one instance. */
#include "wsman/answer.h"
#include "wsman/exchange.h"
#include "wsman/names.h"

static gboolean
prepare (WsmanExchange *exchange, GError **error)
{
  if (!wsman_exchange_find_object (exchange, error))
    return FALSE;
  exchange->is_quick = cim_broker_get_is_quick (exchange->server->broker, &exchange->path);
  return TRUE;
}

static gboolean
run (WsmanExchange *exchange, GError **error)
{
  g_autoptr (CimInstance) instance
      = cim_broker_get (exchange->server->broker, &exchange->call, &exchange->path, error);

  if (!instance)
    return FALSE;
  wsman_answer_begin (exchange->out, WSMAN_NS_TRANSFER "/GetResponse",
                      exchange->envelope.message_id);
  wsman_instance_append (exchange->out, exchange->spelling, instance, NULL, NULL);
  wsman_answer_end (exchange->out);
  return TRUE;
}

const WsmanOperation wsman_get = { WSMAN_NS_TRANSFER "/Get", WSMAN_ABOUT_SELECTORS, prepare, run };
