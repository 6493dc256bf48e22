/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Associators, AssociatorNames, References and ReferenceNames, of an instance; what they are of a
 * class is in associator-class.c. */
#include "cimxml/request.h"

/* A class that a filter names is one of the namespace's. */
static gboolean
check_filter_class (const CimxmlRequest *request, const char *name, GError **error)
{
  return !name || cimxml_find_class (request, name, error);
}

static gboolean
read_filter (const CimxmlRequest *request, gboolean is_references, CimAssociationFilter *filter,
             GError **error)
{
  const CimxmlParameters *parameters = &request->parameters;

  if (!cimxml_find_class (request, parameters->path->class_name, error)
      || !check_filter_class (request, parameters->assoc_class, error)
      || !check_filter_class (request, parameters->result_class, error))
    return FALSE;
  *filter = (CimAssociationFilter){
    .object = parameters->path,
    .association_class = is_references ? parameters->result_class : parameters->assoc_class,
    .result_class = is_references ? NULL : parameters->result_class,
    .role = parameters->role,
    .result_role = parameters->result_role,
  };
  return TRUE;
}

gboolean
cimxml_begin_associators (CimxmlRequest *request, GError **error)
{
  CimAssociationFilter filter;

  if (!read_filter (request, FALSE, &filter, error))
    return FALSE;
  request->enumeration
      = cim_broker_associators (request->server->broker, request->namespace_, &filter, error);
  return request->enumeration != NULL;
}

gboolean
cimxml_begin_references (CimxmlRequest *request, GError **error)
{
  CimAssociationFilter filter;

  if (!read_filter (request, TRUE, &filter, error))
    return FALSE;
  request->enumeration
      = cim_broker_references (request->server->broker, request->namespace_, &filter, error);
  return request->enumeration != NULL;
}

static gboolean
begin (CimxmlRequest *request, gboolean (*begin_family) (CimxmlRequest *, GError **),
       GError **error)
{
  if (request->parameters.path->n_keys == 0)
    {
      request->is_quick = TRUE; /* a class: only the schema is asked */
      return TRUE;
    }
  if (!begin_family (request, error))
    return FALSE;
  cimxml_style_set (request);
  request->is_quick = cim_enumeration_is_quick (request->enumeration);
  return TRUE;
}

gboolean
cimxml_associators_begin (CimxmlRequest *request, GError **error)
{
  return begin (request, cimxml_begin_associators, error);
}

gboolean
cimxml_associators_run (CimxmlRequest *request, GError **error)
{
  return request->enumeration ? cimxml_enumerate_run (request, error)
                              : cimxml_append_class_associators (request, FALSE, error);
}

gboolean
cimxml_references_begin (CimxmlRequest *request, GError **error)
{
  return begin (request, cimxml_begin_references, error);
}

gboolean
cimxml_references_run (CimxmlRequest *request, GError **error)
{
  return request->enumeration ? cimxml_enumerate_run (request, error)
                              : cimxml_append_class_associators (request, TRUE, error);
}
