/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CIM's status codes. */
#include "cim/error.h"

#include <cairn/error.h>

/* Not G_DEFINE_QUARK, whose argument clang-format takes for a subtraction. */
GQuark
cim_error_quark (void)
{
  return g_quark_from_static_string ("cim-error-quark");
}

static const struct
{
  CimErrorCode code;
  const char *name;
} names[] = {
  { CIM_ERR_FAILED, "CIM_ERR_FAILED" },
  { CIM_ERR_ACCESS_DENIED, "CIM_ERR_ACCESS_DENIED" },
  { CIM_ERR_INVALID_NAMESPACE, "CIM_ERR_INVALID_NAMESPACE" },
  { CIM_ERR_INVALID_PARAMETER, "CIM_ERR_INVALID_PARAMETER" },
  { CIM_ERR_INVALID_CLASS, "CIM_ERR_INVALID_CLASS" },
  { CIM_ERR_NOT_FOUND, "CIM_ERR_NOT_FOUND" },
  { CIM_ERR_NOT_SUPPORTED, "CIM_ERR_NOT_SUPPORTED" },
  { CIM_ERR_ALREADY_EXISTS, "CIM_ERR_ALREADY_EXISTS" },
  { CIM_ERR_NO_SUCH_PROPERTY, "CIM_ERR_NO_SUCH_PROPERTY" },
  { CIM_ERR_TYPE_MISMATCH, "CIM_ERR_TYPE_MISMATCH" },
  { CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED" },
  { CIM_ERR_INVALID_QUERY, "CIM_ERR_INVALID_QUERY" },
  { CIM_ERR_METHOD_NOT_AVAILABLE, "CIM_ERR_METHOD_NOT_AVAILABLE" },
  { CIM_ERR_METHOD_NOT_FOUND, "CIM_ERR_METHOD_NOT_FOUND" },
  { CIM_ERR_INVALID_ENUMERATION_CONTEXT, "CIM_ERR_INVALID_ENUMERATION_CONTEXT" },
  { CIM_ERR_INVALID_OPERATION_TIMEOUT, "CIM_ERR_INVALID_OPERATION_TIMEOUT" },
  { CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED, "CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED" },
  { CIM_ERR_SERVER_LIMITS_EXCEEDED, "CIM_ERR_SERVER_LIMITS_EXCEEDED" },
  { CIM_ERR_SERVER_IS_SHUTTING_DOWN, "CIM_ERR_SERVER_IS_SHUTTING_DOWN" },
};

const char *
cim_error_name (CimErrorCode code)
{
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].code == code)
      return names[i].name;
  return "CIM_ERR_FAILED";
}

static CimErrorCode
status_of_method_code (int code)
{
  switch (code)
    {
    case CAIRN_ERROR_ACCESS_DENIED:
      return CIM_ERR_ACCESS_DENIED;
    case CAIRN_ERROR_NOT_SUPPORTED:
      return CIM_ERR_NOT_SUPPORTED;
    case CAIRN_ERROR_INVALID_PARAMETER:
      return CIM_ERR_INVALID_PARAMETER;
    case CAIRN_ERROR_INCORRECT_DATA_TYPE:
      return CIM_ERR_TYPE_MISMATCH;
    case CAIRN_ERROR_FILE_NOT_FOUND:
      return CIM_ERR_NOT_FOUND;
    case CAIRN_ERROR_OUT_OF_MEMORY:
      return CIM_ERR_SERVER_LIMITS_EXCEEDED;
    default:
      return CIM_ERR_FAILED;
    }
}

CimErrorCode
cim_error_status (const GError *error)
{
  if (error->domain == CIM_ERROR)
    return (CimErrorCode)error->code;
  return error->domain == CAIRN_ERROR ? status_of_method_code (error->code) : CIM_ERR_FAILED;
}
