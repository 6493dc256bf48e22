/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* embedded-mof.h: an instance as MOF text. Private to embedded.
 *
 * Read is what GetObjectText and people write: `instance of Class [as $Alias] { Name = value; };`
 * with comments, pragmas and qualifiers in any place where MOF has them, which are skipped. Not
 * understood: several instances, and instances or aliases as values of properties that the class
 * has. Source: DSP0004, CIM Infrastructure, annex A (MOF syntax).
 */
#ifndef CIM_EMBEDDED_MOF_H
#define CIM_EMBEDDED_MOF_H

#include "cim/instance.h"

/* Makes the instance of the class that the text names; NULL when it may not be of that class.
 * MAKE has set the error then. */
typedef CimInstance *(*CimMofMake) (gconstpointer user, const char *class_name, GError **error);

/* INVALID_PARAMETER, with the line; TYPE_MISMATCH. */
CimInstance *cim_mof_parse (const char *text, CimMofMake make, gconstpointer user, GError **error);

#endif
