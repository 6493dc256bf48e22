/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Invoke: a method of an object. Its action is RESOURCE/METHOD. */
#include <string.h>

#include "wsman/answer.h"
#include "wsman/arguments.h"
#include "wsman/exchange.h"
#include "wsman/names.h"

/* The name after the last slash, when a class's URI stands before it. */
static const char *
method_name (WsmanExchange *exchange, GError **error)
{
  const char *action = exchange->envelope.action, *slash = strrchr (action, '/');
  CairnArena *arena = &exchange->document->arena;
  WsmanResource resource;

  if (slash && slash[1]
      && wsman_resource_parse (arena, cairn_arena_strndup (arena, action, (size_t)(slash - action)),
                               &resource))
    return slash + 1;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_UNKNOWN_ACTION,
               "action '%.200s' isn't supported; for a method, use RESOURCE-URI/METHOD", action);
  return NULL;
}

static gboolean
prepare (WsmanExchange *exchange, GError **error)
{
  CimBroker *broker = exchange->server->broker;
  const char *name = method_name (exchange, error);

  if (!name || !wsman_exchange_find_object (exchange, error))
    return FALSE;
  exchange->method = cim_broker_find_method (broker, &exchange->path, name, error);
  if (!exchange->method)
    return FALSE;
  exchange->in
      = wsman_arguments_read (exchange->document, exchange->method, exchange->envelope.body, error);
  exchange->is_quick
      = exchange->in && cim_broker_invoke_is_quick (broker, &exchange->path, exchange->method);
  return exchange->in != NULL;
}

static void
append_output (WsmanExchange *exchange, const CimInstance *result, uint32_t return_value)
{
  const char *name = exchange->method->declared->name;
  GString *out = exchange->out;

  g_string_append_printf (out, "<p:%s_OUTPUT xmlns:p=\"", name);
  wsman_resource_append (out, exchange->spelling.family, exchange->spelling.namespace_flag,
                         exchange->class->name);
  wsman_append (out, "\" xmlns:cim=\"" WSMAN_NS_COMMON "\" xmlns:xsi=\"" WSMAN_NS_XSI "\">");
  for (guint i = 0; i < result->class->n_properties; i++)
    if (result->class->properties[i]->flags & CIM_OUT)
      wsman_property_append (out, exchange->spelling, result->class->properties[i],
                             &result->values[i]);
  g_string_append_printf (out, "<p:ReturnValue>%u</p:ReturnValue></p:%s_OUTPUT>", return_value,
                          name);
}

static gboolean
run (WsmanExchange *exchange, GError **error)
{
  g_autoptr (CimInstance) result = NULL;
  uint32_t return_value = 0;
  GString *out = exchange->out;

  if (!cim_broker_invoke (exchange->server->broker, &exchange->call, &exchange->path,
                          exchange->method, exchange->in, &result, &return_value,
                          &exchange->message, error))
    return FALSE;
  wsman_answer_begin_action (out);
  wsman_resource_append (out, exchange->spelling.family, exchange->spelling.namespace_flag,
                         exchange->class->name);
  g_string_append_printf (out, "/%sResponse", exchange->method->declared->name);
  wsman_answer_end_action (out, exchange->envelope.message_id);
  wsman_answer_begin_body (out);
  append_output (exchange, result, return_value);
  wsman_answer_end (out);
  return TRUE;
}

const WsmanOperation wsman_invoke = { NULL, WSMAN_ABOUT_ARGUMENTS, prepare, run };
