/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes around an operation's result. */
#include <string.h>

#include "cimxml/request.h"

#define CONTENT_TYPE "application/xml; charset=\"utf-8\""
#define MAN          "http://www.dmtf.org/cim/mapping/http/v1.0; ns="

void
cimxml_request_free (CimxmlRequest *request)
{
  if (!request)
    return;
  cimxml_pull_give_back (request); /* where it was never run */
  cim_enumeration_free (request->enumeration);
  cim_instance_unref (request->in);
  cairn_xml_document_free (request->document);
  cairn_caller_free (request->caller);
  g_free (request->request_id);
  g_free (request->message);
  if (request->out)
    g_string_free (request->out, TRUE);
  g_free (request);
}

void
cimxml_answer_refusal (CairnHttpRequest *http, const CimxmlRefusal *refusal, const char *detail)
{
  CairnHttpAnswer *answer = cairn_http_answer_new (refusal->status, NULL, NULL);

  cairn_http_answer_add_header (answer, "CIMError", refusal->cim_error);
  if (detail)
    cairn_http_answer_set_message (answer, detail);
  cairn_http_request_answer (http, answer);
}

static const char *
response_element (const CimxmlRequest *request)
{
  return request->is_extrinsic ? "METHODRESPONSE" : "IMETHODRESPONSE";
}

static void
append_head (GString *out, const CimxmlRequest *request)
{
  g_string_append (out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                        "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"");
  cairn_xml_append_escaped (out, request->id);
  g_string_append (out, "\" PROTOCOLVERSION=\"1.0\"><SIMPLERSP><");
  g_string_append (out, response_element (request));
  g_string_append (out, " NAME=\"");
  cairn_xml_append_escaped (out, request->name);
  g_string_append (out, "\">");
}

static void
append_tail (GString *out, const CimxmlRequest *request)
{
  g_string_append (out, "</");
  g_string_append (out, response_element (request));
  g_string_append (out, "></SIMPLERSP></MESSAGE></CIM>");
}

static void
append_error (GString *out, const GError *error)
{
  g_string_append_printf (out, "<ERROR CODE=\"%d\" DESCRIPTION=\"", (int)cim_error_status (error));
  cairn_xml_append_escaped (out, error->message);
  g_string_append (out, "\"/>");
}

/* ---- pages that follow the first ---- */

static gboolean
more (gpointer user, GString *out, gboolean *failed)
{
  CimxmlRequest *request = user;
  gboolean has_ended = TRUE;

  request->out = out;
  request->call.deadline = g_get_monotonic_time () + CIMXML_CALL_S * G_USEC_PER_SEC;
  *failed = !cimxml_append_page (request, CIMXML_PAGE, &has_ended, NULL);
  request->out = NULL;
  if (*failed || !has_ended)
    return !*failed;
  g_string_append (out, "</IRETURNVALUE>");
  append_tail (out, request);
  return FALSE;
}

/* What the request points to in the HTTP request ends with it. */
static void
outlive_http (CimxmlRequest *request)
{
  request->caller = cairn_caller_copy (request->call.caller);
  request->request_id = g_strdup (request->call.request_id);
  request->call.caller = request->caller;
  request->call.request_id = request->request_id;
  request->http = NULL;
}

static void
free_request (gpointer request)
{
  cimxml_request_free (request);
}

/* ---- all of it ---- */

static void
add_headers (CairnHttpAnswer *answer, const CimxmlRequest *request)
{
  g_autofree char *man = NULL;
  char name[32];

  if (request->message)
    cairn_http_answer_set_message (answer, request->message);
  if (!request->man)
    {
      cairn_http_answer_add_header (answer, "CIMOperation", "MethodResponse");
      return;
    }
  man = g_strconcat (MAN, request->man, NULL);
  g_snprintf (name, sizeof name, "%s-CIMOperation", request->man);
  cairn_http_answer_add_header (answer, "Ext", "");
  cairn_http_answer_add_header (answer, "Cache-Control", "no-cache");
  cairn_http_answer_add_header (answer, "Man", man);
  cairn_http_answer_add_header (answer, g_intern_string (name), "MethodResponse");
}

void
cimxml_answer (CimxmlRequest *request, const GError *error)
{
  CairnHttpRequest *http = request->http;
  GString *out = g_steal_pointer (&request->out);
  gboolean has_more = request->has_more && !error;
  CairnHttpAnswer *answer;

  if (error)
    {
      g_string_truncate (out, 0);
      append_head (out, request);
      append_error (out, error);
      g_free (request->message);
      request->message = g_strdup (error->message);
    }
  if (!has_more)
    append_tail (out, request);
  answer = cairn_http_answer_new (200, CONTENT_TYPE, out);
  add_headers (answer, request);
  if (has_more)
    {
      outlive_http (request);
      cairn_http_answer_set_more (answer, more, request, free_request);
    }
  else
    cimxml_request_free (request);
  cairn_http_request_answer (http, answer);
}

void
cimxml_answer_begin (CimxmlRequest *request)
{
  request->out = g_string_sized_new (CIMXML_ANSWER_BYTES);
  append_head (request->out, request);
}
