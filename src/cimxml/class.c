/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetClass, EnumerateClasses, EnumerateClassNames: all from the schema. */
#include "cimxml/request.h"

gboolean
cimxml_get_class_begin (CimxmlRequest *request, GError **error)
{
  (void)error;
  request->is_quick = TRUE;
  return TRUE;
}

/* Asked for by name, a class that isn't there is NOT_FOUND, not INVALID_CLASS. */
gboolean
cimxml_get_class_run (CimxmlRequest *request, GError **error)
{
  const CimClass *class = cimxml_find_class (request, request->parameters.class_name, error);

  if (!class)
    {
      if (error)
        (*error)->code = CIM_ERR_NOT_FOUND;
      return FALSE;
    }
  g_string_append (request->out, "<IRETURNVALUE>");
  cim_xml_append_class (request->out, class, cimxml_class_flags (request),
                        request->parameters.properties);
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}

gboolean
cimxml_enumerate_classes_begin (CimxmlRequest *request, GError **error)
{
  return cimxml_get_class_begin (request, error);
}

/* Of TOP (NULL: the namespace), all that derives from it, or only what does directly. */
static gboolean
is_asked_for (const CimClass *class, const CimClass *top, gboolean is_deep)
{
  if (class == top)
    return FALSE;
  if (is_deep)
    return !top || cim_class_is_a (class, top);
  return class->superclass == top;
}

gboolean
cimxml_enumerate_classes_run (CimxmlRequest *request, GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;
  gboolean is_deep = (parameters->booleans & CIMXML_DEEP) != 0;
  const GPtrArray *classes
      = cim_schema_list (cim_broker_schema (request->server->broker), request->namespace_flag);
  const CimClass *top = NULL;

  if (parameters->class_name && *parameters->class_name
      && !(top = cimxml_find_class (request, parameters->class_name, error)))
    return FALSE;
  g_string_append (request->out, "<IRETURNVALUE>");
  for (guint i = 0; i < classes->len; i++)
    if (!is_asked_for (classes->pdata[i], top, is_deep))
      continue;
    else if (request->operation->form == CIMXML_NAME)
      g_string_append_printf (request->out, "<CLASSNAME NAME=\"%s\"/>",
                              ((const CimClass *)classes->pdata[i])->name);
    else
      cim_xml_append_class (request->out, classes->pdata[i], cimxml_class_flags (request), NULL);
  g_string_append (request->out, "</IRETURNVALUE>");
  return TRUE;
}
