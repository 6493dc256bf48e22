/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* class.h: classes as tables.
 *
 * What a class declares (CimDeclaration) is constant data; the tables stand in schema/. The schema
 * (schema.h) resolves them once, at the start: a CimClass has all its features, inherited ones
 * first. One resolved class feeds GetClass, MOF, type checks, WQL and the encodings. Everything
 * here is constant after that, and may be read by any thread.
 */
#ifndef CIM_CLASS_H
#define CIM_CLASS_H

#include "cim/type.h"

/* Of properties and parameters. */
typedef enum
{
  CIM_KEY = 1 << 0,
  CIM_ARRAY = 1 << 1,
  CIM_WRITE = 1 << 2,
  CIM_IN = 1 << 3,
  CIM_OUT = 1 << 4,
  CIM_REQUIRED = 1 << 5,
} CimFeatureFlags;

/* A property, or a parameter of a method. */
typedef struct
{
  const char *name;
  CimType type;
  unsigned flags; /* CimFeatureFlags */
  const char
      *class_name; /* of a reference: what it refers to; of a string: the class of the embedded
                      instance that it holds (qualifier EmbeddedInstance); else NULL */
  const char *const *values; /* NULL-ended, in pairs: a value of ValueMap and its text of Values;
                                NULL = none */
  unsigned max_len;          /* 0 = none */
  const char *description;   /* NULL = none */
} CimProperty;

typedef struct
{
  const char *name;
  const CimProperty *parameters; /* in the documented order */
  guint n_parameters;
  const char *const *values; /* of the return value, which is always uint32 */
  const char *description;
} CimMethod;

typedef enum
{
  CIM_ABSTRACT = 1 << 0,
  CIM_ASSOCIATION = 1 << 1,
  CIM_DYNAMIC = 1 << 2,           /* instances are given by a provider */
  CIM_SINGLETON = 1 << 3,         /* one instance at most: selectable by any of its keys, or none */
  CIM_IN_VIRTUALIZATION = 1 << 8, /* the namespaces that have it */
  CIM_IN_CIMV2 = 1 << 9,
} CimClassFlags;

#define CIM_NAMESPACE_VIRTUALIZATION "root/virtualization/v2"
#define CIM_NAMESPACE_CIMV2          "root/cimv2"

/* One class as it is declared. */
typedef struct
{
  const char *name;
  const char *superclass; /* NULL = none */
  unsigned flags;
  const char *description;
  const CimProperty *properties; /* those declared here; one with the name of an inherited one
                                    overrides it */
  guint n_properties;
  const CimMethod *methods;
  guint n_methods;
} CimDeclaration;

typedef struct CimClass CimClass;

/* A method with its parameters as a class, so that arguments are an instance (instance.h). */
typedef struct
{
  const CimMethod *declared;
  const CimClass *origin;
  CimClass *parameters; /* name: the method's */
} CimResolvedMethod;

struct CimClass
{
  const char *name;
  const CimDeclaration *declaration; /* NULL for a method's parameters */
  const CimClass *superclass;
  unsigned flags;
  const CimProperty **properties; /* all of them: inherited first, in the order declared */
  const CimClass **origins;       /* parallel: where each was declared */
  guint n_properties;
  CimResolvedMethod *methods; /* all of them */
  guint n_methods;
  GPtrArray *subclasses; /* of const CimClass *, borrowed: the direct ones */
  guint *keys;           /* indices of the key properties, in the order of their names */
  guint n_keys;
  GHashTable *by_name; /* lower-case name -> index + 1 */
};

/* The index of a property, letter case ignored; -1 when there is none. */
int cim_class_find_property (const CimClass *class, const char *name);

const CimResolvedMethod *cim_class_find_method (const CimClass *class, const char *name);

/* CLASS is ANCESTOR, or derived from it. */
gboolean cim_class_is_a (const CimClass *class, const CimClass *ancestor);

/* The documented text of a value of a value map ("4096" -> "Method Parameters Checked - Job
 * Started"); NULL when there is none. */
const char *cim_values_find (const char *const *values, uint64_t value);

#endif
