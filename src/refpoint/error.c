/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain and the documented names of its codes. */
#include <cairn/error.h>

G_DEFINE_QUARK (cairn_error_quark, cairn_error)

static const char *const names[] = {
  "Failed",
  "Access denied",
  "Not supported",
  "Status is unknown",
  "Timeout",
  "Invalid parameter",
  "System is in use",
  "Invalid state for this operation",
  "Incorrect data type",
  "System is not available",
  "Out of memory",
  "File not found",
};

const char *
cairn_error_name (int code)
{
  if (code < CAIRN_ERROR_FAILED || code > CAIRN_ERROR_FILE_NOT_FOUND)
    return code == 0 ? "Completed with no error" : "Failed";
  return names[code - CAIRN_ERROR_FAILED];
}
