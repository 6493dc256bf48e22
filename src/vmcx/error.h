/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.h: how this library refuses: one sentence with file, object, offset, cause and remedy. */
#ifndef VMCX_ERROR_H
#define VMCX_ERROR_H

#include "vmcx.h"

#define VMCX_REMEDY_COPY  "use an intact copy of the file"
#define VMCX_REMEDY_LIMIT "raise the limit if the file can be trusted"

/* Sets ERROR to "'NAME': OBJECT at offset 0x…: CAUSE; REMEDY". OFFSET is in bytes from the start of
 * the file and is kept for vmcx_error_get_offset. Returns FALSE, for the caller to return. */
gboolean vmcx_refuse (GError **error, VmcxError code, const char *name, uint64_t offset,
                      const char *object, const char *remedy, const char *cause, ...)
    G_GNUC_PRINTF (7, 8);

/* The commonest case: the bytes at OFFSET of SOURCE (anything with a name) are wrong. */
#define vmcx_refuse_damaged(error, source, offset, object, ...)                                    \
  vmcx_refuse (error, VMCX_ERROR_FORMAT, (source)->name, offset, object, VMCX_REMEDY_COPY,         \
               __VA_ARGS__)

/* Sets ERROR to VMCX_ERROR_IO: "'NAME': can't VERB: <text of ERRNUM>; REMEDY". Returns FALSE. */
gboolean vmcx_refuse_io (GError **error, const char *name, const char *verb, int errnum);

/* Sets ERROR to CODE without an offset: "'NAME': CAUSE; REMEDY". Returns FALSE. */
gboolean vmcx_refuse_plain (GError **error, VmcxError code, const char *name, const char *remedy,
                            const char *cause, ...) G_GNUC_PRINTF (5, 6);

/* Sets ERROR to VMCX_ERROR_ARGUMENT: the caller gave CALL NULL as ARGUMENT. Returns FALSE. */
gboolean vmcx_refuse_null (GError **error, const char *call, const char *argument);

/* TEXT with control characters as C escapes, fit for one line of a message; the caller frees. */
char *vmcx_quote (const char *text);

#endif
