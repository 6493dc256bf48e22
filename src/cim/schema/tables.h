/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables.h: the declarations of all classes, family by family, and how one is written.
 *
 * A family's table ends with a declaration whose name is NULL; a superclass stands in any family.
 * The rows' last arguments are designated members of CimProperty (.values, .max_len, .description).
 * Source of what is declared: the DMTF's CIM schema, and Microsoft's documentation of the classes
 * of root\virtualization\v2 (Hyper-V WMI provider, V2) and of root\cimv2 (Win32 and CIM providers).
 */
#ifndef CIM_SCHEMA_TABLES_H
#define CIM_SCHEMA_TABLES_H

#include "cim/class.h"

/* NULL-ended. */
extern const CimDeclaration *const cim_schema_families[];

extern const CimDeclaration cim_family_base[], cim_family_job[], cim_family_reference_point[],
    cim_family_system[], cim_family_resource[], cim_family_device[], cim_family_network[],
    cim_family_snapshot[], cim_family_management[], cim_family_image[], cim_family_win32_base[],
    cim_family_win32_system[], cim_family_win32_operating_system[], cim_family_win32_processor[];

/* ---- values.c: value maps that several classes share ---- */

/* Return values: of methods that the DMTF declares, of those that create, of RequestStateChange, of
 * StartService and StopService, and of Hyper-V's own (0, 4096, 32768..32778). */
extern const char *const cim_values_return_dmtf[], *const cim_values_return_create[],
                                                       *const cim_values_return_state_change[],
                                                           *const cim_values_return_service[],
                                                               *const cim_values_return_hyperv[];
extern const char *const cim_values_consistency_level[], *const cim_values_reference_point_type[];

/* ---- classes ---- */

#define CLASS(name_, superclass_, flags_, description_, ...)                                       \
  {                                                                                                \
    .name = name_, .superclass = superclass_, .flags = flags_, .description = description_,        \
    __VA_ARGS__                                                                                    \
  }

#define CIM_PROPERTIES(table) .properties = table, .n_properties = G_N_ELEMENTS (table)
#define CIM_METHODS(table)    .methods = table, .n_methods = G_N_ELEMENTS (table)

/* ---- properties ---- */

#define CIM_ROW(name_, type_, flags_, ...)                                                         \
  {                                                                                                \
    .name = name_, .type = CIM_##type_, .flags = flags_, __VA_ARGS__                               \
  }
#define PROPERTY(name, type, ...) CIM_ROW (name, type, 0, __VA_ARGS__)
#define ARRAY(name, type, ...)    CIM_ROW (name, type, CIM_ARRAY, __VA_ARGS__)
#define KEY(name, type, ...)      CIM_ROW (name, type, CIM_KEY, __VA_ARGS__)
/* An end of an association. */
#define END(name, class_, ...)                                                                     \
  CIM_ROW (name, REFERENCE, CIM_KEY, .class_name = class_, ##__VA_ARGS__)
/* A value map, in pairs. */
#define VALUE_MAP(...)                                                                             \
  {                                                                                                \
    __VA_ARGS__, NULL                                                                              \
  }
#define VALUES(...) .values = (const char *const[])VALUE_MAP (__VA_ARGS__)

/* ---- methods ---- */

#define METHOD(name_, parameters_, values_, description_)                                          \
  {                                                                                                \
    .name = name_, .parameters = parameters_, .n_parameters = G_N_ELEMENTS (parameters_),          \
    .values = values_, .description = description_                                                 \
  }
#define METHOD_WITHOUT_PARAMETERS(name_, values_, description_)                                    \
  {                                                                                                \
    .name = name_, .values = values_, .description = description_                                  \
  }

#define IN(name, type, ...)        CIM_ROW (name, type, CIM_IN, __VA_ARGS__)
#define IN_ARRAY(name, type, ...)  CIM_ROW (name, type, CIM_IN | CIM_ARRAY, __VA_ARGS__)
#define OUT(name, type, ...)       CIM_ROW (name, type, CIM_OUT, __VA_ARGS__)
#define OUT_ARRAY(name, type, ...) CIM_ROW (name, type, CIM_OUT | CIM_ARRAY, __VA_ARGS__)
#define IN_REFERENCE(name, class_, ...)                                                            \
  CIM_ROW (name, REFERENCE, CIM_IN, .class_name = class_, ##__VA_ARGS__)
#define IN_REFERENCES(name, class_, ...)                                                           \
  CIM_ROW (name, REFERENCE, CIM_IN | CIM_ARRAY, .class_name = class_, ##__VA_ARGS__)
#define OUT_REFERENCE(name, class_, ...)                                                           \
  CIM_ROW (name, REFERENCE, CIM_OUT, .class_name = class_, ##__VA_ARGS__)
#define OUT_REFERENCES(name, class_, ...)                                                          \
  CIM_ROW (name, REFERENCE, CIM_OUT | CIM_ARRAY, .class_name = class_, ##__VA_ARGS__)
#define IN_OUT_REFERENCE(name, class_, ...)                                                        \
  CIM_ROW (name, REFERENCE, CIM_IN | CIM_OUT, .class_name = class_, ##__VA_ARGS__)
/* An instance in a string. */
#define IN_EMBEDDED(name, class_, ...)                                                             \
  CIM_ROW (name, STRING, CIM_IN, .class_name = class_, ##__VA_ARGS__)
#define IN_EMBEDDED_ARRAY(name, class_, ...)                                                       \
  CIM_ROW (name, STRING, CIM_IN | CIM_ARRAY, .class_name = class_, ##__VA_ARGS__)
#define OUT_EMBEDDED(name, class_, ...)                                                            \
  CIM_ROW (name, STRING, CIM_OUT, .class_name = class_, ##__VA_ARGS__)
#define OUT_EMBEDDED_ARRAY(name, class_, ...)                                                      \
  CIM_ROW (name, STRING, CIM_OUT | CIM_ARRAY, .class_name = class_, ##__VA_ARGS__)
#define JOB                                                                                        \
  OUT_REFERENCE ("Job", "CIM_ConcreteJob",                                                         \
                 .description = "The job that goes on with it, when the method returns 4096")

#endif
