/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an HTTP request to its operation. */
#include "cimxml/cimxml.h"

#include "cimxml/request.h"

static const CimxmlOperation method_call
    = { .name = "METHODCALL", .begin = cimxml_invoke_begin, .run = cimxml_invoke_run };

gboolean
cimxml_check_namespace (const CimxmlRequest *request, GError **error)
{
  if (request->namespace_flag)
    return TRUE;
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_NAMESPACE,
               "namespace '%.128s' isn't there: " CIM_NAMESPACE_VIRTUALIZATION
               " and " CIM_NAMESPACE_CIMV2 " are",
               request->namespace_);
  return FALSE;
}

const CimClass *
cimxml_find_class (const CimxmlRequest *request, const char *name, GError **error)
{
  return cim_broker_find_class (request->server->broker, request->namespace_, name, NULL, error);
}

static gboolean
begin (CimxmlRequest *request, GError **error)
{
  request->namespace_flag = cim_namespace_parse (request->namespace_);
  request->operation = request->is_extrinsic ? &method_call : cimxml_operation_find (request->name);
  if (!cimxml_check_namespace (request, error))
    return FALSE;
  if (!request->operation || !request->operation->run)
    {
      g_set_error (
          error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED, "%.64s isn't supported%s", request->name,
          request->operation ? ": what there is is changed by methods of its classes" : "");
      return FALSE;
    }
  if (!request->is_extrinsic && !cimxml_parameters_read (request, error))
    return FALSE;
  return request->operation->begin (request, error);
}

static void
run (CairnHttpRequest *http, gpointer user)
{
  CimxmlRequest *request = user;
  g_autoptr (GError) error = NULL;

  (void)http;
  request->call.deadline = g_get_monotonic_time () + CIMXML_CALL_S * G_USEC_PER_SEC;
  cimxml_answer_begin (request);
  request->operation->run (request, &error);
  cimxml_answer (request, error);
}

static void
fail (CimxmlRequest *request, const GError *error)
{
  cimxml_answer_begin (request);
  cimxml_answer (request, error);
}

static void
overloaded (CairnHttpRequest *http, gpointer user)
{
  g_autoptr (GError) error
      = g_error_new (CIM_ERROR, CIM_ERR_SERVER_LIMITS_EXCEEDED,
                     "too many operations wait already; try again in a moment");

  (void)http;
  fail (user, error);
}

void
cimxml_handle (CairnHttpRequest *http, gpointer user)
{
  const CimxmlServer *server = user;
  CimxmlRequest *request = g_new0 (CimxmlRequest, 1);
  g_autofree char *detail = NULL;
  g_autoptr (GError) error = NULL;
  const CimxmlRefusal *refusal;

  request->server = server;
  request->http = http;
  request->call = (CimCall){ .caller = cairn_http_request_caller (http),
                             .request_id = cairn_http_request_id (http),
                             .backend = server->backend };
  refusal = cimxml_message_read (request, &detail);
  if (refusal)
    {
      cimxml_request_free (request);
      cimxml_answer_refusal (http, refusal, detail);
    }
  else if (!begin (request, &error))
    fail (request, error);
  else if (request->is_quick)
    run (http, request);
  else if (request->method)
    cairn_http_request_defer_order (http, run, overloaded, request);
  else
    cairn_http_request_defer (http, run, overloaded, request);
}
