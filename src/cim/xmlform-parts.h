/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlform-parts.h: what classes and instances have in common as CIM-XML. Private to xmlform. */
#ifndef CIM_XMLFORM_PARTS_H
#define CIM_XMLFORM_PARTS_H

#include "cim/class.h"

/* NAME is in PROPERTIES (NULL-ended; NULL = all are). */
gboolean cim_xml_is_wanted (const char *const *properties, const char *name);

/* Appends "<PROPERTY NAME=... TYPE=..." (or PROPERTY.ARRAY, PROPERTY.REFERENCE), the tag still
 * open, with ORIGIN as CLASSORIGIN unless it is NULL. Returns the element's name. */
const char *cim_xml_append_property_start (GString *out, const CimProperty *property,
                                           const CimClass *origin);

#endif
