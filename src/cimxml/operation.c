/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The intrinsic operations.
 *
 * LocalOnly of instances is taken and ignored, as DSP0200 recommends (it leaves out properties in
 * ways that no two servers agree on), and so is IncludeQualifiers of instances.
 * Source: DSP0200, sections 5.3.2 and 5.4; the parameters' defaults are from there.
 */
#include <stdlib.h>

#include "cimxml/request.h"

#define INSTANCE_FLAGS                                                                             \
  (CIMXML_LOCAL_ONLY | CIMXML_QUALIFIERS | CIMXML_CLASS_ORIGIN | CIMXML_PROPERTY_LIST)
#define CLASS_FLAGS  (CIMXML_LOCAL_ONLY | CIMXML_QUALIFIERS | CIMXML_CLASS_ORIGIN)
#define OBJECT_FLAGS (CIMXML_QUALIFIERS | CIMXML_CLASS_ORIGIN | CIMXML_PROPERTY_LIST)
#define ASSOCIATOR_ENDS                                                                            \
  (CIMXML_ASSOC_CLASS | CIMXML_RESULT_CLASS | CIMXML_ROLE | CIMXML_RESULT_ROLE)
#define REFERENCE_ENDS (CIMXML_RESULT_CLASS | CIMXML_ROLE)
#define OPEN                                                                                       \
  (CIMXML_FILTER_LANGUAGE | CIMXML_FILTER_QUERY | CIMXML_TIMEOUT | CIMXML_CONTINUE                 \
   | CIMXML_MAX_COUNT)
#define PULL          (CIMXML_CONTEXT | CIMXML_MAX_COUNT)

#define CALLS(family) cimxml_##family##_begin, cimxml_##family##_run
#define NOT_SUPPORTED(name)                                                                        \
  {                                                                                                \
    name, 0, 0, 0, 0, NULL, NULL                                                                   \
  }

