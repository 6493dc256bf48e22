/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* METHODCALL: a method of a class.
 *
 * A parameter's text is checked against the type that the class declares; the PARAMTYPE that a
 * client says isn't, since clients guess it. One that isn't given is NULL.
 */
#include "cimxml/request.h"

static gboolean
read_argument (CimxmlRequest *request, const CairnXmlNode *node, gboolean *seen, GError **error)
{
  const CimClass *parameters = request->method->parameters;
  const char *name = cairn_xml_attribute (node, "", "NAME");
  int i = name ? cim_class_find_property (parameters, name) : -1;

  if (i < 0 || !(parameters->properties[i]->flags & CIM_IN) || seen[i])
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
                   i >= 0 && seen[i] ? "method %s: parameter '%.64s' is given twice"
                                     : "method %s has no input parameter '%.64s'; correct the name",
                   request->method->declared->name, name ? name : "");
      return FALSE;
    }
  seen[i] = TRUE;
  return cim_xml_read_value (request->in, (guint)i, node, error);
}

gboolean
cimxml_invoke_begin (CimxmlRequest *request, GError **error)
{
  CimBroker *broker = request->server->broker;
  gboolean *seen;

  request->method = cim_broker_find_method (broker, request->path, request->name, error);
  if (!request->method)
    return FALSE;
  request->in = cim_instance_new (request->method->parameters);
  seen = cairn_arena_alloc (&request->document->arena,
                            (request->method->parameters->n_properties + 1) * sizeof *seen);
  for (const CairnXmlNode *node = cairn_xml_child (request->node, "", "PARAMVALUE"); node;
       node = cairn_xml_next (node, "", "PARAMVALUE"))
    if (!read_argument (request, node, seen, error))
      return FALSE;
  request->is_quick = cim_broker_invoke_is_quick (broker, request->path, request->method);
  return TRUE;
}

static void
append_result (CimxmlRequest *request, const CimProperty *parameter, const CimValue *value)
{
  GString *out = request->out;

  g_string_append (out, "<PARAMVALUE NAME=\"");
  g_string_append (out, parameter->name);
  g_string_append (out, "\" PARAMTYPE=\"");
  g_string_append (out, cim_type_name (parameter->type));
  g_string_append (out, parameter->type == CIM_STRING && parameter->class_name
                            ? "\" EmbeddedObject=\"instance\">"
                            : "\">");
  cim_xml_append_value (out, parameter, value, cim_broker_server (request->server->broker),
                        request->namespace_flag);
  g_string_append (out, "</PARAMVALUE>");
}

static void
append_results (CimxmlRequest *request, const CimInstance *results, uint32_t return_value)
{
  const CimClass *parameters = results->class;

  g_string_append (request->out, "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>");
  cim_number_append (request->out, CIM_UINT32, return_value);
  g_string_append (request->out, "</VALUE></RETURNVALUE>");
  for (guint i = 0; i < parameters->n_properties; i++)
    if ((parameters->properties[i]->flags & CIM_OUT) && results->values[i].is_set)
      append_result (request, parameters->properties[i], &results->values[i]);
}

gboolean
cimxml_invoke_run (CimxmlRequest *request, GError **error)
{
  g_autoptr (CimInstance) results = NULL;
  uint32_t return_value = 0;

  if (!cim_broker_invoke (request->server->broker, &request->call, request->path, request->method,
                          request->in, &results, &return_value, &request->message, error))
    return FALSE;
  append_results (request, results, return_value);
  return TRUE;
}
