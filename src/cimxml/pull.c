/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open..., Pull..., CloseEnumeration and EnumerationCount.
 *
 * A context keeps the form that its objects are asked for in, and which properties, so that every
 * Pull goes on in the same way. Source: DSP0200, section 5.4.
 */
#include <string.h>

#include "cimxml/request.h"

/* CimContext.protocol; the WS-Management part has another. */
#define PROTOCOL_CIMXML 2u

/* CimContext.flags: the form, and above it the CimXmlFlags. */
#define FORM_BITS 8
#define FORM_MASK ((1u << FORM_BITS) - 1)

/* What one answer holds at most, however many were asked for: 2 MB of points. A client takes fewer
 * than it asked for as long as EndOfSequence is false. */
#define OBJECTS_MAX    1000u

#define NAME_SEPARATOR "\n"

/* ---- parameters ---- */

static gboolean
check_timeout (const CimxmlParameters *parameters, GError **error)
{
  if (!(parameters->given & CIMXML_TIMEOUT)
      || (parameters->timeout_s > 0 && parameters->timeout_s <= CIM_CONTEXT_LONGEST_S))
    return TRUE;
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_OPERATION_TIMEOUT,
               "OperationTimeout %" G_GUINT64_FORMAT " isn't supported: 1 to %u seconds are",
               parameters->timeout_s, CIM_CONTEXT_LONGEST_S);
  return FALSE;
}

static gboolean
check_open (const CimxmlRequest *request, GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;

  if (parameters->booleans & CIMXML_CONTINUE)
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED,
                   "ContinueOnError isn't supported: leave it out");
      return FALSE;
    }
  return check_timeout (parameters, error);
}

static gboolean
check_unfiltered (const CimxmlRequest *request, GError **error)
{
  if (!(request->parameters.given & (CIMXML_FILTER_LANGUAGE | CIMXML_FILTER_QUERY)))
    return TRUE;
  g_set_error (error, CIM_ERROR, CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED,
               "FilterQuery isn't supported here: use OpenQueryInstances with WQL");
  return FALSE;
}

/* ---- the result ---- */

static guint
limit_of (const CimxmlParameters *parameters)
{
  return (guint)MIN (parameters->max_count, OBJECTS_MAX);
}

static gboolean
append_objects (CimxmlRequest *request, gboolean *has_ended, GError **error)
{
  guint limit = limit_of (&request->parameters);

  g_string_append (request->out, "<IRETURNVALUE>");
  if (limit > 0 && !cimxml_append_page (request, limit, has_ended, error))
    return FALSE;
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}

static void
append_end (CimxmlRequest *request, gboolean has_ended, const char *id)
{
  cimxml_append_parameter (request->out, "EnumerationContext", "string", has_ended ? "" : id);
  cimxml_append_parameter (request->out, "EndOfSequence", "boolean", has_ended ? "TRUE" : "FALSE");
}

/* ---- Open... ---- */

static gboolean
opened (CimxmlRequest *request)
{
  cimxml_style_set (request);
  request->is_quick = cim_enumeration_is_quick (request->enumeration);
  return TRUE;
}

gboolean
cimxml_open_instances_begin (CimxmlRequest *request, GError **error)
{
  return check_open (request, error) && check_unfiltered (request, error)
         && cimxml_begin_instances (request, error) && opened (request);
}

gboolean
cimxml_open_associators_begin (CimxmlRequest *request, GError **error)
{
  return check_open (request, error) && check_unfiltered (request, error)
         && cimxml_begin_associators (request, error) && opened (request);
}

gboolean
cimxml_open_references_begin (CimxmlRequest *request, GError **error)
{
  return check_open (request, error) && check_unfiltered (request, error)
         && cimxml_begin_references (request, error) && opened (request);
}

gboolean
cimxml_open_query_begin (CimxmlRequest *request, GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;

  return check_open (request, error)
         && cimxml_begin_query (request, parameters->filter_language, parameters->filter_query,
                                error)
         && opened (request);
}

/* What a query selects stays with the enumeration itself. */
static char *
join_names (const CimxmlRequest *request)
{
  if (!request->style.properties || cim_enumeration_properties (request->enumeration))
    return NULL;
  return g_strjoinv (NAME_SEPARATOR, (char **)request->style.properties);
}

static void
keep (CimxmlRequest *request, char id[37])
{
  const CimxmlParameters *parameters = &request->parameters;
  CimContext *context = g_new0 (CimContext, 1);

  context->protocol = PROTOCOL_CIMXML;
  context->idle_s
      = parameters->given & CIMXML_TIMEOUT ? (guint)parameters->timeout_s : CIM_CONTEXT_DEFAULT_S;
  context->flags = request->style.form | (guint64)request->style.flags << FORM_BITS;
  context->text = join_names (request);
  context->enumeration = g_steal_pointer (&request->enumeration);
  cim_contexts_add (request->server->contexts, request->call.caller, context, id);
}

