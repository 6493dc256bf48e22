/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter.h: what an Enumerate is to give: all of a class, or what one of three filters chooses.
 *
 * WQL; the association filter of the CIM binding (DSP0227, section 9); the selector filter
 * (DSP0226, annex E).
 */
#ifndef WSMAN_FILTER_H
#define WSMAN_FILTER_H

#include "cim/broker.h"
#include "wsman/envelope.h"

/* ENUMERATE: <n:Enumerate>. *CLASS: the one that is asked for, of which the items may be presented;
 * NULL when it can't be told (associations). */
CimEnumeration *wsman_filter_open (CimBroker *broker, CairnXmlDocument *document,
                                   const WsmanEnvelope *envelope, const CairnXmlNode *enumerate,
                                   const CimClass **class, GError **error);

#endif
