/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances, written straight into the answer: this is most of the work of a large one. */
#include "wsman/instance.h"

#include <string.h>

#include "wsman/epr.h"
#include "wsman/names.h"

#define DMTF_LENGTH 25

static void
open_element (GString *out, const char *name, gsize length)
{
  wsman_append (out, "<p:");
  g_string_append_len (out, name, (gssize)length);
  g_string_append_c (out, '>');
}

static void
close_element (GString *out, const char *name, gsize length)
{
  wsman_append (out, "</p:");
  g_string_append_len (out, name, (gssize)length);
  g_string_append_c (out, '>');
}

/* One with wildcards has no other form than DMTF's. */
static void
append_datetime (GString *out, const char *dmtf)
{
  gboolean is_interval = strlen (dmtf) == DMTF_LENGTH && dmtf[21] == ':';
  gsize before = out->len;

  g_string_append (out, is_interval ? "<cim:Interval>" : "<cim:Datetime>");
  if (cim_datetime_to_xml (dmtf, &is_interval, out))
    {
      g_string_append (out, is_interval ? "</cim:Interval>" : "</cim:Datetime>");
      return;
    }
  g_string_truncate (out, before);
  wsman_append (out, "<cim:CIM_DateTime>");
  cairn_xml_append_escaped (out, dmtf);
  wsman_append (out, "</cim:CIM_DateTime>");
}

static void
append_member (GString *out, WsmanSpelling spelling, const CimProperty *property,
               const CimValue *value, guint i)
{
  gboolean is_array = (property->flags & CIM_ARRAY) != 0;

  switch (property->type)
    {
    case CIM_STRING:
      cairn_xml_append_escaped (out, is_array ? value->texts[i] : value->text);
      break;
    case CIM_DATETIME:
      append_datetime (out, is_array ? value->texts[i] : value->text);
      break;
    case CIM_REFERENCE:
      wsman_epr_append (out, spelling.family, spelling.namespace_flag,
                        is_array ? value->paths[i] : value->path);
      break;
    default:
      cim_number_append (out, property->type, is_array ? value->numbers[i] : value->number);
    }
}

void
wsman_property_append (GString *out, WsmanSpelling spelling, const CimProperty *property,
                       const CimValue *value)
{
  gsize length = strlen (property->name);
  guint n = property->flags & CIM_ARRAY ? value->n : 1;

  if (!value->is_set)
    {
      if (property->flags & CIM_ARRAY)
        return;
      wsman_append (out, "<p:");
      g_string_append_len (out, property->name, (gssize)length);
      wsman_append (out, " xsi:nil=\"true\"/>");
      return;
    }
  for (guint i = 0; i < n; i++)
    {
      open_element (out, property->name, length);
      append_member (out, spelling, property, value, i);
      close_element (out, property->name, length);
    }
}

static gboolean
is_listed (const char *const *names, const char *name)
{
  for (; *names; names++)
    if (g_ascii_strcasecmp (*names, name) == 0)
      return TRUE;
  return FALSE;
}

/* The value of property I of PRESENTED, which is the instance's class or one above it: inherited
 * properties come first, so that the place is nearly always the same. */
static const CimValue *
value_of (const CimInstance *instance, const CimClass *presented, guint i)
{
  const CimClass *class = instance->class;

  if (i < class->n_properties
      && (class == presented
          || strcmp (class->properties[i]->name, presented->properties[i]->name) == 0))
    return &instance->values[i];
  return cim_instance_get (instance, presented->properties[i]->name);
}

void
wsman_instance_append (GString *out, WsmanSpelling spelling, const CimInstance *instance,
                       const CimClass *presented, const char *const *properties)
{
  const CimClass *class = presented ? presented : instance->class;
  gsize length = strlen (class->name);

  wsman_append (out, "<p:");
  g_string_append_len (out, class->name, (gssize)length);
  wsman_append (out, " xmlns:p=\"");
  wsman_resource_append (out, spelling.family, spelling.namespace_flag, class->name);
  wsman_append (out, "\" xmlns:cim=\"" WSMAN_NS_COMMON "\" xmlns:xsi=\"" WSMAN_NS_XSI
                     "\" xsi:type=\"p:");
  g_string_append_len (out, class->name, (gssize)length);
  wsman_append (out, "_Type\">");
  for (guint i = 0; i < class->n_properties; i++)
    {
      const CimValue *value = value_of (instance, class, i);

      if (value && (!properties || is_listed (properties, class->properties[i]->name)))
        wsman_property_append (out, spelling, class->properties[i], value);
    }
  close_element (out, class->name, length);
}

void
wsman_instance_append_epr (GString *out, WsmanSpelling spelling, const CimInstance *instance,
                           const CimClass *presented)
{
  g_auto (CairnArena) arena = { 0 };
  CimPath path = *cim_instance_make_path (instance, &arena);

  if (presented)
    path.class_name = presented->name;
  wsman_append (out, "<a:EndpointReference>");
  wsman_epr_append (out, spelling.family, spelling.namespace_flag, &path);
  wsman_append (out, "</a:EndpointReference>");
}
