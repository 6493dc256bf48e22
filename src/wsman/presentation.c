/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How items are shown. A context's text is "CLASS", then each waiting item after a separator that
 * no XML has. */
#include "wsman/presentation.h"

#include <string.h>

#include "wsman/names.h"

#define SEPARATOR          "\x01"

#define FAMILY_SHIFT       0
#define MODE_SHIFT         4
#define POLYMORPHISM_SHIFT 8

gboolean
wsman_presentation_append (const WsmanPresentation *presentation, GString *out,
                           const CimInstance *instance)
{
  const CimClass *presented
      = presentation->polymorphism == WSMAN_POLYMORPHISM_BASE ? presentation->class : NULL;

  if (presentation->polymorphism == WSMAN_POLYMORPHISM_NONE
      && presentation->class && instance->class != presentation->class)
    return FALSE;
  if (presentation->mode == WSMAN_MODE_OBJECT_AND_EPR)
    wsman_append (out, "<w:Item>");
  if (presentation->mode != WSMAN_MODE_EPR)
    wsman_instance_append (out, presentation->spelling, instance, presented,
                           presentation->properties);
  if (presentation->mode != WSMAN_MODE_OBJECT)
    wsman_instance_append_epr (out, presentation->spelling, instance, presented);
  if (presentation->mode == WSMAN_MODE_OBJECT_AND_EPR)
    wsman_append (out, "</w:Item>");
  return TRUE;
}

void
wsman_presentation_keep (const WsmanPresentation *presentation, CimContext *context)
{
  context->flags = (guint64)presentation->spelling.family << FAMILY_SHIFT
                   | (guint64)presentation->mode << MODE_SHIFT
                   | (guint64)presentation->polymorphism << POLYMORPHISM_SHIFT;
  context->text = g_strdup (presentation->class ? presentation->class->name : "");
}

WsmanPresentation
wsman_presentation_of (const CimContext *context)
{
  gsize length = strcspn (context->text, SEPARATOR);
  g_autofree char *name = g_strndup (context->text, length);
  unsigned namespace_flag = cim_enumeration_namespace (context->enumeration);

  return (WsmanPresentation){
    .spelling = { (WsmanFamily)(context->flags >> FAMILY_SHIFT & 15), namespace_flag },
    .mode = (WsmanMode)(context->flags >> MODE_SHIFT & 15),
    .polymorphism = (WsmanPolymorphism)(context->flags >> POLYMORPHISM_SHIFT & 15),
    .class = *name ? cim_schema_find (cim_schema_get (), namespace_flag, name) : NULL,
    .properties = cim_enumeration_properties (context->enumeration),
  };
}

void
wsman_waiting_items_set (CimContext *context, char **items)
{
  g_autofree char *joined = g_strjoinv (SEPARATOR, items);
  char *text = g_strconcat (context->text, SEPARATOR, joined, NULL);

  g_free (context->text);
  context->text = text;
}

char **
wsman_waiting_items_take (CimContext *context)
{
  char *first = strpbrk (context->text, SEPARATOR);
  char **items = first ? g_strsplit (first + 1, SEPARATOR, -1) : NULL;

  if (first)
    *first = '\0';
  return items;
}
