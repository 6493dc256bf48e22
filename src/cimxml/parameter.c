/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IPARAMVALUEs of intrinsic operations. */
#include <stddef.h>
#include <string.h>

#include "cimxml/request.h"

typedef enum
{
  KIND_CLASS,   /* CLASSNAME */
  KIND_PATH,    /* INSTANCENAME, or CLASSNAME */
  KIND_BOOLEAN, /* VALUE */
  KIND_NUMBER,
  KIND_TEXT,
  KIND_NAMES, /* VALUE.ARRAY */
} Kind;

#define PLACE(field) offsetof (CimxmlParameters, field)

static const struct
{
  const char *name;
  CimxmlParameter bit;
  Kind kind;
  size_t place;
} known[] = {
  { "ClassName", CIMXML_CLASS_NAME, KIND_CLASS, PLACE (class_name) },
  { "InstanceName", CIMXML_INSTANCE_NAME, KIND_PATH, PLACE (path) },
  { "ObjectName", CIMXML_OBJECT_NAME, KIND_PATH, PLACE (path) },
  { "LocalOnly", CIMXML_LOCAL_ONLY, KIND_BOOLEAN, 0 },
  { "DeepInheritance", CIMXML_DEEP, KIND_BOOLEAN, 0 },
  { "IncludeQualifiers", CIMXML_QUALIFIERS, KIND_BOOLEAN, 0 },
  { "IncludeClassOrigin", CIMXML_CLASS_ORIGIN, KIND_BOOLEAN, 0 },
  { "PropertyList", CIMXML_PROPERTY_LIST, KIND_NAMES, 0 },
  { "AssocClass", CIMXML_ASSOC_CLASS, KIND_CLASS, PLACE (assoc_class) },
  { "ResultClass", CIMXML_RESULT_CLASS, KIND_CLASS, PLACE (result_class) },
  { "Role", CIMXML_ROLE, KIND_TEXT, PLACE (role) },
  { "ResultRole", CIMXML_RESULT_ROLE, KIND_TEXT, PLACE (result_role) },
  { "QueryLanguage", CIMXML_QUERY_LANGUAGE, KIND_TEXT, PLACE (query_language) },
  { "Query", CIMXML_QUERY, KIND_TEXT, PLACE (query) },
  { "FilterQueryLanguage", CIMXML_FILTER_LANGUAGE, KIND_TEXT, PLACE (filter_language) },
  { "FilterQuery", CIMXML_FILTER_QUERY, KIND_TEXT, PLACE (filter_query) },
  { "ReturnQueryResultClass", CIMXML_QUERY_RESULT_CLASS, KIND_BOOLEAN, 0 },
  { "PropertyName", CIMXML_PROPERTY_NAME, KIND_TEXT, PLACE (property_name) },
  { "QualifierName", CIMXML_QUALIFIER_NAME, KIND_TEXT, PLACE (qualifier_name) },
  { "EnumerationContext", CIMXML_CONTEXT, KIND_TEXT, PLACE (context) },
  { "MaxObjectCount", CIMXML_MAX_COUNT, KIND_NUMBER, PLACE (max_count) },
  { "OperationTimeout", CIMXML_TIMEOUT, KIND_NUMBER, PLACE (timeout_s) },
  { "ContinueOnError", CIMXML_CONTINUE, KIND_BOOLEAN, 0 },
};

static gboolean
refuse (GError **error, const char *name, const char *why)
{
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER, "parameter %.64s: %s", name, why);
  return FALSE;
}

/* A path of INSTANCENAME and CLASSNAME is in the namespace of the call. */
static gboolean
read_path (CimxmlRequest *request, const CairnXmlNode *child, const CimPath **out, GError **error)
{
  CairnArena *arena = &request->document->arena;
  const CimPath *path = cim_xml_read_path (arena, child, error);
  CimPath *placed;

  if (!path)
    return FALSE;
  placed = cairn_arena_alloc (arena, sizeof *placed);
  *placed = *path;
  if (!placed->namespace_)
    placed->namespace_ = request->namespace_;
  *out = placed;
  return TRUE;
}

static gboolean
read_class (const CairnXmlNode *child, const char *name, const char **out, GError **error)
{
  *out = cairn_xml_is (child, "", "CLASSNAME") ? cairn_xml_attribute (child, "", "NAME") : NULL;
  return *out || refuse (error, name, "a CLASSNAME with a NAME is wanted");
}

