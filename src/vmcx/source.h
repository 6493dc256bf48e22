/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.h: reading a container by position, with a pending replay log shown as applied. */
#ifndef VMCX_SOURCE_H
#define VMCX_SOURCE_H

#include "overlay.h"
#include "vmcx.h"

typedef struct
{
  int fd;                 /* owned */
  char *name;             /* for messages; owned */
  uint64_t length;        /* bytes in the file itself */
  uint64_t shown_length;  /* bytes with the log applied; >= length */
  VmcxOverlay *overlay;   /* NULL = nothing pending; owned */
  VmcxLimits limits;      /* filled in, no zeros */
  uint64_t n_table_bytes; /* declared so far, counted against limits.table_bytes */
} VmcxSource;

/* Takes over a duplicate of FD. Errors: VMCX_ERROR_IO. */
gboolean vmcx_source_init (VmcxSource *source, int fd, const char *name, const VmcxLimits *limits,
                           GError **error);
void vmcx_source_clear (VmcxSource *source);

/* Reads LENGTH bytes at OFFSET, all of them; OBJECT names what stands there, for messages.
 * Errors: VMCX_ERROR_FORMAT when the file is too short, VMCX_ERROR_IO. */
gboolean vmcx_source_read (const VmcxSource *source, uint64_t offset, void *target, size_t length,
                           const char *object, GError **error);

/* Counts BYTES more of tables that the file declares. Errors: VMCX_ERROR_LIMIT. */
gboolean vmcx_source_charge_tables (VmcxSource *source, uint64_t bytes, uint64_t offset,
                                    const char *object, GError **error);

/* Whether [OFFSET, OFFSET + LENGTH) lies in the file, the log applied. */
gboolean vmcx_source_has (const VmcxSource *source, uint64_t offset, uint64_t length);

#endif