gboolean
cimxml_open_instances_run (CimxmlRequest *request, GError **error)
{
  gboolean has_ended = FALSE;
  char id[37] = "";

  if (!append_objects (request, &has_ended, error))
    return FALSE;
  if (!has_ended)
    keep (request, id);
  append_end (request, has_ended, id);
  return TRUE;
}

gboolean
cimxml_open_associators_run (CimxmlRequest *request, GError **error)
{
  return cimxml_open_instances_run (request, error);
}

gboolean
cimxml_open_references_run (CimxmlRequest *request, GError **error)
{
  return cimxml_open_instances_run (request, error);
}

/* Between IRETURNVALUE and the end, DSP0200 has QueryResultClass: a class with what is selected. */
gboolean
cimxml_open_query_run (CimxmlRequest *request, GError **error)
{
  if (request->parameters.booleans & CIMXML_QUERY_RESULT_CLASS)
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED,
                   "ReturnQueryResultClass isn't supported: leave it out");
      return FALSE;
    }
  return cimxml_open_instances_run (request, error);
}

/* ---- Pull... ---- */

void
cimxml_pull_give_back (CimxmlRequest *request)
{
  if (!request->context)
    return;
  request->context->enumeration = g_steal_pointer (&request->enumeration);
  cim_contexts_give_back (request->server->contexts, g_steal_pointer (&request->context),
                          request->parameters.context);
}

static void
end_context (CimxmlRequest *request)
{
  cim_context_free (g_steal_pointer (&request->context));
  cim_contexts_give_back (request->server->contexts, NULL, request->parameters.context);
}

static gboolean
take (CimxmlRequest *request, GError **error)
{
  request->context = cim_contexts_take (request->server->contexts, request->call.caller,
                                        PROTOCOL_CIMXML, request->parameters.context, error);
  if (!request->context)
    return FALSE;
  request->enumeration = g_steal_pointer (&request->context->enumeration);
  return TRUE;
}

/* In the request's memory. */
static const char *const *
split_names (CimxmlRequest *request, const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, NAME_SEPARATOR, 0);
  const char **copy
      = cairn_arena_alloc (&request->document->arena, (g_strv_length (names) + 1) * sizeof *copy);

  for (guint i = 0; names[i]; i++)
    copy[i] = cairn_arena_strdup (&request->document->arena, names[i]);
  return copy;
}

gboolean
cimxml_pull_begin (CimxmlRequest *request, GError **error)
{
  CimContext *context;

  if (!take (request, error))
    return FALSE;
  context = request->context;
  if ((context->flags & FORM_MASK) != request->operation->form
      || cim_enumeration_namespace (request->enumeration) != request->namespace_flag)
    {
      cimxml_pull_give_back (request);
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_ENUMERATION_CONTEXT,
                   "the enumeration was opened by an operation that %s doesn't belong to, or in "
                   "another namespace",
                   request->operation->name);
      return FALSE;
    }
  cimxml_style_set (request);
  request->style.flags = (unsigned)(context->flags >> FORM_BITS);
  if (context->text)
    request->style.properties = split_names (request, context->text);
  request->is_quick = cim_enumeration_is_quick (request->enumeration);
  return TRUE;
}

gboolean
cimxml_pull_run (CimxmlRequest *request, GError **error)
{
  gboolean has_ended = FALSE;

  if (!append_objects (request, &has_ended, error))
    {
      end_context (request); /* DSP0200: an error ends the session */
      return FALSE;
    }
  append_end (request, has_ended, request->parameters.context);
  if (has_ended)
    end_context (request);
  else
    cimxml_pull_give_back (request);
  return TRUE;
}

/* ---- CloseEnumeration, EnumerationCount ---- */

gboolean
cimxml_close_begin (CimxmlRequest *request, GError **error)
{
  if (!take (request, error))
    return FALSE;
  end_context (request);
  request->is_quick = TRUE;
  return TRUE;
}

gboolean
cimxml_close_run (CimxmlRequest *request, GError **error)
{
  (void)request, (void)error;
  return TRUE;
}

gboolean
cimxml_count_begin (CimxmlRequest *request, GError **error)
{
  if (!take (request, error))
    return FALSE;
  cimxml_pull_give_back (request);
  g_set_error (error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED,
               "EnumerationCount isn't supported: nothing is counted before it is asked for");
  return FALSE;
}

gboolean
cimxml_count_run (CimxmlRequest *request, GError **error)
{
  (void)request, (void)error;
  return TRUE;
}
