/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arguments.h: <METHOD_INPUT>: what a method is called with.
 *
 * Parameters in any order; absent and xsi:nil ones are NULL; one that the method hasn't got is a
 * fault. A reference is an EPR (bare, or as a:EndpointReference), an object path as text, or a
 * whole instance, of which the keys are taken. A string that holds an embedded instance stays the
 * text it is; when it is sent as elements, it is made CIM-XML.
 */
#ifndef WSMAN_ARGUMENTS_H
#define WSMAN_ARGUMENTS_H

#include "cim/broker.h"
#include "xml/xml.h"

/* INPUT may be NULL: no argument. InvalidParameter, SchemaValidationError. */
CimInstance *wsman_arguments_read (CairnXmlDocument *document, const CimResolvedMethod *method,
                                   const CairnXmlNode *input, GError **error);

#endif
