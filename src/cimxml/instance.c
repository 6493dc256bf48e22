/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetInstance, GetProperty. */
#include "cimxml/request.h"

gboolean
cimxml_get_instance_begin (CimxmlRequest *request, GError **error)
{
  (void)error;
  request->is_quick = cim_broker_get_is_quick (request->server->broker, request->parameters.path);
  return TRUE;
}

static CimInstance *
get (CimxmlRequest *request, GError **error)
{
  return cim_broker_get (request->server->broker, &request->call, request->parameters.path, error);
}

gboolean
cimxml_get_instance_run (CimxmlRequest *request, GError **error)
{
  g_autoptr (CimInstance) instance = get (request, error);

  if (!instance)
    return FALSE;
  g_string_append (request->out, "<IRETURNVALUE>");
  cim_xml_append_instance (request->out, instance, NULL, cimxml_class_flags (request),
                           request->parameters.properties);
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}

gboolean
cimxml_get_property_begin (CimxmlRequest *request, GError **error)
{
  return cimxml_get_instance_begin (request, error);
}

gboolean
cimxml_get_property_run (CimxmlRequest *request, GError **error)
{
  g_autoptr (CimInstance) instance = get (request, error);
  const char *name = request->parameters.property_name;
  int i;

  if (!instance)
    return FALSE;
  i = cim_class_find_property (instance->class, name);
  if (i < 0)
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_NO_SUCH_PROPERTY, "class %s has no property '%.64s'",
                   instance->class->name, name);
      return FALSE;
    }
  g_string_append (request->out, "<IRETURNVALUE>");
  cim_xml_append_value (request->out, instance->class->properties[i], &instance->values[i],
                        cim_broker_server (request->server->broker), request->namespace_flag);
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}
