/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource URIs. */
#include "wsman/resource.h"

#include <string.h>

#include "wsman/names.h"
#include "xml/xml.h"

static const struct
{
  const char *text;
  gsize length;
} prefixes[] = {
#define PREFIX(literal)                                                                            \
  {                                                                                                \
    literal, sizeof (literal) - 1                                                                  \
  }
  [WSMAN_FAMILY_WMI] = PREFIX ("http://schemas.microsoft.com/wbem/wsman/1/wmi/"),
  [WSMAN_FAMILY_DMTF] = PREFIX ("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"),
  [WSMAN_FAMILY_MICROSOFT] = PREFIX ("http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/"),
  [WSMAN_FAMILY_SCHEMA] = PREFIX ("http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/"),
#undef PREFIX
};

gboolean
wsman_resource_parse (CairnArena *arena, const char *uri, WsmanResource *resource)
{
  guint i = 0;
  const char *rest, *slash;

  while (i < G_N_ELEMENTS (prefixes)
         && g_ascii_strncasecmp (uri, prefixes[i].text, prefixes[i].length) != 0)
    i++;
  if (i == G_N_ELEMENTS (prefixes))
    return FALSE;
  rest = uri + prefixes[i].length;
  slash = i == WSMAN_FAMILY_WMI ? strrchr (rest, '/') : NULL;
  *resource = (WsmanResource){ .family = i, .class_name = slash ? slash + 1 : rest };
  if (i == WSMAN_FAMILY_WMI && !slash)
    return FALSE;
  if (slash)
    resource->namespace_ = cairn_arena_strndup (arena, rest, (size_t)(slash - rest));
  if (strchr (resource->class_name, '/') || !*resource->class_name)
    return FALSE;
  resource->class_name = strcmp (resource->class_name, "*") == 0
                             ? NULL
                             : cairn_arena_strdup (arena, resource->class_name);
  return TRUE;
}

void
wsman_resource_append (GString *out, WsmanFamily family, unsigned namespace_flag,
                       const char *class_name)
{
  g_string_append_len (out, prefixes[family].text, (gssize)prefixes[family].length);
  if (family == WSMAN_FAMILY_WMI)
    {
      g_string_append (out, cim_namespace_name (namespace_flag));
      g_string_append_c (out, '/');
    }
  cairn_xml_append_escaped (out, class_name); /* of a path that a client gave, it is any text */
}
