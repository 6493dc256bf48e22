/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* instance.h: instances, and methods' arguments, as WS-CIM elements.
 *
 * A scalar is exactly one element, with xsi:nil when it is NULL; an array one for each member.
 * Prefixes are fixed, since clients look for them: p for the element and all in it, declared there;
 * a and w are the envelope's. Source: DSP0230, WS-CIM Mapping.
 */
#ifndef WSMAN_INSTANCE_H
#define WSMAN_INSTANCE_H

#include "cim/instance.h"
#include "wsman/resource.h"
#include "xml/xml.h"

/* How the client spells things. */
typedef struct
{
  WsmanFamily family;
  unsigned namespace_flag;
} WsmanSpelling;

/* PRESENTED: the class it is shown as (NULL = its own). PROPERTIES: those to be shown, NULL = all.
 */
void wsman_instance_append (GString *out, WsmanSpelling spelling, const CimInstance *instance,
                            const CimClass *presented, const char *const *properties);

/* One property or parameter, NULL too. */
void wsman_property_append (GString *out, WsmanSpelling spelling, const CimProperty *property,
                            const CimValue *value);

/* An a:EndpointReference of the instance. */
void wsman_instance_append_epr (GString *out, WsmanSpelling spelling, const CimInstance *instance,
                                const CimClass *presented);

#endif
