/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/error.h: the one error domain of libcairn.
 *
 * A code is the return value of the methods of Msvm_VirtualSystemReferencePointService, so that one
 * number serves the library, a method's ReturnValue, a protocol fault and the command line. Every
 * error's message is one sentence that names the object, the cause and the remedy.
 *
 * Source: Msvm_VirtualSystemReferencePointService.ImportReferencePointMetadata, return values;
 * 32779 is from its sibling Msvm_ImageManagementService.
 */
#ifndef CAIRN_ERROR_H
#define CAIRN_ERROR_H

#include <glib.h>

G_BEGIN_DECLS

#define CAIRN_API   __attribute__ ((visibility ("default")))

#define CAIRN_ERROR (cairn_error_quark ())
typedef enum
{
  CAIRN_ERROR_FAILED = 32768,
  CAIRN_ERROR_ACCESS_DENIED = 32769,
  CAIRN_ERROR_NOT_SUPPORTED = 32770,
  CAIRN_ERROR_STATUS_UNKNOWN = 32771,
  CAIRN_ERROR_TIMEOUT = 32772,
  CAIRN_ERROR_INVALID_PARAMETER = 32773,
  CAIRN_ERROR_SYSTEM_IN_USE = 32774,
  CAIRN_ERROR_INVALID_STATE = 32775,
  CAIRN_ERROR_INCORRECT_DATA_TYPE = 32776,
  CAIRN_ERROR_SYSTEM_NOT_AVAILABLE = 32777,
  CAIRN_ERROR_OUT_OF_MEMORY = 32778,
  CAIRN_ERROR_FILE_NOT_FOUND = 32779,
} CairnError;

CAIRN_API GQuark cairn_error_quark (void);

/* The code's documented name ("Invalid state for this operation"); borrowed, static. */
CAIRN_API const char *cairn_error_name (int code);

G_END_DECLS

#endif
