/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.h: what a CIM operation (not a method of a class) fails with: CIM's status codes.
 *
 * A method that fails for a reason of its own returns a code of its return table; these are for
 * what WMI itself would reject. Errors of CAIRN_ERROR may come out of providers too;
 * cim_error_status maps them. Source: DSP0200, CIM Operations over HTTP, table 4.
 */
#ifndef CIM_ERROR_H
#define CIM_ERROR_H

#include <glib.h>

#define CIM_ERROR (cim_error_quark ())

typedef enum
{
  CIM_ERR_FAILED = 1,
  CIM_ERR_ACCESS_DENIED = 2,
  CIM_ERR_INVALID_NAMESPACE = 3,
  CIM_ERR_INVALID_PARAMETER = 4,
  CIM_ERR_INVALID_CLASS = 5,
  CIM_ERR_NOT_FOUND = 6,
  CIM_ERR_NOT_SUPPORTED = 7,
  CIM_ERR_ALREADY_EXISTS = 11,
  CIM_ERR_NO_SUCH_PROPERTY = 12,
  CIM_ERR_TYPE_MISMATCH = 13,
  CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED = 14,
  CIM_ERR_INVALID_QUERY = 15,
  CIM_ERR_METHOD_NOT_AVAILABLE = 16,
  CIM_ERR_METHOD_NOT_FOUND = 17,
  CIM_ERR_INVALID_ENUMERATION_CONTEXT = 21,
  CIM_ERR_INVALID_OPERATION_TIMEOUT = 22,
  CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED = 25,
  CIM_ERR_SERVER_LIMITS_EXCEEDED = 27,
  CIM_ERR_SERVER_IS_SHUTTING_DOWN = 28,
} CimErrorCode;

GQuark cim_error_quark (void);

/* The status code of an error of either domain; FAILED for any other. */
CimErrorCode cim_error_status (const GError *error);

/* "CIM_ERR_NOT_FOUND", ...; borrowed, static. */
const char *cim_error_name (CimErrorCode code);

#endif
