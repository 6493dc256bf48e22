/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema.h: all classes there are. */
#ifndef CIM_SCHEMA_H
#define CIM_SCHEMA_H

#include "cim/class.h"

typedef struct CimSchema CimSchema;

/* The process's schema, made from the tables of schema/ on first use (any thread); borrowed, never
 * freed. */
const CimSchema *cim_schema_get (void);

/* The flag of a namespace, spelled with / or \, in any letter case, with or without one in front; 0
 * when there is no such namespace. */
unsigned cim_namespace_parse (const char *name);

/* "root/virtualization/v2" or "root/cimv2". */
const char *cim_namespace_name (unsigned namespace_flag);

/* A class of that namespace (one CIM_IN_* flag), letter case ignored; NULL when there is none. */
const CimClass *cim_schema_find (const CimSchema *schema, unsigned namespace_flag,
                                 const char *name);

/* All classes of the namespace, superclasses first; of const CimClass *, borrowed. */
const GPtrArray *cim_schema_list (const CimSchema *schema, unsigned namespace_flag);

#endif
