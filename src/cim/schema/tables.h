/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables.h: the declarations of all classes, family by family, and how one is written.
 *
 * A family's table ends with a declaration whose name is NULL; a superclass stands in any family.
 */
#ifndef CIM_SCHEMA_TABLES_H
#define CIM_SCHEMA_TABLES_H

#include "cim/class.h"

/* NULL-ended. */
extern const CimDeclaration *const cim_schema_families[];

#define CIM_PROPERTIES(table) .properties = table, .n_properties = G_N_ELEMENTS (table)
#define CIM_PARAMETERS(table) .parameters = table, .n_parameters = G_N_ELEMENTS (table)
#define CIM_METHODS(table)    .methods = table, .n_methods = G_N_ELEMENTS (table)

#endif
