/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resource.h: resource URIs: what a message is about, and how the asker spells it.
 *
 *   WMI        http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/CLASS
 *   DMTF       http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CLASS            namespace: a
 * selector MICROSOFT  http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/CLASS       the same
 *   SCHEMA     http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/CLASS          a class itself
 *
 * CLASS may be "*". Letter case is ignored in requests; answers have exactly these, in the family
 * of the request. Source: MS-WSMV, section 2.2.4; requests of known clients.
 */
#ifndef WSMAN_RESOURCE_H
#define WSMAN_RESOURCE_H

#include "arena/arena.h"
#include "cim/schema.h"

typedef enum
{
  WSMAN_FAMILY_WMI,
  WSMAN_FAMILY_DMTF,
  WSMAN_FAMILY_MICROSOFT,
  WSMAN_FAMILY_SCHEMA,
} WsmanFamily;

typedef struct
{
  WsmanFamily family;
  const char *namespace_; /* of a WMI URI, as spelled; NULL: not said */
  const char *class_name; /* NULL: "*" */
} WsmanResource;

/* FALSE: none of these. Texts in ARENA. */
gboolean wsman_resource_parse (CairnArena *arena, const char *uri, WsmanResource *resource);

/* The URI of a class. */
void wsman_resource_append (GString *out, WsmanFamily family, unsigned namespace_flag,
                            const char *class_name);

/* Whether its objects are named with the selector __cimnamespace. */
static inline gboolean
wsman_family_selects_namespace (WsmanFamily family)
{
  return family != WSMAN_FAMILY_WMI;
}

#endif
