/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* embedded.h: instances as texts in string parameters and properties.
 *
 * Read: CIM-XML (<INSTANCE CLASSNAME=...>), the same in WMI's DTD (QUALIFIERs, CLASSORIGIN, wrapped
 * in DECLARATION or CIM), and MOF ("instance of Class { P = value; };"). A DOCTYPE in front is
 * skipped without being read. Unknown properties are ignored, absent ones stay NULL. Written:
 * CIM-XML, with NAME as the first attribute.
 */
#ifndef CIM_EMBEDDED_H
#define CIM_EMBEDDED_H

#include "cim/instance.h"
#include "cim/schema.h"

#define CIM_EMBEDDED_BYTES_MAX (256u << 10)

/* The instance that TEXT holds, of CLASS or one derived from it. INVALID_PARAMETER (not understood,
 * of another class), TYPE_MISMATCH. */
CimInstance *cim_embedded_parse (const CimSchema *schema, const CimClass *class, const char *text,
                                 GError **error);

void cim_embedded_append (GString *out, const CimInstance *instance);

#endif
