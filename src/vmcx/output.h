/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.h: writing a file by position. */
#ifndef VMCX_OUTPUT_H
#define VMCX_OUTPUT_H

#include "vmcx.h"

typedef struct
{
  int fd;           /* borrowed */
  const char *name; /* for messages; borrowed */
} VmcxOutput;

/* Writes all LENGTH bytes at OFFSET. Errors: VMCX_ERROR_IO. */
gboolean vmcx_output_write (const VmcxOutput *output, uint64_t offset, const void *bytes,
                            size_t length, GError **error);

/* Makes the file LENGTH bytes long; new ones are zeros that take no space. Errors: VMCX_ERROR_IO.
 */
gboolean vmcx_output_resize (const VmcxOutput *output, uint64_t length, GError **error);

#endif
