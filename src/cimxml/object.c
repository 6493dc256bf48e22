/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances and their names, in the forms that operations return them in. */
#include "cimxml/request.h"

static const struct
{
  const char *open, *close;
  gboolean has_path; /* INSTANCEPATH, else INSTANCENAME */
  gboolean has_name;
  gboolean has_instance;
} forms[] = {
  [CIMXML_NAMED_INSTANCE]
  = { "<VALUE.NAMEDINSTANCE>", "</VALUE.NAMEDINSTANCE>", FALSE, TRUE, TRUE },
  [CIMXML_NAME] = { "", "", FALSE, TRUE, FALSE },
  [CIMXML_OBJECT_WITH_PATH]
  = { "<VALUE.OBJECTWITHPATH>", "</VALUE.OBJECTWITHPATH>", TRUE, FALSE, TRUE },
  [CIMXML_OBJECT_PATH] = { "<OBJECTPATH>", "</OBJECTPATH>", TRUE, FALSE, FALSE },
  [CIMXML_INSTANCE_WITH_PATH]
  = { "<VALUE.INSTANCEWITHPATH>", "</VALUE.INSTANCEWITHPATH>", TRUE, FALSE, TRUE },
  [CIMXML_INSTANCE_PATH] = { "", "", TRUE, FALSE, FALSE },
  [CIMXML_INSTANCE] = { "", "", FALSE, FALSE, TRUE },
};

static void
append_path (GString *out, const CimxmlRequest *request, const CimxmlStyle *style,
             const CimInstance *instance)
{
  g_auto (CairnArena) arena = { 0 };
  const CimPath *path = cim_instance_make_path (instance, &arena);
  if (forms[style->form].has_path)
    cim_xml_append_instance_path (out, path, instance->class,
                                  cim_broker_server (request->server->broker),
                                  request->namespace_flag);
  else
    cim_xml_append_instance_name (out, path, instance->class);
}

void
cimxml_append_object (GString *out, const CimxmlRequest *request, const CimxmlStyle *style,
                      const CimInstance *instance)
{
  g_string_append (out, forms[style->form].open);
  if (forms[style->form].has_path || forms[style->form].has_name)
    append_path (out, request, style, instance);
  if (forms[style->form].has_instance)
    cim_xml_append_instance (out, instance, NULL, style->flags, style->properties);
  g_string_append (out, forms[style->form].close);
}

void
cimxml_append_parameter (GString *out, const char *name, const char *type, const char *text)
{
  g_string_append (out, "<PARAMVALUE NAME=\"");
  g_string_append (out, name);
  g_string_append (out, "\" PARAMTYPE=\"");
  g_string_append (out, type);
  g_string_append (out, "\"><VALUE>");
  cairn_xml_append_escaped (out, text);
  g_string_append (out, "</VALUE></PARAMVALUE>");
}