/* By name, for bsearch. */
static const CimxmlOperation operations[] = {
  { "AssociatorNames", CIMXML_OBJECT_NAME | ASSOCIATOR_ENDS, CIMXML_OBJECT_NAME, 0,
    CIMXML_OBJECT_PATH, CALLS (associators) },
  { "Associators", CIMXML_OBJECT_NAME | ASSOCIATOR_ENDS | OBJECT_FLAGS, CIMXML_OBJECT_NAME, 0,
    CIMXML_OBJECT_WITH_PATH, CALLS (associators) },
  { "CloseEnumeration", CIMXML_CONTEXT, CIMXML_CONTEXT, 0, 0, CALLS (close) },
  NOT_SUPPORTED ("CreateClass"),
  NOT_SUPPORTED ("CreateInstance"),
  NOT_SUPPORTED ("DeleteClass"),
  NOT_SUPPORTED ("DeleteInstance"),
  NOT_SUPPORTED ("DeleteQualifier"),
  { "EnumerateClasses", CIMXML_CLASS_NAME | CIMXML_DEEP | CLASS_FLAGS, 0,
    CIMXML_LOCAL_ONLY | CIMXML_QUALIFIERS, CIMXML_INSTANCE, CALLS (enumerate_classes) },
  { "EnumerateClassNames", CIMXML_CLASS_NAME | CIMXML_DEEP, 0, 0, CIMXML_NAME,
    CALLS (enumerate_classes) },
  { "EnumerateInstanceNames", CIMXML_CLASS_NAME, CIMXML_CLASS_NAME, CIMXML_DEEP, CIMXML_NAME,
    CALLS (enumerate) },
  { "EnumerateInstances", CIMXML_CLASS_NAME | CIMXML_DEEP | INSTANCE_FLAGS, CIMXML_CLASS_NAME,
    CIMXML_DEEP, CIMXML_NAMED_INSTANCE, CALLS (enumerate) },
  { "EnumerateQualifiers", 0, 0, 0, 0, CALLS (get_qualifier) },
  { "EnumerationCount", CIMXML_CONTEXT, CIMXML_CONTEXT, 0, 0, CALLS (count) },
  { "ExecQuery", CIMXML_QUERY_LANGUAGE | CIMXML_QUERY, CIMXML_QUERY_LANGUAGE | CIMXML_QUERY, 0,
    CIMXML_OBJECT_WITH_PATH, CALLS (query) },
  { "GetClass", CIMXML_CLASS_NAME | CLASS_FLAGS | CIMXML_PROPERTY_LIST, CIMXML_CLASS_NAME,
    CIMXML_LOCAL_ONLY | CIMXML_QUALIFIERS, 0, CALLS (get_class) },
  { "GetInstance", CIMXML_INSTANCE_NAME | INSTANCE_FLAGS, CIMXML_INSTANCE_NAME, 0, CIMXML_INSTANCE,
    CALLS (get_instance) },
  { "GetProperty", CIMXML_INSTANCE_NAME | CIMXML_PROPERTY_NAME,
    CIMXML_INSTANCE_NAME | CIMXML_PROPERTY_NAME, 0, 0, CALLS (get_property) },
  { "GetQualifier", CIMXML_QUALIFIER_NAME, CIMXML_QUALIFIER_NAME, 0, 0, CALLS (get_qualifier) },
  NOT_SUPPORTED ("ModifyClass"),
  NOT_SUPPORTED ("ModifyInstance"),
  { "OpenAssociatorInstancePaths", CIMXML_INSTANCE_NAME | ASSOCIATOR_ENDS | OPEN,
    CIMXML_INSTANCE_NAME, 0, CIMXML_INSTANCE_PATH, CALLS (open_associators) },
  { "OpenAssociatorInstances", CIMXML_INSTANCE_NAME | ASSOCIATOR_ENDS | OBJECT_FLAGS | OPEN,
    CIMXML_INSTANCE_NAME, 0, CIMXML_INSTANCE_WITH_PATH, CALLS (open_associators) },
  { "OpenEnumerateInstancePaths", CIMXML_CLASS_NAME | OPEN, CIMXML_CLASS_NAME, CIMXML_DEEP,
    CIMXML_INSTANCE_PATH, CALLS (open_instances) },
  { "OpenEnumerateInstances", CIMXML_CLASS_NAME | CIMXML_DEEP | INSTANCE_FLAGS | OPEN,
    CIMXML_CLASS_NAME, CIMXML_DEEP, CIMXML_INSTANCE_WITH_PATH, CALLS (open_instances) },
  { "OpenQueryInstances", CIMXML_QUERY_RESULT_CLASS | OPEN,
    CIMXML_FILTER_LANGUAGE | CIMXML_FILTER_QUERY, 0, CIMXML_INSTANCE, CALLS (open_query) },
  { "OpenReferenceInstancePaths", CIMXML_INSTANCE_NAME | REFERENCE_ENDS | OPEN,
    CIMXML_INSTANCE_NAME, 0, CIMXML_INSTANCE_PATH, CALLS (open_references) },
  { "OpenReferenceInstances", CIMXML_INSTANCE_NAME | REFERENCE_ENDS | OBJECT_FLAGS | OPEN,
    CIMXML_INSTANCE_NAME, 0, CIMXML_INSTANCE_WITH_PATH, CALLS (open_references) },
  { "PullInstancePaths", PULL, PULL, 0, CIMXML_INSTANCE_PATH, CALLS (pull) },
  { "PullInstances", PULL, PULL, 0, CIMXML_INSTANCE, CALLS (pull) },
  { "PullInstancesWithPath", PULL, PULL, 0, CIMXML_INSTANCE_WITH_PATH, CALLS (pull) },
  { "ReferenceNames", CIMXML_OBJECT_NAME | REFERENCE_ENDS, CIMXML_OBJECT_NAME, 0,
    CIMXML_OBJECT_PATH, CALLS (references) },
  { "References", CIMXML_OBJECT_NAME | REFERENCE_ENDS | OBJECT_FLAGS, CIMXML_OBJECT_NAME, 0,
    CIMXML_OBJECT_WITH_PATH, CALLS (references) },
  NOT_SUPPORTED ("SetProperty"),
  NOT_SUPPORTED ("SetQualifier"),
};

static int
compare_name (const void *name, const void *operation)
{
  return g_ascii_strcasecmp (name, ((const CimxmlOperation *)operation)->name);
}

const CimxmlOperation *
cimxml_operation_find (const char *name)
{
  return bsearch (name, operations, G_N_ELEMENTS (operations), sizeof operations[0], compare_name);
}