static gboolean
read_names (CimxmlRequest *request, const CairnXmlNode *child, const char *name, GError **error)
{
  CimxmlParameters *parameters = &request->parameters;
  const char **names;
  guint n = 0;
  size_t length = 0;

  if (!cairn_xml_is (child, "", "VALUE.ARRAY"))
    return refuse (error, name, "a VALUE.ARRAY is wanted");
  names = cairn_arena_alloc (&request->document->arena,
                             (CIMXML_PROPERTY_NAMES_MAX + 1) * sizeof *names);
  for (const CairnXmlNode *one = cairn_xml_child (child, "", "VALUE"); one;
       one = cairn_xml_next (one, "", "VALUE"))
    {
      length += strlen (one->text) + 1;
      if (n == CIMXML_PROPERTY_NAMES_MAX || length > CIMXML_PROPERTY_BYTES_MAX)
        return refuse (error, name, "more than 256 names or 4096 bytes; leave it out for all");
      names[n++] = one->text;
    }
  parameters->properties = names;
  parameters->n_properties = n;
  return TRUE;
}

static gboolean
read_number (const CairnXmlNode *child, const char *name, uint64_t *number, GError **error)
{
  CimValue value;
  g_autofree char *text = g_strstrip (g_strdup (child->text));

  if (!cim_value_parse (CIM_UINT32, text, &value))
    return refuse (error, name, "a number of 32 bits is wanted");
  *number = value.number;
  return TRUE;
}

static gboolean
read_boolean (CimxmlParameters *parameters, const CairnXmlNode *child, const char *name,
              unsigned bit, GError **error)
{
  CimValue value;
  g_autofree char *text = g_strstrip (g_strdup (child->text));

  if (!cim_value_parse (CIM_BOOLEAN, text, &value))
    return refuse (error, name, "TRUE or FALSE is wanted");
  parameters->booleans = value.number ? parameters->booleans | bit : parameters->booleans & ~bit;
  return TRUE;
}

/* CHILD: what the IPARAMVALUE of known[I] holds. */
static gboolean
read_known (CimxmlRequest *request, guint i, const CairnXmlNode *child, GError **error)
{
  CimxmlParameters *parameters = &request->parameters;
  void *place = (char *)parameters + known[i].place;
  const char *name = known[i].name;

  if (known[i].kind == KIND_CLASS)
    return read_class (child, name, place, error);
  if (known[i].kind == KIND_PATH)
    return read_path (request, child, place, error);
  if (known[i].kind == KIND_NAMES)
    return read_names (request, child, name, error);
  if (!cairn_xml_is (child, "", "VALUE"))
    return refuse (error, name, "a VALUE is wanted");
  if (known[i].kind == KIND_NUMBER)
    return read_number (child, name, place, error);
  if (known[i].kind == KIND_BOOLEAN)
    return read_boolean (parameters, child, name, known[i].bit, error);
  *(const char **)place = child->text;
  return TRUE;
}

static gboolean
read_one (CimxmlRequest *request, const CairnXmlNode *node, unsigned *seen, GError **error)
{
  const char *name = cairn_xml_attribute (node, "", "NAME");
  guint i = 0;

  if (!name)
    return refuse (error, "?", "an IPARAMVALUE has no NAME");
  while (i < G_N_ELEMENTS (known) && g_ascii_strcasecmp (known[i].name, name) != 0)
    i++;
  if (i == G_N_ELEMENTS (known) || !(known[i].bit & request->operation->allowed))
    return refuse (error, name, "the operation has no such parameter");
  if (*seen & known[i].bit)
    return refuse (error, name, "given twice");
  *seen |= known[i].bit;
  if (!node->children)
    return TRUE; /* NULL */
  request->parameters.given |= known[i].bit;
  return read_known (request, i, node->children, error);
}

gboolean
cimxml_parameters_read (CimxmlRequest *request, GError **error)
{
  const CimxmlOperation *operation = request->operation;
  unsigned missing, seen = 0;

  request->parameters.booleans = operation->defaults;
  for (const CairnXmlNode *node = cairn_xml_child (request->node, "", "IPARAMVALUE"); node;
       node = cairn_xml_next (node, "", "IPARAMVALUE"))
    if (!read_one (request, node, &seen, error))
      return FALSE;

  missing = operation->required & ~request->parameters.given;
  for (guint i = 0; missing && i < G_N_ELEMENTS (known); i++)
    if (missing & known[i].bit)
      return refuse (error, known[i].name, "it is missing, and needed");
  return TRUE;
}
